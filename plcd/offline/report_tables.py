"""The report's numbers as HTML: headline tiles, counters and timing, and the list of all holes."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any

import numpy as np

from plcd.offline.gaps import Gap, Take, snr_db

Snapshot = Mapping[str, Any]
"""Counters and timing of a daemon, as its control socket gives them. Parts that are missing are left out."""

_TIMED = {"conceal": "Concealments timed", "frame": "Frames timed"}
_SUMMARIES = ("p50", "p99", "max")


def decibels(value: float, sign: bool = False) -> str:
    """A level for people: one decimal, a true minus."""
    if not isfinite(value):
        return "exact" if value > 0 else "–"
    text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return f"{text.replace('-', '−')} dB"


def gap_snr(take: Take, gaps: Sequence[Gap]) -> float:
    """SNR in dB over all lost samples together; NaN where nothing was lost."""
    return snr_db(take.original[take.lost], take.concealed[take.lost]) if gaps else float("nan")


def tiles(take: Take, gaps: Sequence[Gap], snapshot: Snapshot) -> str:
    """The few numbers that matter most."""
    shown = []
    packets = snapshot.get("packets", {})
    if "expected" in packets:
        late = packets.get("late", 0)
        shown.append(("packets", f"{packets['expected']}", f"{packets.get('lost', 0)} lost, {late} too late"))
    share = 100 * float(np.mean(take.lost))
    shown.append(("audio lost", f"{share:.1f} %", f"{len(gaps)} holes in {take.seconds:.1f} s"))
    shown.append(("SNR in the holes", decibels(gap_snr(take, gaps)), "silence instead: 0 dB"))
    whole = snr_db(take.original, take.concealed)
    before = snr_db(take.original, take.damaged)
    shown.append(("SNR of it all", decibels(whole), f"with silence: {decibels(before)}"))
    conceal = snapshot.get("timing_ms", {}).get("conceal", {})
    if "p50" in conceal:
        shown.append(
            ("a concealment took", f"{conceal['p50']:.2f} ms", f"99 % within {conceal['p99']:.2f} ms")
        )
    events = snapshot.get("events", {})
    if "underruns" in events:
        missed = events.get("missed_deadlines", 0)
        shown.append(("underruns", f"{events['underruns']}", f"{missed} missed deadlines"))
    return "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for label, value, note in shown
    )


def counter_tables(snapshot: Snapshot) -> str:
    """One card for each part of the snapshot."""
    cards = [
        _card(part.capitalize(), [(_label(name), escape(_value(value))) for name, value in values.items()])
        for part in ("packets", "events", "buffer")
        if (values := snapshot.get(part))
    ]
    frames = snapshot.get("frames", {})
    if origins := frames.get("by_origin"):
        total = max(sum(origins.values()), 1)
        rows = [
            (
                _label(name),
                f"{count} ({100 * count / total:.1f} %)"
                + (f'<span class="bar" style="width:{100 * count / total:.2f}%"></span>' if count else ""),
            )
            for name, count in origins.items()
        ]
        cards.insert(1, _card(f"Frames played: {frames.get('played', total)}", rows))
    timing = snapshot.get("timing_ms", {})
    for name, values in timing.items():
        rows = [(key, f"{values[key]:.3f} ms") for key in _SUMMARIES if key in values]
        cards.append(_card(f"{_TIMED.get(name, name)}: {values.get('count', 0)}", rows))
    return "".join(cards)


def fact_table(title: str, facts: Iterable[tuple[str, str]]) -> str:
    """A card of names and values."""
    return _card(title, [(escape(name), escape(value)) for name, value in facts])


def hole_table(gaps: Sequence[Gap], rate: int) -> str:
    """Every hole, one row each."""
    rows = "".join(
        f"<tr><td>{gap.start / rate:.3f} s</td><td>{1000 * gap.length / rate:.1f} ms</td>"
        f"<td>{decibels(gap.snr_db)}</td><td>{decibels(gap.energy_db, sign=True)}</td>"
        f"<td>{decibels(gap.level_db)}</td></tr>"
        for gap in gaps
    )
    head = "".join(f"<th>{name}</th>" for name in ("at", "length", "SNR", "energy", "level"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _card(title: str, rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    return f'<div class="card"><table><caption>{escape(title)}</caption><tbody>{body}</tbody></table></div>'


def _label(key: str) -> str:
    return escape(key.replace("_", " "))


def _value(value: object) -> str:
    if isinstance(value, Mapping):  # counts by reason
        reasons = ", ".join(f"{count} {reason}" for reason, count in value.items() if count)
        return reasons or "0"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}".replace("-", "−")
    return str(value)

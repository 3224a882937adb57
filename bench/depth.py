"""Late losses against latency: fixed depths, --depth auto and JackTrip's rule on arrival traces, and how well splices match.

python bench/depth.py [--seconds 300] [--write]: results go to out/depth, one file a trace (what is there is not measured again);
--write makes docs/depth.png and the tables of docs/depth.md of them.
"""

import argparse
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import soundfile as sf
from arrivals.rules import Outcome, adaptive, fixed, jacktrip
from arrivals.splices import measured
from arrivals.traces import Trace, made, recorded
from comparison.plots import new_figure, save
from machine import progress

from plcd.core.lateness import TOLERATED

ROOT = Path(__file__).resolve().parent.parent
OUT, PAGE, PLOT = ROOT / "out" / "depth", ROOT / "docs" / "depth.md", ROOT / "docs" / "depth.png"
FROM_S = 30.0
"""The beginning, which all rules need to learn, is not counted."""
TOLERANCES = (1e-4, 1e-3, 3e-3, 1e-2)
HEADROOMS_MS = (None, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
BUSY = "recorded on loopback, two busy cores"


def traces(seconds: float) -> list[Trace]:
    """Models, then recordings."""
    return [
        *made(seconds),
        recorded("ffmpeg", f"ffmpeg -re, packets of 512 at 44.1 kHz, {BUSY}"),
        recorded("gstreamer", f"GStreamer, packets of 512 at 44.1 kHz, {BUSY}"),
        recorded("gstreamer-48k", f"GStreamer, packets of 128 at 48 kHz, {BUSY}"),
    ]


def measure(trace: Trace) -> dict[str, Any]:
    """Every rule's curve on one trace."""
    music = sf.read(ROOT / "demo" / "music.flac", dtype="float32", always_2d=True)[0][:, :1]
    theirs = [_plain(jacktrip(trace, headroom, FROM_S)) for headroom in HEADROOMS_MS]
    ours = {str(share): _plain(adaptive(trace, music, share, FROM_S)) for share in TOLERANCES}
    return {
        "name": trace.name,
        "what": trace.what,
        "packet_ms": 1000 * trace.packet / trace.rate,
        "fixed": [_plain(one) for one in fixed(_after(trace))],
        "auto": ours,
        "jacktrip": theirs,
        "jacktrip_as_few": as_few(trace, ours[str(TOLERATED)]["late"]),
        "auto_at_jacktrips": _plain(adaptive(trace, music, max(theirs[0]["late"], 1e-5), FROM_S)),
    }


def as_few(trace: Trace, late: float) -> dict[str, Any]:
    """JackTrip's rule with the least headroom, in whole milliseconds, that makes no more packets late than ``late``."""
    few, many = 250, -1
    while few - many > 1:
        middle = (few + many) // 2
        if jacktrip(trace, float(middle), FROM_S).late <= late:
            few = middle
        else:
            many = middle
    return {"headroom_ms": few, **_plain(jacktrip(trace, float(few), FROM_S))}


def _after(trace: Trace) -> Trace:
    """Without what is not counted; the grid stays where the whole trace puts it."""
    keep = trace.number * trace.packet / trace.rate >= FROM_S
    return Trace(trace.name, trace.what, trace.rate, trace.packet, trace.number[keep], trace.arrival_s[keep])


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {name: value for name, value in asdict(outcome).items() if name != "course"}


def least(outcomes: list[dict[str, Any]], late: float) -> float:
    """The least latency, in ms, of those that are late no more often."""
    return min((one["latency_ms"] for one in outcomes if one["late"] <= late), default=float("inf"))


def table(results: list[dict[str, Any]]) -> str:
    """Ours beside the best fixed depth, and JackTrip's, at equal shares of late packets."""
    lines = [
        "| trace | auto: late | auto: latency | best fixed depth | auto over fixed | JackTrip's for as few late "
        "| JackTrip's -q auto: late | latency | auto at that share: late | latency |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in results:
        ours, theirs, near = one["auto"][str(TOLERATED)], one["jacktrip"][0], one["auto_at_jacktrips"]
        best = least(one["fixed"], ours["late"])
        padded = one["jacktrip_as_few"]
        lines.append(
            f"| {one['name']} | {100 * ours['late']:.3f} % | {ours['latency_ms']:.1f} ms | {best:.1f} ms "
            f"| {ours['latency_ms'] / best:.2f} | -q auto{padded['headroom_ms']}: {padded['latency_ms']:.1f} ms "
            f"| {100 * theirs['late']:.3f} % | {theirs['latency_ms']:.1f} ms "
            f"| {100 * near['late']:.3f} % | {near['latency_ms']:.1f} ms |"
        )
    return "\n".join(lines)


def plot(results: list[dict[str, Any]]) -> None:
    """A panel a trace."""
    figure = new_figure(13, 6.4)
    panels = figure.subplots(2, 4).flatten()
    for axes, one in zip(panels, results, strict=False):
        _line(axes, one["fixed"], "-", "#999999", "fixed depths")
        _line(axes, one["jacktrip"][1:], "s--", "#3a6ea5", "JackTrip -q autoN")
        _line(axes, one["jacktrip"][:1], "s", "#3a6ea5", "JackTrip -q auto")
        _line(axes, list(one["auto"].values()), "o-", "#c8442f", "plcd --depth auto, 0.01 to 1 %")
        _line(axes, [one["auto"][str(TOLERATED)]], "*", "#c8442f", "plcd --depth auto", 13)
        axes.set_title(one["name"], fontsize=9)
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.set_ylim(0, 100)
        axes.set_xlabel("latency of the buffer, ms", fontsize=8)
        axes.set_ylabel("concealed because late, %", fontsize=8)
        axes.tick_params(labelsize=7)
        worst = max(value["latency_ms"] for value in [*one["auto"].values(), *one["jacktrip"]])
        axes.set_xlim(0, 1.1 * worst)
    panels[0].legend(fontsize=6)
    save(figure, PLOT)


def _line(
    axes: Any, outcomes: list[dict[str, Any]], style: str, colour: str, label: str, size: int = 5
) -> None:
    x = [one["latency_ms"] for one in outcomes]
    axes.plot(
        x,
        [100 * one["late"] for one in outcomes],
        style,
        color=colour,
        label=label,
        markersize=size,
        linewidth=1,
    )


def splice_table(rows: dict[str, list[float]]) -> str:
    """How far a splice's two ends differ, beside the music."""
    lines = ["| splice | 10 % | median | 90 % | worst |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, decibels in rows.items():
        ten, half, ninety = np.quantile(decibels, (0.1, 0.5, 0.9))
        lines.append(f"| {name} | {ten:.0f} dB | {half:.0f} dB | {ninety:.0f} dB | {max(decibels):.0f} dB |")
    return "\n".join(lines)


def _put(page: str, name: str, text: str) -> str:
    marks = f"<!-- {name} -->", f"<!-- /{name} -->"
    return re.sub(f"{marks[0]}.*?{marks[1]}", f"{marks[0]}\n{text}\n{marks[1]}", page, flags=re.S)


def main() -> None:
    """Measure what is missing, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="length of the models' traces")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", help="measure this trace, then stop")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    results = []
    for trace in traces(args.seconds):
        file = OUT / f"{trace.name.replace(' ', '-')}.json"
        if args.only not in (None, trace.name):
            continue
        if not file.exists():
            progress(trace.name)
            file.write_text(json.dumps(measure(trace)))
        results.append(json.loads(file.read_text()))
    print(table(results))
    if args.only:
        return
    file = OUT / "splices.json"
    if not file.exists():
        progress("splices")
        file.write_text(json.dumps(measured()))
    splices = splice_table(json.loads(file.read_text()))
    print(splices)
    if args.write:
        plot(results)
        page = _put(_put(PAGE.read_text(encoding="utf-8"), "table", table(results)), "splices", splices)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

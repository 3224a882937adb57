"""The report on one take: a single HTML file that needs nothing else, to look at and to listen to.

Sound and pictures are embedded; light and dark follow the reader's setting; without scripts all but the
listen buttons works.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path

import soundfile

from plcd.core.frame import Samples
from plcd.offline.gaps import Example, Gap, Take, examples, find_gaps
from plcd.offline.plots import gap_view, overview
from plcd.offline.report_tables import Snapshot, counter_tables, decibels, fact_table, hole_table, tiles

_VERSIONS = {"damaged": "Silence for what was lost", "concealed": "Concealed by plcd", "original": "Original"}

_LISTEN_SECONDS = 0.6
"""How much is heard before and after a hole."""

_DEFINITIONS = (
    "SNR in the holes is the energy of the original over that of the error, both summed over all lost samples "
    "of all channels; with silence it is 0 dB by definition. Energy is that of the concealed audio over the "
    "original's, in the hole; level is the original's mean square against full scale. "
    "Examples leave out holes where the original is below −60 dB. Pictures show the first channel."
)


@dataclass(frozen=True, slots=True)
class Story:
    """What the report says in words; plain text."""

    over: str
    """A word or two above the title."""
    title: str
    lead: str
    """What was done, in a sentence or two."""
    facts: Sequence[tuple[str, str]] = ()
    """Name and value of each setting."""
    credits: Sequence[str] = ()
    """Where the music comes from."""


def write_report(path: Path, take: Take, story: Story, snapshot: Snapshot) -> None:
    """Write the report on ``take`` to ``path``. ``snapshot``: the daemon's counters, empty where there was none.

    Raises PlotsUnavailableError without matplotlib, OSError.
    """
    path.write_text(build_report(take, story, snapshot), encoding="utf-8")


def build_report(take: Take, story: Story, snapshot: Snapshot) -> str:
    """The report as HTML. Raises PlotsUnavailableError without matplotlib."""
    gaps = find_gaps(take)
    chosen = examples(gaps)
    credit = "".join(f"<p>{escape(line)}</p>" for line in story.credits)
    facts = fact_table("How it was made", story.facts) if story.facts else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(story.title)}</title>
<style>{_resource("report.css")}</style>
</head>
<body>
<main>
<header>
<p class="over">{escape(story.over)}</p>
<h1>{escape(story.title)}</h1>
<p class="lead">{escape(story.lead)}</p>
</header>
<dl class="tiles">{tiles(take, gaps, snapshot)}</dl>
<h2>Listen</h2>
<p class="note">Start another version while one plays: it takes over at the same place.</p>
<div class="three">{"".join(_player(take, version) for version in _VERSIONS)}</div>
<h2>The whole take</h2>
<p class="note">What was played, and how close each hole came to the original. Click to listen from there.</p>
{_timeline(take, gaps, chosen)}
{_closer_look(take, gaps, chosen)}
<h2>Counters and timing</h2>
<div class="tables">{facts}{counter_tables(snapshot)}</div>
<details><summary>All {len(gaps)} holes</summary><div class="card scroll">{hole_table(gaps, take.rate)}</div></details>
<footer>{credit}<p>{escape(_DEFINITIONS)}</p></footer>
</main>
<script>{_resource("report.js")}</script>
</body>
</html>
"""


def _player(take: Take, version: str) -> str:
    sound = _flac(getattr(take, version), take.rate)
    return (
        f'<div class="card"><div class="label {version}">{_VERSIONS[version]}</div>'
        f'<audio id="{version}" controls preload="auto" src="data:audio/flac;base64,{sound}"></audio></div>'
    )


def _timeline(take: Take, gaps: list[Gap], chosen: list[Example]) -> str:
    flags = "".join(
        f'<a class="flag" href="#hole-{number}" title="{escape(example.title)}" '
        f'style="left:{100 * (example.gap.start + example.gap.length / 2) / take.lost.size:.2f}%">{number}</a>'
        for number, example in enumerate(chosen, 1)
    )
    return (
        f'<div class="card"><div class="scroll"><div class="timeline" data-seconds="{take.seconds:.4f}">'
        f'{overview(take, gaps)}{flags}<div class="playhead"></div></div></div>'
        '<div class="key"><span><i></i>lost</span>'
        '<span><i class="dot"></i>SNR of a hole: higher is closer to the original</span></div></div>'
    )


def _hole(take: Take, gaps: list[Gap], number: int, example: Example) -> str:
    gap = example.gap
    at = gap.start / take.rate
    start, stop = max(at - _LISTEN_SECONDS, 0), at + gap.length / take.rate + _LISTEN_SECONDS
    views = "".join(
        f'<figure><figcaption class="{version}">{label}<button type="button" data-player="{version}" '
        f'data-from="{start:.4f}" data-to="{stop:.4f}">listen</button></figcaption>'
        f"{gap_view(take, gaps, gap, version)}</figure>"
        for version, label in _VERSIONS.items()
    )
    return (
        f'<section class="card hole" id="hole-{number}"><div class="top">'
        f'<h3><span class="number">{number}</span>{escape(example.title)}</h3>'
        f'<span class="what">{1000 * gap.length / take.rate:.1f} ms at {at:.2f} s</span>'
        f'<span class="snr">SNR {decibels(gap.snr_db)}, energy {decibels(gap.energy_db, sign=True)}</span>'
        f'</div><div class="three">{views}</div></section>'
    )


def _closer_look(take: Take, gaps: list[Gap], chosen: list[Example]) -> str:
    if not chosen:
        return ""
    rules = "; ".join(f"{example.title.lower()} ({example.reason})" for example in chosen)
    return (
        f'<h2>A closer look</h2><p class="note">{len(chosen)} of {len(gaps)} holes, '
        f"chosen by rule and not by ear: {escape(rules)}.</p>"
        + "".join(_hole(take, gaps, number, example) for number, example in enumerate(chosen, 1))
    )


def _flac(audio: Samples, rate: int) -> str:
    sound = io.BytesIO()
    soundfile.write(sound, audio, rate, "PCM_16", format="FLAC")
    return base64.b64encode(sound.getvalue()).decode("ascii")


def _resource(name: str) -> str:
    return files("plcd.offline").joinpath(name).read_text(encoding="utf-8")

"""The report: one file, nothing from elsewhere, and every hole it promises."""

import builtins
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from plcd.offline.gaps import Take, examples, find_gaps
from plcd.offline.plots import PlotsUnavailableError, gap_view, overview
from plcd.offline.report import Story, build_report, write_report
from plcd.offline.report_tables import decibels

STORY = Story(
    "a test", "Lost & <found>", "What was done.", [("predictor", "burg:1024/4096")], ["Music by <me>"]
)
SNAPSHOT: dict[str, Any] = {
    "state": "playing",
    "packets": {
        "received": 60,
        "expected": 66,
        "lost": 6,
        "late": 0,
        "malformed": {"too short": 2, "bad padding": 0},
    },
    "frames": {"played": 66, "by_origin": {"received": 60, "interpolated": 5, "predicted": 1}},
    "events": {"underruns": 0, "missed_deadlines": 3, "device_lost": False},
    "buffer": {"depth_ms": 40.0, "level_ms": 38.25},
    "timing_ms": {"conceal": {"count": 6, "p50": 1.5, "p99": 2.25, "max": 3.0}},
}


def _take(holes: dict[int, int], rate: int = 8_000, seconds: float = 2, channels: int = 1) -> Take:
    samples = int(rate * seconds)
    random = np.random.default_rng(5)
    original = random.uniform(-0.4, 0.4, (samples, channels)).astype(np.float32)
    lost = np.zeros(samples, bool)
    for start, length in holes.items():
        lost[start : start + length] = True
    damaged, concealed = original.copy(), original.copy()
    damaged[lost] = 0
    concealed[lost] *= random.uniform(0.5, 1.2, (int(lost.sum()), 1)).astype(np.float32)
    return Take(rate, original, damaged, concealed, lost)


class _Page(HTMLParser):
    """Collects ids and every reference, and checks that elements close in order."""

    VOID = frozenset({"meta", "br", "img", "link", "path", "use", "image"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self._look(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def _look(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("src", "href", "xlink:href", "data"):
                self.references.append(value or "")


def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path) -> None:
    take = _take({0: 80, 4000: 80, 9000: 400, 12_000: 160, 15_960: 40})
    write_report(tmp_path / "report.html", take, STORY, SNAPSHOT)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = _Page(text)
    assert page.open == []
    assert all(re.match(r"data:|#", reference) for reference in page.references)
    assert not re.search(r"url\((?!#)", text)
    assert {r[1:] for r in page.references if r.startswith("#")} <= set(page.ids)
    assert sum(r.startswith("data:audio/flac") for r in page.references) == 3
    assert "Lost &amp; &lt;found&gt;" in text
    assert "Music by &lt;me&gt;" in text


def test_it_shows_every_example_and_lists_every_hole() -> None:
    holes = {400: 80, 4000: 80, 9000: 400, 12_000: 160}
    take = _take(holes)
    gaps = find_gaps(take)
    text = build_report(take, STORY, SNAPSHOT)
    chosen = examples(gaps)
    assert len(chosen) == 3
    for number, example in enumerate(chosen, 1):
        assert f'id="hole-{number}"' in text
        assert f'href="#hole-{number}"' in text
        assert f"{1000 * example.gap.length / 8000:.1f} ms at {example.gap.start / 8000:.2f} s" in text
        for version in ("damaged", "concealed", "original"):
            assert f"{version} audio around {example.gap.start / 8000:.2f} s" in text
    for gap in gaps:
        assert f"<td>{gap.start / 8000:.3f} s</td>" in text
        assert f"<td>{decibels(gap.snr_db)}</td>" in text


def test_counters_and_timing_are_told() -> None:
    text = build_report(_take({4000: 80}), STORY, SNAPSHOT)
    for part in (
        "6 lost, 0 too late",
        "3 missed deadlines",
        "60 (90.9 %)",
        "99 % within 2.25 ms",
        "38.25",
        ">no<",
        ">2 too short<",
    ):
        assert part in text


def test_without_holes_or_counters_there_is_still_a_report() -> None:
    text = build_report(_take({}), Story("", "Nothing lost", ""), {})
    assert "All 0 holes" in text
    assert "A closer look" not in text


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (48_000, 2), (96_000, 1)])
def test_pictures_are_well_formed_and_follow_the_pages_colours(rate: int, channels: int) -> None:
    take = _take({0: 200, rate: 300}, rate, 1.5, channels)
    gaps = find_gaps(take)
    pictures = [overview(take, gaps)]
    pictures += [gap_view(take, gaps, gap, v) for gap in gaps for v in ("damaged", "concealed", "original")]
    for picture in pictures:
        ElementTree.fromstring(picture)
        assert "var(--ink)" in picture
        assert not re.search(r"#0([1-6])(?:0\1){2}\b", picture)


def test_pictures_are_reproducible() -> None:
    take = _take({4000: 80})
    assert overview(take, find_gaps(take)) == overview(take, find_gaps(take))


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def no_matplotlib(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    take = _take({4000: 80})
    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    with pytest.raises(PlotsUnavailableError, match=r"pip install '\.\[report\]' in plcd's folder"):
        build_report(take, STORY, SNAPSHOT)


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [(3.14159, False, "3.1 dB"), (-0.94, True, "−0.9 dB"), (2.0, True, "+2.0 dB"), (np.inf, False, "exact")],
)
def test_decibels(value: float, sign: bool, text: str) -> None:
    assert decibels(value, sign) == text

"""Playing on the listening page, in a real browser: what comes out, parts that repeat, and keys."""

import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from headless_browser import Browser
from listening_items import GAINS, HIGH, LOW, write_clips
from listening_visit import disabled, ratings, text, visit
from numpy.typing import NDArray

pytestmark = [pytest.mark.timeout(900)]  # a browser may have to be installed first

RECORD_OUTPUT = """
window.blocks = [];
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode && !(this instanceof ScriptProcessorNode)) {
    const tap = this.context.createScriptProcessor(16384, 1, 1);
    tap.onaudioprocess = (event) => window.blocks.push(Array.from(event.inputBuffer.getChannelData(0)));
    connect.call(this, tap);
    connect.call(tap, target);
  }
  return connect.call(this, target, ...rest);
};
"""
SAMPLES = 52_920
STEP = (HIGH - LOW) / (SAMPLES - 1)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two clips."""
    return write_clips(tmp_path_factory.mktemp("page"), "oboe", "flute")


def test_switching_keeps_the_place_to_the_sample(browser: Browser, tmp_path: Path) -> None:
    """Each recording is the same ramp with another gain: its slope tells which one is heard, its value where it is."""
    with visit(browser, write_clips(tmp_path, "oboe"), before=RECORD_OUTPUT) as tab:
        volume = 10 ** (float(tab.evaluate("document.getElementById('volume').value")) / 20)
        together = 0
        heard: list[list[float]] = []
        ends = time.monotonic() + 60
        while (together < 3 or set(GAINS.values()) != {gain for gains in heard for gain in gains}) and (
            time.monotonic() < ends
        ):
            for place in "A0B0CDAB0C0D":
                tab.key(place)
                time.sleep(0.23)
            blocks = np.array(tab.evaluate("window.blocks.splice(0)")) / volume
            for parts in map(steady_parts, blocks):
                heard.append([gain for gain, _, _ in parts])
                together += len({gain for gain in heard[-1] if gain}) > 1
                lags = [(value / gain - LOW) / STEP - index for gain, index, value in parts if gain]
                for lag in lags:
                    apart = (lag - lags[0]) % SAMPLES
                    assert (
                        min(apart, SAMPLES - apart) < 10
                    )  # 16 bits of a quarter of the ramp: steps of 4 samples
    assert {gain for gains in heard for gain in gains} == set(GAINS.values())
    assert together >= 3  # blocks in which one came after another


def steady_parts(block: NDArray[np.float64]) -> list[tuple[float, int, float]]:
    """Gain, and a sample's index and value, of each part in which one ramp alone is heard for a while."""
    span = 128
    slope = (block[span:] - block[:-span]) / (span * STEP)
    gains = np.array(sorted(GAINS.values()))
    nearest = np.abs(slope[:, np.newaxis] - gains).argmin(axis=1)
    nearest[np.abs(slope - gains[nearest]) > 0.05] = -1
    edges = [0, *(np.flatnonzero(np.diff(nearest)) + 1), len(nearest)]
    long = [(a, b) for a, b in itertools.pairwise(edges) if nearest[a] >= 0 and b - a > 1500]
    middles = [(a + b) // 2 for a, b in long]
    return [(float(gains[nearest[i]]), i, float(block[i])) for i in middles]


def test_a_drag_repeats_a_part_and_the_place_stays_inside(browser: Browser, page: Path) -> None:
    with visit(browser, page) as tab:
        tab.click("#timeline", x=0.25, to_x=0.75)
        assert text(tab, "loop-text") == "repeats 0.30–0.90 s"
        tab.click("#play")
        places = []
        for _ in range(40):
            places.append(float(text(tab, "time").split()[0]))
            time.sleep(0.03)
        assert min(places) >= 0.3
        assert max(places) <= 0.9
        assert any(b < a for a, b in itertools.pairwise(places))
        tab.click("#timeline", x=0.1, to_x=0.12)  # shorter than a loop may be
        assert text(tab, "loop-text") == "repeats 0.12–0.62 s"
        tab.click("#timeline", x=0.95)  # a click outside
        assert text(tab, "loop-text") == "repeats all"
        assert disabled(tab, "whole")
        assert tab.complaints() == []


def test_everything_can_be_done_with_keys(browser: Browser, page: Path) -> None:
    playing = "document.getElementById('play').textContent === 'Pause'"
    pressed = "document.querySelector('[aria-pressed=true]').dataset.label"
    with visit(browser, page) as tab:
        assert tab.evaluate(pressed) == "Reference"
        tab.key("b")
        tab.until(playing)
        assert tab.evaluate(pressed) == "B"
        tab.key("ArrowRight")
        tab.key("ArrowRight")
        tab.key("d")
        tab.key("End")
        assert ratings(tab) == ["–", "52", "–", "100"]
        tab.key("0")
        assert tab.evaluate(pressed) == "Reference"
        tab.key("e")  # there are four
        assert tab.evaluate(pressed) == "Reference"
        tab.key(" ")
        tab.until(f"!({playing})")
        place = text(tab, "time")
        time.sleep(0.1)
        assert text(tab, "time") == place
        tab.evaluate("document.getElementById('loop-start').focus()")
        tab.key("ArrowRight")
        tab.key("ArrowRight")
        assert text(tab, "loop-text") == "repeats 0.10–1.20 s"
        tab.key("Escape")
        assert text(tab, "loop-text") == "repeats all"
        tab.key("[")
        tab.key("a")
        assert tab.evaluate(pressed) == "A"
        tab.evaluate("document.getElementById('play').focus()")
        tab.key(" ")
        tab.until(f"!({playing})")
        tab.evaluate("document.querySelector('button[data-label=C]').focus()")
        tab.key("Enter")
        tab.until(playing)
        assert tab.evaluate(pressed) == "C"
        assert tab.complaints() == []

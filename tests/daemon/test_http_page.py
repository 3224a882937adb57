"""The live page in a real browser: its figures move, its charts are painted, and what it plays is what plcd plays."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from browser_tab import Tab, open_tab
from headless_browser import Browser
from numpy.typing import NDArray
from running import MONO, PATIENT, QUICK, RATE, Running, running

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.io.sender import Sender, SendOptions

pytestmark = [pytest.mark.timeout(900)]  # a browser may have to be installed first

TONE_HZ = 997.0
GAIN = 0.4

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

COLOURS = """
(() => {
  const canvas = document.getElementById(ID);
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const found = {};
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 255) {
      const colour = "#" + [0, 1, 2].map((c) => data[i + c].toString(16).padStart(2, "0")).join("");
      found[colour] = (found[colour] ?? 0) + 1;
    }
  }
  return found;
})()
"""
"""How many pixels of a canvas have each colour."""

PAINTED = (
    "document.getElementById('spectrum').getContext('2d').getImageData(300, 20, 400, 140).data.some((v) => v)"
)

HIGHEST = """(() => {
  const canvas = document.getElementById("spectrum");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height - 20).data;
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const rgb = [1, 3, 5].map((i) => parseInt(accent.slice(i, i + 2), 16));
  for (let i = 0; i < data.length; i += 4) if (rgb.every((v, c) => data[i + c] === v)) return (i / 4) % canvas.width;
  return -1;
})()"""
"""Where the tallest bar of the spectrum begins, in pixels from the left."""


@pytest.fixture(scope="module")
def playing() -> Iterator[tuple[Running, str]]:
    """A daemon that hears a tone with losses, and where its page is."""
    tone = (GAIN * np.sin(2 * np.pi * TONE_HZ * np.arange(600 * RATE) / RATE)[:, None]).astype(np.float32)
    with running("--output", "null", "--http", "0", *PATIENT, *QUICK) as daemon:
        found = re.search(r"http: page and metrics at (http://127\.0\.0\.1:\d+/)", daemon.text)
        assert found is not None, daemon.text
        sender = Sender(tone, MONO, daemon.address, SendOptions(), Impairment(Gilbert(0.1, 0.5)))
        thread = threading.Thread(target=sender.run)
        thread.start()
        try:
            daemon.wait_for(lambda stats: stats["packets"]["lost"] > 5)
            yield daemon, found[1]
        finally:
            sender.stop()
            thread.join()


def complaints(tab: Tab) -> list[str]:
    """Those about the page: reading canvases and recording sound are these tests' own doing."""
    ours = ("ScriptProcessorNode", "getImageData")
    return [line for line in tab.complaints() if not any(word in line for word in ours)]


def text(tab: Tab, identity: str) -> str:
    return str(tab.evaluate(f"document.getElementById({identity!r}).textContent"))


def colours(tab: Tab, identity: str) -> dict[str, int]:
    """By name of page.css: how many pixels of a canvas are painted in each."""
    names = tab.evaluate(
        "Object.fromEntries(['loss', 'predicted', 'received', 'accent', 'ink', 'line'].map((name) =>"
        " [getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim(), name]))"
    )
    found: dict[str, Any] = tab.evaluate(COLOURS.replace("ID", repr(identity)))
    return {names[colour]: count for colour, count in found.items() if colour in names}


def total(tab: Tab, identity: str) -> int:
    """The second number in a line such as ``7 of 1,234 in all``."""
    match = re.search(r"([\d,]+) of ([\d,]+) in all", text(tab, identity))
    assert match is not None, text(tab, identity)
    return int(match[2].replace(",", ""))


def test_figures_move_and_charts_are_painted(browser: Browser, playing: tuple[Running, str]) -> None:
    daemon, address = playing
    with open_tab(browser) as tab:
        tab.open(address)
        tab.until("document.getElementById('state').textContent === 'playing'")
        stats = daemon.stats()
        assert stats["source"]["address"] in text(tab, "source")
        assert text(tab, "depth") == f"of {stats['buffer']['depth_ms']:.1f} ms"
        packets, frames = total(tab, "lost-all"), total(tab, "concealed-all")
        levels = {text(tab, "level")}
        tab.until(
            f"Number(document.getElementById('lost-all').textContent.match(/of ([0-9,]+)/)[1].replace(',', '')) > {packets} + 40"
        )
        assert total(tab, "concealed-all") > frames
        assert 2 < float(text(tab, "lost").split()[0]) < 40
        assert 2 < float(text(tab, "concealed").split()[0]) < 60
        levels.add(text(tab, "level"))
        assert all(re.fullmatch(r"\d+\.\d ms", level) for level in levels)
        assert total(tab, "lost-all") <= daemon.stats()["packets"]["expected"]

        tab.until(f"{HIGHEST} >= 0")
        strip, buffer, spectrum = (colours(tab, name) for name in ("strip", "buffer", "spectrum"))
        assert strip["loss"] > 10
        assert strip["predicted"] > 10
        assert strip["received"] > strip["predicted"]
        assert buffer["accent"] > 0
        assert buffer["ink"] > 0
        assert spectrum["accent"] > 100
        tab.resize(420, 900)
        assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

        own = (address, address.replace("http", "ws", 1), "data:")
        assert [url for url in tab.requests() if not url.startswith(own)] == []
        assert complaints(tab) == []


def test_the_tone_is_the_spectrums_peak(browser: Browser, playing: tuple[Running, str]) -> None:
    with open_tab(browser) as tab:
        tab.open(playing[1])
        tab.until(f"{HIGHEST} >= 0")
        highest = tab.evaluate(HIGHEST)
        left, right = 56, 8
        width = tab.evaluate("document.getElementById('spectrum').width") - left - right
        hz = 30 * (20_000 / 30) ** ((highest - left) / width)
        assert hz == pytest.approx(TONE_HZ, rel=0.1)  # a band is 7 % wide


def test_what_the_page_plays_is_what_plcd_plays(browser: Browser, playing: tuple[Running, str]) -> None:
    daemon, address = playing
    with open_tab(browser, before=RECORD_OUTPUT) as tab:
        tab.open(address)
        tab.until("!document.getElementById('listen').disabled")
        assert tab.evaluate("window.blocks.length") == 0
        tab.click("#listen")
        tab.until("document.getElementById('sound').textContent.includes('ms behind')", 30)
        tab.evaluate("window.blocks.splice(0)")
        tab.until("window.blocks.length >= 4", 30)
        heard: NDArray[np.float64] = np.concatenate(tab.evaluate("window.blocks.splice(0)"))
        volume = float(tab.evaluate("document.getElementById('volume').value"))
        assert tab.evaluate("document.getElementById('listen').getAttribute('aria-pressed')") == "true"
        sounding = loudest(heard)
        strength = np.abs(np.fft.rfft(sounding * np.hanning(sounding.size)))
        assert np.argmax(strength) * RATE / sounding.size == pytest.approx(TONE_HZ, abs=4)
        assert np.sqrt(np.mean(sounding**2)) == pytest.approx(GAIN * volume / np.sqrt(2), rel=0.1)
        tab.click("#listen")
        tab.until("document.getElementById('sound').textContent === 'off'")
        assert complaints(tab) == []
    assert "Traceback" not in daemon.text


def loudest(heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """The block of 16384 samples with the most energy: a browser on a busy machine may pause."""
    blocks = heard[: heard.size // 16384 * 16384].reshape(-1, 16384)
    return np.asarray(blocks[np.argmax(np.square(blocks).sum(axis=1))])


def test_a_daemon_that_goes_is_missed_and_found_again(browser: Browser) -> None:
    with running("--output", "null", "--http", "0", *QUICK) as daemon:
        found = re.search(r"at (http://127\.0\.0\.1:(\d+)/)", daemon.text)
        assert found is not None
        with open_tab(browser) as tab:
            tab.open(found[1])
            tab.until("document.getElementById('state').textContent === 'waiting'")
            assert text(tab, "source") == "no source yet"
            daemon.finish()
            tab.until("document.getElementById('state').textContent === 'no connection'")
            with running("--output", "null", "--http", found[2], *QUICK):
                tab.until("document.getElementById('state').textContent === 'waiting'", 30)

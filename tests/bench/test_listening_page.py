"""The listening page in a real browser: it stands alone, decodes exactly, fits, and has names for what hears it."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser_tab import open_tab
from headless_browser import Browser
from listening_items import GAINS, NAMES, make_items, write_clips
from listening_visit import (
    LABELS,
    hear,
    rate,
    start,
    text,
    visit,
)

pytestmark = [pytest.mark.timeout(900)]  # a browser may have to be installed first

WATCH_DECODING = """
window.decoded = [];
const decode = AudioContext.prototype.decodeAudioData;
AudioContext.prototype.decodeAudioData = async function (file) {
  const slot = window.decoded.push(null) - 1;
  const buffer = await decode.call(this, file);
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
  const samples = channels.map((data) => Array.from(data.filter((_, i) => i % 97 === 0)));
  window.decoded[slot] = [buffer.sampleRate, samples, buffer.length];
  return buffer;
};
"""
NO_STORAGE = """
Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } });
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two clips."""
    return write_clips(tmp_path_factory.mktemp("page"), "oboe", "flute")


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        self.asked.append(self.path)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a folder on loopback, and the paths that were asked for."""
    asked: list[str] = []
    handler = functools.partial(type("Handler", (Quiet,), {"asked": asked}), directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.parametrize("source", ["file", "server"])
def test_it_loads_alone_and_without_complaint_and_decodes_every_sample(
    browser: Browser, page: Path, source: str
) -> None:
    with contextlib.ExitStack() as stack:
        address = page.as_uri()
        asked: list[str] = []
        if source == "server":
            root, asked = stack.enter_context(served(page.parent))
            address = f"{root}/page.html"
        tab = stack.enter_context(open_tab(browser, before=WATCH_DECODING))
        tab.open(address)
        start(tab)
        hear(tab, "A")
        assert tab.complaints() == []
        assert tab.requests() == [address]
        assert asked == (["/page.html"] if source == "server" else [])
        decoded = tab.evaluate("window.decoded")
        title = text(tab, "clip-title")
    item = next(item for item in make_items("oboe", "flute") if item.clip == title)
    assert len(decoded) == len(NAMES)
    for name, (sample_rate, channels, length) in zip(NAMES, decoded, strict=True):
        assert (sample_rate, length) == (item.rate, len(item.reference))
        expected = item.reference[::97].T * GAINS[name]
        # Rounded to 16 bits, and Chromium divides what is positive by 32767.
        np.testing.assert_allclose(np.array(channels), expected, atol=1.6 / 32_768)


def test_it_works_where_the_browser_keeps_nothing(browser: Browser, page: Path) -> None:
    with visit(browser, page, begin=False, before=NO_STORAGE) as tab:
        assert "keeps nothing" in text(tab, "storage-note")
        start(tab)
        rate(tab, "A", 64)
        hear(tab, "A")
        assert text(tab, "missing") == "Still to hear: B, C, D, Reference. Still to rate: B, C, D."
        assert tab.complaints() == []


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_it_fits_and_every_control_has_a_name(browser: Browser, page: Path, width: int) -> None:
    with visit(browser, page, width=width) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        tab.call("Accessibility.enable")
        nodes = [node for node in tab.call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        roles = {"button", "slider", "textbox", "image", "region", "canvas"}
        found = [(n["role"]["value"], n["name"]["value"]) for n in nodes if n["role"]["value"] in roles]
        assert {f"Rating of {label}" for label in LABELS} <= {
            name for role, name in found if role == "slider"
        }
        assert {"Loop start", "Loop end", "Volume"} <= {name for role, name in found if role == "slider"}
        assert [role for role, name in found if not name] == []


def test_light_and_dark_follow_the_system(browser: Browser, page: Path) -> None:
    ground = (
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    )
    with visit(browser, page, begin=False) as tab:
        grounds = []
        for scheme in ("light", "dark"):
            tab.call(
                "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
            )
            grounds.append(tab.evaluate(ground))
        assert grounds[0] > 650
        assert grounds[1] < 120

"""What the listening page refuses, and what it writes."""

import base64
import json
import re
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from comparison.listening.items import ListeningItem
from comparison.listening.page import write_page

RATE = 8_000


def item(clip: str = "oboe", *names: str) -> ListeningItem:
    """A clip of noise, half-way to full scale at most, with these systems and the anchor."""
    rng = np.random.default_rng(len(clip))
    reference = rng.uniform(-0.5, 0.5, (RATE, 1)).astype(np.float32)
    outputs = {name: reference * np.float32(0.5) for name in names or ("x7",)}
    return ListeningItem(clip, RATE, reference, {"zero": np.zeros_like(reference), **outputs})


def with_output(name: str, audio: np.ndarray) -> ListeningItem:
    good = item()
    return replace(good, outputs={**good.outputs, name: audio.astype(np.float32)})


NAN = np.full((RATE, 1), np.nan)
SHORT = np.zeros((9, 1), np.float32)

BAD: dict[str, tuple[Callable[[], list[ListeningItem]], str]] = {
    "none": (list, "no clips to listen to"),
    "twice": (lambda: [item(), item()], "two clips are named oboe"),
    "unnamed clip": (lambda: [item(" ")], "a clip has no name"),
    "unnamed system": (lambda: [item("oboe", "")], "oboe: a system has no name"),
    "named as the reference": (
        lambda: [item("oboe", "reference")],
        "oboe: no system may be named reference, which is the hidden reference",
    ),
    "no anchor": (
        lambda: [replace(item(), outputs={"x7": item().reference})],
        "oboe: no output named zero, which is the anchor",
    ),
    "other systems": (
        lambda: [item("oboe", "x7"), item("flute", "y8")],
        "flute and oboe do not have the same systems: x7, y8",
    ),
    "too many": (lambda: [item("oboe", *map(str, range(25)))], "oboe: 26 systems are more than 25"),
    "lengths": (
        lambda: [with_output("x7", np.zeros((RATE - 1, 1)))],
        "oboe: x7 has shape (7999, 1), the reference (8000, 1)",
    ),
    "channels": (
        lambda: [with_output("x7", np.zeros((RATE, 2)))],
        "oboe: x7 has shape (8000, 2), the reference (8000, 1)",
    ),
    "not finite": (lambda: [with_output("x7", NAN)], "oboe: x7 has samples that are not finite"),
    "reference not finite": (
        lambda: [replace(item(), reference=NAN.astype(np.float32))],
        "oboe: reference has samples that are not finite",
    ),
    "no channel axis": (
        lambda: [replace(item(), reference=np.zeros(RATE, np.float32))],
        "oboe: the reference has shape (8000,), not (samples, 1 or 2 channels)",
    ),
    "short": (
        lambda: [ListeningItem("oboe", RATE, SHORT, {"zero": SHORT})],
        "oboe: 9 samples are less than 0.5 s",
    ),
    "rate": (
        lambda: [replace(item(), rate=7_999)],
        "oboe: 7999 Hz is outside the 8000 to 192000 Hz that browsers play",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_compared_is_refused_in_one_line(tmp_path: Path, case: str) -> None:
    make, message = BAD[case]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_page(tmp_path / "page.html", make())
    assert list(tmp_path.iterdir()) == []


def test_a_rate_that_flac_cannot_hold_is_refused(tmp_path: Path) -> None:
    long = np.zeros((100_000, 1), np.float32)
    with pytest.raises(ValueError, match=r"^oboe: cannot be written as FLAC at 123457 Hz: "):
        write_page(tmp_path / "page.html", [ListeningItem("oboe", 123_457, long, {"zero": long})])
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_one_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, kind in (
        (tmp_path / "none" / "page.html", FileNotFoundError),
        (tmp_path, IsADirectoryError),
        (tmp_path / "file" / "page.html", NotADirectoryError),
    ):
        with pytest.raises(kind, match=f": {re.escape(repr(str(path)))}$") as raised:
            write_page(path, [item()])
        assert raised.value.strerror
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_page_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_page(page, [item("oboe")])
    before = page.read_bytes()
    with pytest.raises(ValueError, match="not finite"):
        write_page(page, [with_output("x7", NAN)])
    assert page.read_bytes() == before
    write_page(page, [item("flute")])
    assert page.read_bytes() != before
    assert list(tmp_path.iterdir()) == [page]
    assert stat.S_IMODE(page.stat().st_mode) & stat.S_IRUSR


def test_the_same_items_give_the_same_file(tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", [item("oboe"), item("flute")])
    write_page(tmp_path / "b.html", [item("oboe"), item("flute")])
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def embedded(page: Path, clip: int) -> list[np.ndarray]:
    """What a clip's FLAC files hold, as 16-bit integers."""
    found = re.search(rf'id="audio-{clip}">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    files = [base64.b64decode(text) for text in json.loads(found[1])]
    return [sf.read(BytesIO(file), dtype="int16", always_2d=True)[0] for file in files]


def test_recordings_in_16_bits_stay_bit_exact(tmp_path: Path) -> None:
    """Full scale included: -32768 is a sample like any other, and only what is beyond is scaled."""
    integers = np.random.default_rng(5).integers(-32_767, 32_768, (RATE, 2), np.int16)
    reference = (integers / 32_768).astype(np.float32)
    zero = np.zeros_like(reference)
    write_page(tmp_path / "page.html", [ListeningItem("oboe", RATE, reference, {"zero": zero})])
    stored = embedded(tmp_path / "page.html", 0)
    np.testing.assert_array_equal(stored[0], integers)
    np.testing.assert_array_equal(stored[1], 0)


def test_one_gain_for_all_of_a_clip_keeps_the_loudest_from_clipping(tmp_path: Path) -> None:
    loud = item("oboe", "loud", "soft")
    reference = loud.reference
    outputs = {"zero": reference * 0, "loud": reference * np.float32(4), "soft": reference * np.float32(0.5)}
    write_page(tmp_path / "page.html", [replace(loud, outputs=outputs), item("flute", "loud", "soft")])
    gain = 32_767 / (32_768 * float(np.abs(outputs["loud"]).max()))
    stored = embedded(tmp_path / "page.html", 0)
    for got, sent in zip(stored, [reference, outputs["loud"], outputs["soft"], outputs["zero"]], strict=True):
        np.testing.assert_allclose(got, sent * (gain * 32_768), atol=0.51)
    assert np.abs(stored[1].astype(int)).max() == 32_767
    other = item("flute", "loud", "soft").reference
    np.testing.assert_allclose(embedded(tmp_path / "page.html", 1)[0], other * 32_768, atol=0.51)


def test_names_and_markup_in_clip_names_stay_out_of_the_page(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", [item("</script><b>\u00f6", "x7-system\u2028<i>")])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<b>\u00f6" not in text
    assert "x7-system" not in text
    assert "{{" not in text

"""Sidecars: what a real recorder writes is understood, and everything else is refused in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged import RATE, music, write
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.io.recorder import Recorder, sidecar_path
from plcd.offline.audio_files import read_info
from plcd.restoration.errors import RestorationError
from plcd.restoration.gap_lists import Found
from plcd.restoration.sidecar import digest_of, read_sidecar, sidecar_of

PACKET = 64


def record(path: Path, holes: dict[int, Origin]) -> Path:
    """Twenty packets, with a hole of 10 samples in some."""
    recorder = Recorder(path, RATE, 1, PACKET)
    sound = music(20 * PACKET).astype(np.float32)
    for number in range(20):
        origin = holes.get(number, Origin.RECEIVED)
        gap = (Hole(5, 10, origin),) if origin is not Origin.RECEIVED else ()
        recorder.write(PlayedFrame(sound[number * PACKET : (number + 1) * PACKET], origin, gap))
    recorder.close()
    return path


def read(path: Path, sidecar: Path | None = None) -> Found:
    return read_sidecar(sidecar or sidecar_of(path), read_info(path), digest_of(path))


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_the_sidecar_of_a_real_recording_is_understood(tmp_path: Path, suffix: str) -> None:
    path = record(
        tmp_path / f"take{suffix}", {2: Origin.PREDICTED, 3: Origin.INTERPOLATED, 9: Origin.REFINED}
    )
    assert sidecar_of(path) == sidecar_path(path)
    found = read(path)
    assert found.gaps.tolist() == [[133, 143 + 46], [197, 207], [581, 591 + 46]]  # 2.9 ms more
    assert found.source == f"take{suffix}.json"
    assert found.notes == ()


def test_the_sidecar_of_another_file_is_refused(tmp_path: Path) -> None:
    one, other = record(tmp_path / "one.wav", {2: Origin.PREDICTED}), record(tmp_path / "other.wav", {})
    assert read(other).gaps.tolist() == []
    write(other, music(20 * PACKET, seed=3))
    for sidecar in (sidecar_of(one), sidecar_of(other)):
        with pytest.raises(
            RestorationError, match=r"belongs to another file than other\.wav, or that was edited"
        ):
            read(other, sidecar)


def test_a_list_that_is_not_complete_says_so(tmp_path: Path) -> None:
    path = record(tmp_path / "take.wav", {2: Origin.PREDICTED})
    facts = json.loads(sidecar_of(path).read_text())
    sidecar_of(path).write_text(json.dumps({**facts, "holes_complete_to": RATE // 2}))
    assert read(path).notes == ("take.wav.json: lists holes only up to 0.5 s, there were too many",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "not the sidecar of a recording"),
        (b"{}", "not the sidecar of a recording"),
        (b'{"version": 2, "holes": []}', "version 2"),
        (b'{"version": 1, "holes": []}', "belongs to another file"),
    ],
)
def test_what_is_no_sidecar_is_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    path = record(tmp_path / "take.wav", {})
    sidecar_of(path).write_bytes(content)
    with pytest.raises(RestorationError, match=told) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    sidecar_of(path).unlink()
    with pytest.raises(RestorationError, match="cannot be read"):
        read(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
HOLES = st.lists(
    st.lists(JSON, max_size=4) | st.tuples(st.integers(), st.integers(), st.text(max_size=4)), max_size=4
)


@settings(max_examples=40)
@given(HOLES | JSON)
def test_any_list_of_holes_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, holes: Any) -> None:
    path = record(tmp_path_factory.mktemp("s") / "take.wav", {})
    facts = json.loads(sidecar_of(path).read_text())
    sidecar_of(path).write_text(json.dumps({**facts, "holes": holes}))
    try:
        gaps = read(path).gaps
    except RestorationError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert ((gaps >= 0) & (gaps <= 20 * PACKET)).all()

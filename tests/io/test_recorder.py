"""Recordings: everything that was played, a sidecar that says what was not received, and names that stay in their folder."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.io import recorder as recorder_module
from plcd.io import wav_file
from plcd.io.recorder import Recorder, safe_recording_path, sidecar_path

PACKET = 32
KINDS = st.lists(st.sampled_from(Origin), max_size=PACKET)


def frame(number: int, kinds: list[Origin]) -> PlayedFrame:
    """Samples of the given origins in turn, the rest received; each says which it is."""
    kinds = kinds + [Origin.RECEIVED] * (PACKET - len(kinds))
    audio = (np.arange(PACKET, dtype=np.float32)[:, None] + number * PACKET + 1) / 2**20
    holes = tuple(
        Hole(place, 1, kind) for place, kind in enumerate(kinds) if Origin.RECEIVED < kind < Origin.IDLE
    )
    return PlayedFrame(audio.astype(np.float32), max(kinds), holes)


def sidecar(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sidecar_path(path).read_text())
    return content


@given(st.lists(KINDS, max_size=12), st.sampled_from([".wav", ".flac"]))
def test_the_file_holds_every_frame_and_the_sidecar_every_hole(
    tmp_path_factory: pytest.TempPathFactory, frames: list[list[Origin]], suffix: str
) -> None:
    path = tmp_path_factory.mktemp("record") / f"take{suffix}"
    recorder = Recorder(path, 32_000, 1, PACKET)
    for number, kinds in enumerate(frames):
        recorder.write(frame(number, kinds))
    recorder.close()
    total = len(frames) * PACKET
    assert recorder.status() == {"path": str(path), "samples": total, "error": None}
    facts = sidecar(path)
    holes = facts.pop("holes")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = {"version": 1, "rate": 32_000, "channels": 1, "packet": PACKET, "samples": total}
    assert facts == {**expected, "sha256": digest}
    if total:
        sound = soundfile.read(path, dtype="float32")[0]
        np.testing.assert_array_equal(sound, (np.arange(total) + 1) / 2**20)
    marks = [Origin.RECEIVED.label] * total
    last = -1, ""
    for start, length, label in holes:
        assert length > 0
        assert start > last[0] or (start == last[0] and label != last[1])  # in order, and merged
        marks[start : start + length] = [label] * length
        last = start + length, label
    kept = [(kinds + [Origin.RECEIVED] * (PACKET - len(kinds))) for kinds in frames]
    flat = [kind if kind is not Origin.IDLE else Origin.RECEIVED for kinds in kept for kind in kinds]
    assert marks == [kind.label for kind in flat]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_closing_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    recorder = Recorder(path, 44_100, 1, PACKET)
    recorder.write(frame(0, []))
    recorder.close()
    before = sidecar_path(path).stat().st_mtime_ns
    recorder.close()
    recorder.write(frame(1, []))
    assert sidecar_path(path).stat().st_mtime_ns == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["take.wav", "take.wav.json"]


def test_a_recording_that_fails_says_so_and_lists_only_holes_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wav_file, "MAX_WAV_BYTES", 58 + 4 * PACKET * 30)
    path = tmp_path / "take.wav"
    recorder = Recorder(path, 44_100, 1, PACKET)
    for number in range(100):
        recorder.write(frame(number, [Origin.PREDICTED] * PACKET))
        if number == 9:
            until(lambda: recorder.status()["samples"] == 10 * PACKET)
    recorder.close()
    status = recorder.status()
    assert "4 GiB" in status["error"]
    assert "recording stopped" in caplog.text
    facts = sidecar(path)
    assert facts["error"] == status["error"]
    assert facts["samples"] == status["samples"] == len(soundfile.read(path)[0])
    assert 10 * PACKET <= facts["samples"] <= 30 * PACKET
    assert facts["holes"] == [[0, facts["samples"], "predicted"]]


def test_holes_without_number_take_no_memory_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(recorder_module, "MAX_HOLES", 3)
    path = tmp_path / "take.wav"
    recorder = Recorder(path, 44_100, 1, PACKET)
    for number in range(10):
        recorder.write(frame(number, [Origin.PREDICTED]))
    recorder.close()
    facts = sidecar(path)
    assert facts["holes"] == [[number * PACKET, 1, "predicted"] for number in range(3)]
    assert facts["holes_complete_to"] == 3 * PACKET
    assert len(caplog.records) == 1


def test_a_sidecar_that_cannot_be_written_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "take.wav"
    recorder = Recorder(path, 44_100, 1, PACKET)
    sidecar_path(path).mkdir()
    recorder.close()
    assert "no sidecar" in caplog.text
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["take.wav", "take.wav.json"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording folder with things in it, beside things that are out of bounds."""
    root = tmp_path / "recordings"
    (root / "monday").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "inside").symlink_to(root / "monday")
    (root / "old.wav").touch()
    (root / "noted.wav.json").touch()
    (root / "dangling.wav").symlink_to(tmp_path / "elsewhere" / "new.wav")
    return root


def test_new_files_below_the_folder_are_allowed(folder: Path) -> None:
    assert safe_recording_path(folder, "take.wav") == folder / "take.wav"
    assert safe_recording_path(folder, "monday/take.flac") == folder / "monday" / "take.flac"
    assert safe_recording_path(folder, "inside/take.flac") == folder / "monday" / "take.flac"
    path = safe_recording_path(folder, "take.wav")
    Recorder(path, 44_100, 1, PACKET, exclusive=True).close()
    with pytest.raises(ValueError, match="exists already"):
        safe_recording_path(folder, "take.wav")
    with pytest.raises(FileExistsError):
        Recorder(path, 44_100, 1, PACKET, exclusive=True)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "/", "monday", "take", "take.mp3", "../take.wav", "monday/../../take.wav"),
        *("/tmp/take.wav", "\\take.wav", "..\\take.wav", "C:\\take.wav", "C:take.wav", "take.wav:x.wav"),
        *("out/take.wav", "nowhere/take.wav", "old.wav", "old.wav/take.wav", "dangling.wav", "noted.wav"),
        *("take\0.wav", "monday/", "x" * 5000 + ".wav", "\udcff/take.wav"),
    ],
)
def test_everything_else_is_refused_in_one_line(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        safe_recording_path(folder, name)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40))
def test_no_name_leads_out(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    root = tmp_path_factory.getbasetemp().resolve()
    try:
        path = safe_recording_path(root, f"{name}.wav")
    except ValueError:
        return
    assert os.path.commonpath([root, path]) == str(root)
    assert not path.exists()

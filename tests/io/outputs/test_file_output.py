"""The file output: everything from the first frame of the stream on, and nothing else."""

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Origin, PlayedFrame
from plcd.io import wav_file
from plcd.io.outputs.base import DeviceError
from plcd.io.outputs.file import FileOutput

PERIOD = 16


@given(st.lists(st.sampled_from(Origin), max_size=30))
def test_idle_frames_are_not_written(tmp_path_factory: pytest.TempPathFactory, origins: list[Origin]) -> None:
    path = tmp_path_factory.mktemp("file") / "take.wav"
    output = FileOutput(path, 8000, 1, PERIOD)
    output.start(time.monotonic_ns() - 10**9)
    expected = []
    for number, origin in enumerate(origins):
        output.wait()
        frame = PlayedFrame(np.full((PERIOD, 1), number + 1, np.float32), origin)
        output.write(frame)
        if origin is not Origin.IDLE:
            expected.append(frame.audio)
    output.close()
    output.close()
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 8000
    np.testing.assert_array_equal(sound, np.concatenate([np.zeros((0, 1), np.float32), *expected]))


def test_it_paces_by_the_timer_and_has_no_delay_of_its_own(tmp_path: Path) -> None:
    output = FileOutput(tmp_path / "take.flac", 1000, 2, 10)
    output.start(5)
    assert [output.wait() for _ in range(3)] == [5, 10_000_005, 20_000_005]
    status = output.status()
    assert status.name == f"file:{tmp_path / 'take.flac'}"
    assert (status.ring_ms, status.device_ms, status.lost) == (0.0, 0.0, False)
    output.close()


def test_an_earlier_take_is_kept(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    take.write_bytes(b"last night")
    output = FileOutput(take, 1000, 1, 10)
    output.start(time.monotonic_ns())
    write_and_close(output, PlayedFrame(np.ones((10, 1), np.float32), Origin.RECEIVED))
    assert take.read_bytes() == b"last night"
    assert output.status().name == f"file:{tmp_path / 'take-2.wav'}"
    assert soundfile.info(tmp_path / "take-2.wav").frames == 50


def test_a_file_that_cannot_be_created_is_one_line(tmp_path: Path) -> None:
    output = FileOutput(tmp_path / "nowhere" / "take.wav", 44_100, 1, PERIOD)
    with pytest.raises(DeviceError, match=r"cannot write .*take.wav: No such file or directory"):
        output.start(0)
    output.close()


def test_a_file_that_ends_early_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav_file, "MAX_WAV_BYTES", 10_000)
    output = FileOutput(tmp_path / "take.wav", 44_100, 1, PERIOD)
    output.start(0)
    frame = PlayedFrame(np.zeros((1000, 1), np.float32), Origin.RECEIVED)
    with pytest.raises(DeviceError, match=r"use \.flac"):
        write_and_close(output, frame)
    output.close()


def write_and_close(output: FileOutput, frame: PlayedFrame) -> None:
    """The error comes from some write, or from close at the latest."""
    for _ in range(5):
        output.write(frame)
    output.close()

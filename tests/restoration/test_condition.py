"""Clipped sound and files that were cut off."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged import RATE, music, write

from plcd.restoration.condition import is_clipped, missing_bytes


@pytest.mark.parametrize("encoding", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
def test_what_was_recorded_too_loud_is_clipped(tmp_path: Path, encoding: str) -> None:
    for gain, expected in ((1, False), (2, False), (30, True)):
        sound = np.clip(music(2000, 2) * gain, -1, 1)
        path = write(tmp_path / "a.wav", sound, encoding=encoding)
        assert is_clipped(soundfile.read(path, always_2d=True)[0]) == expected, gain


def test_nothing_and_silence_are_not_clipped() -> None:
    for sound in (np.zeros((0, 1)), np.ones((2, 1)), np.zeros((50, 2)), np.full((50, 1), 0.5)):
        assert not is_clipped(sound)


@pytest.mark.parametrize("suffix", ["wav", "aiff", "w64", "rf64"])
def test_a_file_that_was_cut_off_says_by_how_much(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a.{suffix}", music(2000))
    assert missing_bytes(path) == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:-500])
    assert missing_bytes(path) == 500
    path.write_bytes(whole + b"more")
    assert missing_bytes(path) == 0


def test_what_says_nothing_of_its_length_is_not_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", music(100))
    whole = path.read_bytes()
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xf0\xff\xff\x7f"):  # as streams have it
        path.write_bytes(whole[:4] + size + whole[8:])
        assert missing_bytes(path) == 0
    assert missing_bytes(write(tmp_path / "a.flac", music(100), RATE)) == 0
    assert missing_bytes(tmp_path / "absent.wav") == 0
    (tmp_path / "short.wav").write_bytes(b"RIFF")
    assert missing_bytes(tmp_path / "short.wav") == 0

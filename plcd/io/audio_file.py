"""Audio files that grow: float32 WAV or 24-bit FLAC, by suffix, each a valid file after every write.

Such files are looked at while they grow, and outlive crashes and full disks.
"""

from pathlib import Path
from typing import Protocol

from plcd.core.frame import Samples
from plcd.io.flac_file import MAX_FLAC_CHANNELS, FlacFile
from plcd.io.raw_file import RawFile
from plcd.io.wav_file import WavFile

SUFFIXES = (".wav", ".flac")


class AudioFile(Protocol):
    """One file being written by one thread."""

    samples: int
    """Samples per channel that a reader finds in the file now."""

    def write(self, samples: Samples) -> None:
        """Append, shape (samples, channels). Raises OSError; what was written before remains a valid file after ``close``."""

    def close(self) -> None:
        """Complete the file. Raises OSError."""


def check_suffix(path: Path) -> str:
    """``.wav`` or ``.flac``, in lower case. Raises ValueError for any other suffix."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name!r} must end in .wav (float32) or .flac (24 bit)")
    return suffix


def create(path: Path, rate: int, channels: int, exclusive: bool = False) -> AudioFile:
    """Start a file, by its suffix. Raises ValueError for an unknown suffix or too many channels, OSError if it cannot be
    created, FileExistsError among them if ``exclusive`` and there is one."""
    suffix = check_suffix(path)
    if suffix == ".flac" and channels > MAX_FLAC_CHANNELS:
        raise ValueError(f"FLAC holds at most {MAX_FLAC_CHANNELS} channels, not {channels}: use .wav")
    raw = RawFile(path, exclusive)
    try:
        return WavFile(raw, rate, channels) if suffix == ".wav" else FlacFile(raw, rate, channels)
    except BaseException:
        raw.close()
        raise

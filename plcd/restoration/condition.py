"""What may be wrong with a recording beside its gaps: sound that is clipped, a file that was cut off."""

from pathlib import Path
from typing import Final

import numpy as np

from plcd.restoration.restorer import Audio

_FULL: Final = 0.99
"""8 bits reach 127 / 128."""
_RIFF: Final = (b"RIFF", b"RIFX", b"FORM")


def is_clipped(audio: Audio) -> bool:
    """Whether three samples in a row of some channel are equal and at full scale."""
    one, other, third = audio[:-2], audio[1:-1], audio[2:]
    return bool(np.any((one == other) & (other == third) & (np.abs(one) >= _FULL)))


def missing_bytes(path: Path) -> int:
    """How much shorter a WAV, AIFF, RF64 or W64 file is than its header says; 0 for others, and where it says nothing.

    Libsndfile reads such a file as if it were a shorter one.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(40)
        there = path.stat().st_size
    except OSError:
        return 0
    short = _size(head) - there
    return short if short > 1 else 0  # the last chunk's padding is often left out


def _size(head: bytes) -> int:
    """Of the whole file, as its first 40 bytes say; 0 where they do not."""
    if len(head) < 40:
        return 0
    if head[:4] == b"RF64":
        return int.from_bytes(head[20:28], "little") + 8 if head[12:16] == b"ds64" else 0
    if head[:4] == b"riff":  # W64: its own length counts
        return int.from_bytes(head[16:24], "little")
    if head[:4] not in _RIFF:
        return 0
    size = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big")
    if size == 0 or size >= 0x7FFFFFF0:  # streams, whose length was not known when they began
        return 0
    return size + 8

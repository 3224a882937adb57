"""A 24-bit FLAC file that is valid after every write.

The encoder is libsndfile's, which gives the file a length only on closing, and none at all if the disk is full then. So the
length is put in after each write, and a file that fails is cut where it was last whole.
"""

import contextlib
from collections.abc import Callable

import numpy as np
import soundfile
from numpy.typing import NDArray

from plcd.core.frame import Samples
from plcd.io.raw_file import RawFile

MAX_FLAC_CHANNELS = 8
"""Of the format (RFC 9639, section 9.1.3)."""

_BLOCK_SIZE_AT = 8
_LENGTH_AT = 21
"""Offsets of 16 and of 36 bits (from the low half of the byte) in STREAMINFO, which comes first in the file."""


def to_pcm24(samples: Samples) -> NDArray[np.int32]:
    """24-bit PCM in the upper bits of int32: exact for s16/32768 and s24/2^23, clipped to full scale."""
    scaled = np.rint(samples.astype(np.float64) * 2.0**23)
    return np.clip(scaled, -(2.0**23), 2.0**23 - 1).astype(np.int32) << 8


class FlacFile:
    """An ``AudioFile``. After a failed write it ends with the last block that was whole."""

    def __init__(self, raw: RawFile, rate: int, channels: int) -> None:
        self._raw = raw
        self._taken = 0
        self._valid_bytes = 0
        self.samples = 0
        try:
            self._sound = soundfile.SoundFile(raw, "w", rate, channels, "PCM_24", format="FLAC")
        except soundfile.SoundFileError as error:
            raise raw.error or ValueError(
                f"FLAC cannot hold {channels} channels at {rate} Hz: {error}"
            ) from error

    def write(self, samples: Samples) -> None:
        self._encode(lambda: self._sound.write(to_pcm24(samples)))
        self._taken += len(samples)
        self._put_length()

    def close(self) -> None:
        try:
            self._encode(self._sound.close)
            self.samples = self._taken
        finally:
            if self._raw.error is not None:
                with contextlib.suppress(OSError):
                    self._raw.truncate(self._valid_bytes)
            self._raw.close()

    def _encode(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (soundfile.SoundFileError, AssertionError) as error:  # it asserts that all was written
            raise self._raw.error or OSError(f"the FLAC encoder failed: {error}") from error
        if self._raw.error is not None:
            raise self._raw.error

    def _put_length(self) -> None:
        """Set STREAMINFO (RFC 9639, section 8.2) to the blocks in the file: libFLAC writes one when it has a sample more."""
        self._valid_bytes = self._raw.tell()
        self._raw.seek(_BLOCK_SIZE_AT)
        block = int.from_bytes(self._raw.read(2))
        self.samples = (self._taken - 1) // block * block
        self._raw.seek(_LENGTH_AT)
        upper = self._raw.read(1)[0] & 0xF0  # shared with the bits per sample
        self._raw.seek(_LENGTH_AT)
        self._raw.write_all((upper << 32 | self.samples).to_bytes(5))
        self._raw.seek(self._valid_bytes)

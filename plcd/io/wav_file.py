"""A float32 WAV file that is valid after every write.

libsndfile would give it a length only on closing, and add a chunk with the date.
"""

import contextlib
import os
import struct

from plcd.core.frame import Samples
from plcd.io.raw_file import RawFile

MAX_WAV_BYTES = 0xFFFFFFFF
"""RIFF counts its bytes in 32 bits."""

_WAV_HEADER = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
_WAVE_FORMAT_IEEE_FLOAT = 3


class WavFile:
    """An ``AudioFile``. After a failed write it ends with the last complete one."""

    def __init__(self, raw: RawFile, rate: int, channels: int) -> None:
        self._raw = raw
        self._rate = rate
        self._channels = channels
        self._data_bytes = 0
        self.samples = 0
        self._put_header()

    def write(self, samples: Samples) -> None:
        data = samples.astype("<f4", copy=False).tobytes()
        end = _WAV_HEADER.size + self._data_bytes
        if end + len(data) > MAX_WAV_BYTES:
            raise OSError("a WAV file ends at 4 GiB: use .flac for longer recordings")
        try:
            self._raw.write_all(data)
        except OSError:
            with contextlib.suppress(OSError):
                self._raw.truncate(end)
            raise
        self._data_bytes += len(data)
        self.samples += len(samples)
        self._put_header()

    def close(self) -> None:
        self._raw.close()

    def _put_header(self) -> None:
        frame_bytes = 4 * self._channels
        riff = _WAV_HEADER.size - 8 + self._data_bytes
        form = (
            18,
            _WAVE_FORMAT_IEEE_FLOAT,
            self._channels,
            self._rate,
            self._rate * frame_bytes,
            frame_bytes,
            32,
            0,
        )
        fact = (4, self._data_bytes // frame_bytes)
        header = _WAV_HEADER.pack(
            b"RIFF", riff, b"WAVE", b"fmt ", *form, b"fact", *fact, b"data", self._data_bytes
        )
        self._raw.seek(0)
        self._raw.write_all(header)
        self._raw.seek(0, os.SEEK_END)

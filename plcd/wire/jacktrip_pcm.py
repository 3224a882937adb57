"""Linear PCM as JackTrip carries it: little-endian and planar, all of channel 0, then all of channel 1.

Its own conversion (AudioInterface.cpp, ``fromBitToSampleConversion``) divides by 2^(bits - 1), so that is what decoding does
here; encoding is its exact inverse. (JackTrip itself scales by 127 and 32767 when it sends 8 and 16 bits, and loses 0.0003 dB.)
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples
from plcd.wire.pcm import Codec

_S16 = np.dtype("<i2")


def decode_8(data: bytes, channels: int) -> Samples:
    """Signed bytes / 128."""
    return _interleaved(np.frombuffer(data, np.int8) * np.float32(2.0**-7), channels)


def encode_8(samples: Samples) -> bytes:
    """Inverse of ``decode_8``."""
    return _integers(samples, 8).astype(np.int8).tobytes()


def decode_16(data: bytes, channels: int) -> Samples:
    """16-bit samples / 32768."""
    return _interleaved(np.frombuffer(data, _S16) * np.float32(2.0**-15), channels)


def encode_16(samples: Samples) -> bytes:
    """Inverse of ``decode_16``."""
    return _integers(samples, 16).astype(_S16).tobytes()


def decode_24(data: bytes, channels: int) -> Samples:
    """24-bit samples / 2^23: the upper 16 bits, little-endian, and behind them the lowest eight."""
    parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
    upper = parts[:, :2].copy().view(_S16)[:, 0].astype(np.int32)
    whole = upper * 256 + parts[:, 2]
    return _interleaved(whole * np.float32(2.0**-23), channels)


def encode_24(samples: Samples) -> bytes:
    """Inverse of ``decode_24``."""
    whole = _integers(samples, 24).astype(np.int32).reshape(-1, 1)
    parts = np.empty((len(whole), 3), np.uint8)
    parts[:, :2] = (whole >> 8).astype(_S16).view(np.uint8)
    parts[:, 2:] = whole & 0xFF
    return parts.tobytes()


def _interleaved(planar: NDArray[np.floating], channels: int) -> Samples:
    """Shape ``(n, channels)``, contiguous: the engine reads by frame."""
    return np.ascontiguousarray(planar.reshape(channels, -1).T, dtype=np.float32)


def _integers(samples: Samples, bits: int) -> NDArray[np.float32]:
    """Planar, rounded and clipped; NaN becomes silence."""
    full_scale = 2.0 ** (bits - 1)
    scaled: NDArray[np.float32] = np.rint(samples.T * np.float32(full_scale))
    np.clip(scaled, -full_scale, full_scale - 1, out=scaled)
    scaled[np.isnan(scaled)] = 0.0
    return scaled


CODECS: Mapping[int, Codec] = MappingProxyType(
    {
        8: Codec(1, decode_8, encode_8),
        16: Codec(2, decode_16, encode_16),
        24: Codec(3, decode_24, encode_24),
    }
)
"""By bits a sample. 32 bits are not there: the sender writes the lower half of a double (JackTrip's issue 1469)."""

"""Linear PCM as RTP carries it (RFC 3551 section 4.5.11, RFC 3190): big-endian, interleaved by frame."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples

_S16 = np.dtype(">i2")
_S32 = np.dtype(">i4")
_S16_STEP = np.float32(2.0**-15)
_S32_STEP = np.float32(2.0**-31)


class Codec(NamedTuple):
    """One encoding: bytes a sample, bytes to samples ``(n, channels)`` and back.

    ``decode`` wants a whole number of frames and gives fresh float32, exactly integer / 2^(bits - 1);
    ``encode`` rounds to the nearest integer and clips, NaN becomes silence. What was decoded encodes to the
    same bytes.
    """

    width: int
    decode: Callable[[bytes, int], Samples]
    encode: Callable[[Samples], bytes]


def decode_l16(data: bytes, channels: int) -> Samples:
    """16-bit samples / 32768."""
    samples: Samples = np.multiply(np.frombuffer(data, _S16), _S16_STEP)
    return samples.reshape(-1, channels)


def encode_l16(samples: Samples) -> bytes:
    """Inverse of ``decode_l16``."""
    return _integers(samples, 16).astype(_S16).tobytes()


def decode_l24(data: bytes, channels: int) -> Samples:
    """24-bit samples / 2^23, each put in the upper bytes of 32 bits: exact in float32, since the lowest byte
    is 0."""
    words = np.zeros((len(data) // 3, 4), np.uint8)
    words[:, :3] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    samples: Samples = words.view(_S32).astype(np.float32)
    samples *= _S32_STEP
    return samples.reshape(-1, channels)


def encode_l24(samples: Samples) -> bytes:
    """Inverse of ``decode_l24``."""
    words = _integers(samples, 24).astype(_S32).reshape(-1, 1)
    return words.view(np.uint8)[:, 1:].tobytes()


def _integers(samples: Samples, bits: int) -> NDArray[np.float32]:
    full_scale = 2.0 ** (bits - 1)
    scaled: NDArray[np.float32] = np.rint(samples * np.float32(full_scale))
    # 2^23 - 1 is the largest odd integer float32 can hold: both limits are exact.
    np.clip(scaled, -full_scale, full_scale - 1, out=scaled)
    scaled[np.isnan(scaled)] = 0.0
    return scaled


CODECS: Mapping[str, Codec] = MappingProxyType(
    {
        "L16": Codec(2, decode_l16, encode_l16),
        "L24": Codec(3, decode_l24, encode_l24),
    }
)
"""Every encoding known, by its name in SDP."""

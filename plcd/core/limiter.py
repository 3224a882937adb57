"""Keeps a sum inside full scale: exactly the sum while that fits, a gain where it does not. No lookahead, no delay."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples
from plcd.core.jit import kernel

RELEASE_DB_S: Final = 20.0
"""The gain comes back so fast: 6 dB in 0.3 s, and 0.6 dB in a period of the lowest string of a double bass (41 Hz, 24 ms),
so that it rides on the music and not on the wave."""

Sum = NDArray[np.float64]
"""Audio to be limited, shape ``(frames, channels)``."""


class Limiter:
    """One gain for all channels, so that the picture between them stays. ``rate`` in Hz.

    The gain falls at the very sample that would exceed 1.0, to where it reaches just that: the sum is continuous, so the gain
    is too. It comes back by :data:`RELEASE_DB_S` up to exactly 1.
    """

    def __init__(self, rate: int) -> None:
        self.gain = 1.0
        self._rise = float(10.0 ** (RELEASE_DB_S / 20.0 / rate))
        self.hold(np.zeros((1, 1)))  # compiles it

    def hold(self, total: Sum) -> Samples:
        """``total`` (finite) within -1.0 .. 1.0; rounded to float32 and otherwise as it is where it fits and the gain is 1."""
        out = np.empty(total.shape, dtype=np.float32)
        self.gain = _hold(total, self.gain, self._rise, out)
        return out


@kernel
def _hold(total: Sum, gain: float, rise: float, out: Samples) -> float:
    for n in range(total.shape[0]):
        peak = 0.0
        for channel in range(total.shape[1]):
            peak = max(peak, abs(total[n, channel]))
        gain = min(gain * rise, 1.0)
        if peak * gain > 1.0:
            gain = 1.0 / peak
        for channel in range(total.shape[1]):
            out[n, channel] = (
                total[n, channel] if gain == 1.0 else min(max(total[n, channel] * gain, -1.0), 1.0)
            )
    return gain

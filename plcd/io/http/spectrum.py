"""How strong what is played is in each band, as a page shows it."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples

WINDOW = 4096
"""Samples that are looked at: 93 ms at 44.1 kHz, 11 Hz to a bin."""

BANDS = 96
LOWEST_HZ = 30.0
HIGHEST_HZ = 20_000.0

FLOOR_DB = -120


class Spectrum:
    """Of the newest :data:`WINDOW` samples, all channels together, at one rate."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._newest = np.zeros(WINDOW, dtype=np.float32)
        self._taper = np.hanning(WINDOW).astype(np.float32)
        edges = band_edges_hz(rate) * WINDOW / rate
        bins = np.rint(edges).astype(int)
        self._first = np.minimum(bins[:-1], WINDOW // 2)
        self._last = np.minimum(np.maximum(bins[1:], self._first + 1), WINDOW // 2 + 1)

    def hear(self, audio: Samples) -> None:
        """What was played next, ``(samples, channels)``."""
        newest = audio[-WINDOW:].mean(axis=1)
        self._newest = np.concatenate((self._newest[newest.size :], newest))

    def levels_db(self) -> list[int]:
        """The strongest bin of each band; a sine at full scale is 0 dB."""
        magnitude = np.abs(np.fft.rfft(self._newest * self._taper)) * (2 / self._taper.sum())
        strongest = [magnitude[a:b].max() for a, b in zip(self._first, self._last, strict=True)]
        return [round(float(level)) for level in 20 * np.log10(np.maximum(strongest, 10 ** (FLOOR_DB / 20)))]


def band_edges_hz(rate: int) -> NDArray[np.float64]:
    """Edges of the :data:`BANDS` bands, evenly spaced in pitch up to 20 kHz or half the rate."""
    return np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, rate / 2), BANDS + 1)

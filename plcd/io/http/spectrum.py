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
        self._bins = np.rint(band_edges_hz(rate) * WINDOW / rate).astype(int)

    def hear(self, audio: Samples) -> None:
        """What was played next, ``(samples, channels)``."""
        newest = audio[-WINDOW:].mean(axis=1)
        self._newest = np.concatenate((self._newest[newest.size :], newest))

    def levels_db(self) -> list[int]:
        """The strongest bin of each band; a sine at full scale is 0 dB."""
        magnitude = np.abs(np.fft.rfft(self._newest * self._taper)) * (2 / self._taper.sum())
        strongest = np.maximum.reduceat(magnitude, self._bins)[:BANDS]  # one bin where a band is narrower
        levels = 20 * np.log10(np.maximum(strongest, 10 ** (FLOOR_DB / 20)))
        return [round(float(level)) for level in levels]


def band_edges_hz(rate: int) -> NDArray[np.float64]:
    """Edges of the :data:`BANDS` bands, evenly spaced in pitch up to 20 kHz or half the rate."""
    return np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, rate / 2), BANDS + 1)

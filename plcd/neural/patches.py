"""Music as pictures: the patches of magnitudes that Res-U-Net repairs (Serra et al. 2021, section 3).

16 kHz, an STFT of 256 samples every 64, 128 frames of 128 bins: half a second. The paper says neither which window (Hann, here)
nor which of 129 bins it leaves out (here the top one, 8 kHz), nor how it normalises: magnitudes here are over those of a sine of
full scale, whose peak is 1.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
SIZE: Final = 256
HOP: Final = 64
BINS: Final = 128
FRAMES: Final = 128
PATCH: Final = (FRAMES - 1) * HOP + SIZE
"""Samples under the frames of one patch: 524 ms."""
Wave = NDArray[np.float64]
Picture = NDArray[np.float64]
"""Shape ``(BINS, frames)``, not negative."""
Flags = NDArray[np.bool_]


def window() -> Wave:
    """Periodic Hann, ``(SIZE,)``."""
    hann: Wave = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SIZE) / SIZE)
    return hann


FULL_SCALE: Final = float(window().sum() / 2)
"""Magnitude of a sine of amplitude 1 in the middle of its bin."""


def spectra(wave: Wave) -> NDArray[np.complex128]:
    """Of ``wave`` ``(n,)``, n at least SIZE: ``(BINS + 1, 1 + (n - SIZE) // HOP)``. Frame t begins at sample t HOP."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, SIZE)[::HOP]
    return np.asarray(np.fft.rfft(frames * window(), axis=1).T, np.complex128)


def picture(wave: Wave) -> Picture:
    """Magnitudes of ``wave`` without the top bin."""
    magnitude: Picture = np.abs(spectra(wave)[:BINS]) / FULL_SCALE
    return magnitude


def between(magnitude: Picture, deleted: Flags) -> Picture:
    """``magnitude`` with the frames ``deleted`` ``(frames,)`` drawn as straight lines between their known neighbours, bin by
    bin; at the ends the nearest known frame is held. What one does without a network, where the places are known."""
    known = np.flatnonzero(~deleted)
    if not known.size:
        return magnitude.copy()
    places = np.arange(magnitude.shape[1])
    right = np.clip(np.searchsorted(known, places), 0, known.size - 1)
    left = np.clip(np.searchsorted(known, places, "right") - 1, 0, known.size - 1)
    span = np.maximum(known[right] - known[left], 1)
    share = np.clip((places - known[left]) / span, 0.0, 1.0)
    drawn: Picture = (1 - share) * magnitude[:, known[left]] + share * magnitude[:, known[right]]
    return drawn

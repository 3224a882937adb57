"""From magnitudes back to samples: Griffin and Lim's iteration (1984), with as much held fast as is known."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from plcd.neural.patches import HOP, SIZE, Flags, Wave, spectra, window

Spectra = NDArray[np.complex128]
_TINY: Final = 1e-12
_UNSURE: Final = HOP
"""Samples at the ends of a wave that no window weighs enough."""


def inverse(frames: Spectra) -> Wave:
    """The wave ``(SIZE + (frames - 1) * HOP,)`` whose spectra are nearest to ``frames`` ``(BINS + 1, frames)`` (their equation
    6).

    The outermost samples, on which a window is next to nothing, come out near zero.
    """
    count = frames.shape[1]
    hann = window()
    pieces = np.fft.irfft(frames.T, SIZE, axis=1) * hann
    out = np.zeros((count + SIZE // HOP - 1) * HOP)
    weight = np.zeros_like(out)
    for part in range(SIZE // HOP):
        place = slice(part * HOP, (part + count) * HOP)
        out[place] += pieces[:, part * HOP : (part + 1) * HOP].ravel()
        weight[place] += np.tile(hann[part * HOP : (part + 1) * HOP] ** 2, count)
    wave: Wave = out / np.maximum(weight, 1e-3)
    return wave


def fill(wave: Wave, missing: Flags, frames: Flags, magnitude: NDArray[np.float64], rounds: int) -> Wave:
    """``wave`` with other samples where they are ``missing`` ``(n,)``, such that the ``frames`` (flags) get the ``magnitude``
    ``(BINS + 1, as many as are flagged)``. What stands there is where the iteration begins; all else is held, and what lies at
    the very ends of ``wave``, under the rise of one window only."""
    out = wave.copy()
    places = np.flatnonzero(frames)
    if not places.size or not missing.any():
        return out
    first, last = int(places[0]), int(places[-1])
    begin, end = first * HOP, last * HOP + SIZE
    inside, chosen = missing[begin:end].copy(), frames[first : last + 1]
    inside[: _UNSURE if begin == 0 else 0] = False
    inside[inside.size - (_UNSURE if end > wave.size - HOP else 0) :] = False
    for _ in range(rounds):
        found = spectra(out[begin:end])
        found[:, chosen] = with_magnitude(found[:, chosen], magnitude)
        out[begin:end][inside] = inverse(found)[inside]
    return out


def griffin_lim(magnitude: NDArray[np.float64], begin: Spectra, rounds: int) -> Wave:
    """The wave of ``magnitude`` ``(BINS + 1, frames)`` alone; ``begin`` ``(the same shape)`` gives the phases to begin with."""
    wave = inverse(with_magnitude(begin, magnitude))
    for _ in range(rounds):
        wave = inverse(with_magnitude(spectra(wave), magnitude))
    return wave


def with_magnitude(frames: Spectra, magnitude: NDArray[np.float64]) -> Spectra:
    """The phases of ``frames`` (0 where there is none) with ``magnitude``."""
    size = np.abs(frames)
    turned: Spectra = frames / np.maximum(size, _TINY)
    turned[size <= _TINY] = 1.0
    turned *= magnitude
    return turned

"""Harmonic structure of the error: whether the difference of the log spectra repeats along frequency (§4.8)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import HOP, Flags, Real

_LAGS: Final = 256
"""Largest power of two below the lines up to 9 kHz (§4.8); as many products in each correlation."""
_ENERGY: Final = 8000 / 32768**2
"""Frames whose second half has less energy than this, full scale 1.0, are left out (§5.2.4.3)."""
_WINDOW: Real = np.sqrt(8 / 3) * 0.5 * (1 - np.cos(2 * np.pi * np.arange(_LAGS) / (_LAGS - 1))) / _LAGS
"""Hann window over the lags, from lag 0 on: the text leaves open where it starts, this fits published results."""


def has_energy(frames: Real) -> Flags:
    """Which ``frames`` ``(count, 2048)`` are loud enough for :func:`structure`, ``(count,)``."""
    return np.asarray(np.sum(np.square(frames[:, HOP:]), axis=1) >= _ENERGY)


def structure(reference: Real, test: Real) -> Real:
    """EHS of each frame, ``(frames,)``, from energies of lines ``(frames, 1025)``; 0 where nothing differs.

    The normalised autocorrelation of the difference of the log spectra, its mean removed, windowed and transformed:
    the largest value of its power spectrum behind the first valley, which is the largest one reached by rising.
    """
    width = 2 * _LAGS - 1
    tiny = np.finfo(np.float64).tiny
    apart = np.log(np.maximum(test[:, :width], tiny)) - np.log(np.maximum(reference[:, :width], tiny))
    correlation = _correlation(apart)
    correlation -= np.mean(correlation, axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(correlation * _WINDOW, axis=1)) ** 2
    rising = power[:, 1:] > power[:, :-1]
    return np.asarray(np.max(np.where(rising, power[:, 1:], 0.0), axis=1))


def _correlation(apart: Real) -> Real:
    """Correlation of the first 256 values with as many at each lag, over the root of both energies; 1 without energy."""
    size = 2 * _LAGS
    spectrum = np.fft.rfft(apart, size, axis=1)
    head = np.fft.rfft(apart[:, :_LAGS], size, axis=1)
    products = np.fft.irfft(np.conj(head) * spectrum, size, axis=1)[:, :_LAGS]
    sums = np.cumsum(np.pad(np.square(apart), ((0, 0), (1, 0))), axis=1)
    energy = sums[:, _LAGS:] - sums[:, :_LAGS]
    norm = np.sqrt(np.maximum(energy[:, :1] * energy, 0))
    return np.asarray(np.divide(products, norm, out=np.ones_like(products), where=norm > 0))

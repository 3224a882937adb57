"""The 109 critical bands of the FFT ear model, and everything that depends on a band's frequency alone."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
Flags = NDArray[np.bool_]

RATE: Final = 48_000
"""Hz; the model is defined at this rate only (§2.1)."""
FRAME: Final = 2048
"""Samples of a frame (§2.1)."""
HOP: Final = 1024
"""Samples between frames: they overlap by half (§2.1)."""
FRAMES_PER_SECOND: Final = RATE / HOP

BARK_STEP: Final = 0.25
"""Width of a band in Bark (§2.1.5, basic version)."""
_LOWEST_HZ: Final = 80.0
_HIGHEST_HZ: Final = 18_000.0
"""The range the bands cover (§2.1.5)."""
FLOOR: Final = 1e-12
"""Least energy of a band (§2.1.5)."""


def _to_bark(hz: float) -> float:
    """Schroeder's approximation (§2.1.5)."""
    return float(7 * np.arcsinh(hz / 650))


def _to_hz(bark: Real) -> Real:
    """The inverse (§2.1.5)."""
    return np.asarray(650 * np.sinh(bark / 7))


_LOW, _HIGH = _to_bark(_LOWEST_HZ), _to_bark(_HIGHEST_HZ)
BANDS: Final = int(np.ceil((_HIGH - _LOW) / BARK_STEP))
"""109."""
_EDGES = np.minimum(_LOW + BARK_STEP * np.arange(BANDS + 1), _HIGH)

LOWER_HZ: Real = _to_hz(_EDGES[:-1])
UPPER_HZ: Real = _to_hz(_EDGES[1:])
CENTRE_HZ: Real = _to_hz((_EDGES[:-1] + _EDGES[1:]) / 2)
"""Edges and centres, each ``(109,)``, which the Recommendation tabulates (§2.1.5)."""

BIN_HZ: Final = RATE / FRAME


def _grouping() -> Real:
    """Share of each line's energy that falls into each band, ``(1025, 109)``: lines are one bin wide (§2.1.5)."""
    lines = np.arange(FRAME // 2 + 1)[:, None] * BIN_HZ
    above = np.minimum(UPPER_HZ, lines + BIN_HZ / 2)
    below = np.maximum(LOWER_HZ, lines - BIN_HZ / 2)
    return np.asarray(np.maximum(above - below, 0) / BIN_HZ)


_GROUPING = _grouping()


def group(energy: Real) -> Real:
    """Energy of each band, ``(frames, 109)``, from the energies of the lines, ``(frames, 1025)`` (§2.1.5)."""
    return np.asarray(np.maximum(energy @ _GROUPING, FLOOR))


def _quiet_db(hz: Real) -> Real:
    """Threshold in quiet in dB SPL (Terhardt's formula, the first term of (7))."""
    return np.asarray(3.64 * (hz / 1000) ** -0.8)


INTERNAL_NOISE: Real = 10 ** (0.4 * _quiet_db(CENTRE_HZ) / 10)
"""Energy of the ear's own noise in each band (§2.1.6)."""
THRESHOLD_IN_QUIET: Real = 10 ** (_quiet_db(CENTRE_HZ) / 10)
"""Excitation at the threshold in quiet, used for loudness (§3.3)."""

MASKING_OFFSET: Real = 10 ** (np.maximum(0.25 * BARK_STEP * np.arange(BANDS), 3) / 10)
"""How far masking lies below excitation: 3 dB up to 12 Bark, then 0.25 dB a Bark (§2.1.9, (25))."""


def time_constant(at_100_hz: float, least: float) -> Real:
    """Factors ``(109,)`` of a one-pole low pass whose time constants, in seconds, fall with frequency ((21), (24))."""
    seconds = least + 100 / CENTRE_HZ * (at_100_hz - least)
    return np.asarray(np.exp(-1 / (FRAMES_PER_SECOND * seconds)))


def accumulate(values: Real, factor: Real, gain: Real | float) -> Real:
    """``y[n] = factor * y[n-1] + gain * values[n]`` for every band, from rest; shape ``(frames, 109)``."""
    out = np.empty_like(values)
    state = np.zeros(values.shape[1])
    for index, row in enumerate(values * gain):
        state = factor * state + row
        out[index] = state
    return out


def smooth(values: Real, factor: Real) -> Real:
    """One-pole low pass with gain 1 at rest, from rest, for every band; shape ``(frames, 109)``."""
    return accumulate(values, factor, 1 - factor)

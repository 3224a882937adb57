"""Loudness of a signal, and partial loudness of what was added to it (§3.3, §4.3)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import BANDS, CENTRE_HZ, INTERNAL_NOISE, THRESHOLD_IN_QUIET, Real
from plcd.scoring.peaq.modulation import Modulation

_EXPONENT: Final = 0.23
_SCALE: Final = 1.07664
"""Zwicker's exponent, and the Recommendation's constant for the FFT ear model (§3.3)."""
_REFERENCE_ENERGY: Final = 1e4
"""40 dB (§3.3)."""

_INDEX_DB = -2 - 2.05 * np.arctan(CENTRE_HZ / 4000) - 0.75 * np.arctan((CENTRE_HZ / 1600) ** 2)
_INDEX: Real = 10 ** (_INDEX_DB / 10)
"""Threshold index of each band (§3.3)."""

_SLOPE: Final = 1.5
_MODULATION_FACTOR: Final = 0.15
_BASE: Final = 0.5
"""alpha, ThresFac0 and S0 of RmsNoiseLoudB; its NLmin is 0 (§4.3)."""


def total_loudness(excitation: Real) -> Real:
    """Loudness of each frame in sone, ``(frames,)`` (§3.3)."""
    scale = _SCALE * (THRESHOLD_IN_QUIET / (_INDEX * _REFERENCE_ENERGY)) ** _EXPONENT
    specific = scale * ((1 - _INDEX + _INDEX * excitation / THRESHOLD_IN_QUIET) ** _EXPONENT - 1)
    return np.asarray(24 / BANDS * np.sum(np.maximum(specific, 0), axis=1))


def noise_loudness(reference: Real, test: Real, modulated: Modulation, modulated_test: Modulation) -> Real:
    """Loudness of the disturbance in each frame, ``(frames,)``, from adapted excitations ``(frames, 109)`` ((66)-(68))."""
    ease = _MODULATION_FACTOR * modulated.pattern + _BASE
    ease_test = _MODULATION_FACTOR * modulated_test.pattern + _BASE
    masking = np.exp(-_SLOPE * (test - reference) / reference)
    added = np.maximum(ease_test * test - ease * reference, 0)
    partial = (1 + added / (INTERNAL_NOISE + ease * reference * masking)) ** _EXPONENT - 1
    return np.asarray(24 / BANDS * np.sum((INTERNAL_NOISE / ease_test) ** _EXPONENT * partial, axis=1))

"""Takes differences of level and of slow spectral colour out of a pair of excitation patterns (§3.1)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import BANDS, Real, accumulate, smooth, time_constant

_FACTOR = time_constant(0.050, 0.008)
"""Time constants at 100 Hz and at least, in seconds (§3.1, (41))."""
_BELOW: Final = 3
_ABOVE: Final = 4
"""Neighbours over which the corrections are averaged, fewer at the ends (§3.1, (51), basic version)."""


def adapt(reference: Real, test: Real) -> tuple[Real, Real]:
    """Adapted patterns of reference and test, each ``(frames, 109)`` like the excitations given."""
    reference, test = _same_level(reference, test)
    common = accumulate(reference * test, _FACTOR, 1.0)
    own = accumulate(reference * reference, _FACTOR, 1.0)
    ratio = common / own
    for_test = _average(np.where(ratio > 1, 1 / ratio, 1.0))
    for_reference = _average(np.where(ratio > 1, 1.0, ratio))
    return reference * smooth(for_reference, _FACTOR), test * smooth(for_test, _FACTOR)


def _same_level(reference: Real, test: Real) -> tuple[Real, Real]:
    """The louder of the two brought down to the other, frame by frame ((42)-(47))."""
    slow_reference, slow_test = smooth(reference, _FACTOR), smooth(test, _FACTOR)
    over = np.sum(np.sqrt(slow_reference * slow_test), axis=1, keepdims=True)
    correction = (over / np.sum(slow_test, axis=1, keepdims=True)) ** 2
    return reference / np.maximum(correction, 1), test * np.minimum(correction, 1)


def _average(values: Real) -> Real:
    """Mean over the neighbouring bands ((50), (51))."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    band = np.arange(BANDS)
    first, end = np.maximum(band - _BELOW, 0), np.minimum(band + _ABOVE, BANDS - 1) + 1
    return np.asarray((sums[:, end] - sums[:, first]) / (end - first))

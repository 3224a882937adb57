"""Which frames count, and the ways to average over them (§5)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import FRAME, FRAMES_PER_SECOND, HOP, Real
from plcd.scoring.peaq.spectrum import frame_count

_RUN: Final = 5
_RUN_SUM: Final = 200 / 32768
"""Data begin, and end, where the magnitudes of five samples in a row add up to this, full scale 1.0 (§5.2)."""
SETTLING: Final = int(np.ceil(0.5 * FRAMES_PER_SECOND))
"""Frames of the first half second, left out of the delayed averages (§5.2)."""
_LOUD_SONE: Final = 0.1
_LOUD_DELAY: Final = int(np.ceil(0.05 * FRAMES_PER_SECOND))
"""Noise loudness counts from 50 ms after reference and test were both louder than 0.1 sone (§5.2)."""
WINDOW: Final = 4
"""Frames of a 100 ms window (§5.2)."""


def data_frames(reference: Real) -> slice:
    """The frames that touch data in any channel of ``reference`` ``(n, channels)``; empty where it is silent."""
    if reference.shape[0] < _RUN:
        return slice(0, 0)
    runs = np.lib.stride_tricks.sliding_window_view(np.abs(reference), _RUN, axis=0).sum(axis=2)
    loud = np.flatnonzero((runs >= _RUN_SUM).any(axis=1))
    if loud.size == 0:
        return slice(0, 0)
    first = -((FRAME - _RUN - int(loud[0])) // HOP)
    last = int(loud[-1]) // HOP
    return slice(max(first, 0), min(last + 1, frame_count(reference.shape[0])))


def loud_from(reference: Real, test: Real) -> int:
    """First frame whose noise loudness counts, given loudness ``(frames,)`` in sone; beyond the end if never loud."""
    both = np.flatnonzero((reference > _LOUD_SONE) & (test > _LOUD_SONE))
    return int(both[0]) + _LOUD_DELAY if both.size else reference.size


def mean(values: Real, weights: Real | None = None) -> float:
    """Linear, perhaps weighted mean (§5.2); 0 without values or weight."""
    total = float(np.sum(weights)) if weights is not None else values.size
    if total == 0:
        return 0.0
    return float(np.sum(values if weights is None else weights * values)) / total


def root_mean_square(values: Real) -> float:
    """§5.2: root of the mean square; 0 without values."""
    return float(np.sqrt(mean(np.square(values))))


def windowed(values: Real) -> float:
    """Mean of roots over 100 ms, then the square root of the mean of their fourth powers (§5.2); 0 when shorter."""
    if values.size < WINDOW:
        return 0.0
    sums = np.convolve(np.sqrt(values), np.full(WINDOW, 1 / WINDOW), "valid")
    return float(np.sqrt(np.mean(sums**4)))

"""How strongly each band's envelope moves, and how that movement differs (§3.2, §4.2)."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import BANDS, FRAMES_PER_SECOND, INTERNAL_NOISE, Real, smooth, time_constant

_COMPRESSION: Final = 0.3
"""Exponent that turns excitation into a simple loudness (§3.2)."""
_LEVEL_WEIGHT: Final = 100.0
"""levWt of the basic version (§4.2, (65))."""

_FACTOR = time_constant(0.050, 0.008)
"""Time constants at 100 Hz and at least, in seconds (§3.2, (56))."""


@dataclass(frozen=True, slots=True)
class Modulation:
    """Of one signal, each ``(frames, 109)``."""

    pattern: Real
    """Depth and speed of the envelope's movement (57)."""
    loudness: Real
    """The envelope itself, smoothed (55)."""


def modulation(pattern: Real) -> Modulation:
    """From an excitation ``pattern`` ``(frames, 109)`` not yet spread over time."""
    loudness = pattern**_COMPRESSION
    slope = FRAMES_PER_SECOND * np.abs(np.diff(loudness, axis=0, prepend=0.0))
    average = smooth(loudness, _FACTOR)
    return Modulation(smooth(slope, _FACTOR) / (1 + average / 0.3), average)


def difference(reference: Modulation, test: Modulation, offset: float, less: float) -> Real:
    """ModDiff of each frame, ``(frames,)``: where the test moves less than the reference it is weighed ``less`` (63)."""
    moved = test.pattern - reference.pattern
    weight = np.where(moved >= 0, 1.0, less)
    return np.asarray(100 / BANDS * np.sum(weight * np.abs(moved) / (offset + reference.pattern), axis=1))


def temporal_weight(reference: Modulation) -> Real:
    """Weight of each frame, ``(frames,)``: less where the reference is near the ear's own noise (65)."""
    noise = _LEVEL_WEIGHT * INTERNAL_NOISE**_COMPRESSION
    return np.asarray(np.sum(reference.loudness / (reference.loudness + noise), axis=1))

"""Probability that a difference is heard, and by how many just noticeable steps it exceeds threshold (§4.7)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import Real

_LOUDER: Final = 6.0
_QUIETER: Final = 4.0
"""Steepness where the test is the louder or the quieter one (§4.7, (76))."""
_UNHEARD: Final = 1e30
"""Detection step where the level is below 0 dB (§4.7, (74))."""
_FILTER: Final = 0.9
"""c0 of MFPDB; its c1 is 1 in the basic version, so what was once heard is never forgotten (§4.7)."""
_HEARD: Final = 0.5
"""A frame counts as distorted beyond this probability (§4.7)."""


def detect(references: list[Real], tests: list[Real]) -> tuple[Real, Real]:
    """Probability of detection and steps above threshold of each frame, each ``(frames,)``.

    One excitation ``(frames, 109)`` for each channel; in each band the channel that gives more away counts.
    """
    pairs = [_per_band(reference, test) for reference, test in zip(references, tests, strict=True)]
    probability = np.max([p for p, _ in pairs], axis=0)
    steps = np.max([q for _, q in pairs], axis=0)
    return 1 - np.prod(1 - probability, axis=1), np.sum(steps, axis=1)


def average_distorted_block(probability: Real, steps: Real) -> float:
    """ADBB: log10 of the mean steps of the distorted frames; 0 without any, -0.5 where their steps are 0 (§4.7)."""
    heard = steps[probability > _HEARD]
    if heard.size == 0:
        return 0.0
    mean = float(np.mean(heard))
    return float(np.log10(mean)) if mean > 0 else -0.5


def maximum_filtered_probability(probability: Real) -> float:
    """MFPDB: largest value of the smoothed probability (§4.7)."""
    value = most = 0.0
    for each in probability.tolist():
        value = _FILTER * value + (1 - _FILTER) * each
        most = max(most, value)
    return most


def _per_band(reference: Real, test: Real) -> tuple[Real, Real]:
    """Probability and steps of one channel, each ``(frames, 109)`` ((73)-(78))."""
    level_reference, level = 10 * np.log10(reference), 10 * np.log10(test)
    step = _just_noticeable_db(0.3 * np.maximum(level_reference, level) + 0.7 * level)
    apart = level_reference - level
    steepness = np.where(apart > 0, _QUIETER, _LOUDER)
    return 1 - 0.5 ** ((np.abs(apart) / step) ** steepness), np.trunc(np.abs(apart)) / step


def _just_noticeable_db(level: Real) -> Real:
    """Difference in dB that is heard half of the time at a level in dB (74)."""
    audible = np.maximum(level, 1e-9)
    polynomial = 9.01033e-11 * audible**4 + 5.05622e-6 * audible**3 - 0.00102438 * audible**2
    step = 5.95072 * (6.39468 / audible) ** 1.71332 + polynomial + 0.0550197 * audible - 0.198719
    return np.asarray(np.where(level > 0, np.minimum(step, _UNHEARD), _UNHEARD))

"""Intervals and tests over clips: a clip is one observation, its traces are averaged before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

RESAMPLES = 10_000
SEED = 2026
"""Of the bootstrap: the same figures give the same interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over clips with its 95 % interval; NaN where there is nothing to average."""

    mean: float
    low: float
    high: float
    count: int
    """Clips with a value."""


def mean_interval(values: Sequence[float]) -> Estimate:
    """Mean of what is finite in ``values``, and the 2.5 and 97.5 % quantiles of the means of clips drawn with replacement."""
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    drawn = np.random.default_rng(SEED).integers(finite.size, size=(RESAMPLES, finite.size))
    low, high = np.percentile(np.mean(finite[drawn], axis=1), (2.5, 97.5))
    return Estimate(float(np.mean(finite)), float(low), float(high), finite.size)


def signed_rank_p(differences: Sequence[float]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test that paired differences are symmetric about 0; NaN without any."""
    from scipy.stats import wilcoxon

    finite = np.array([value for value in differences if np.isfinite(value)])
    if not finite.size:
        return float("nan")
    return float(wilcoxon(finite).pvalue) if finite.any() else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values corrected for their number by Holm's step-down method, in the given order; NaN stays and is not counted."""
    order = [int(i) for i in np.argsort(p_values) if not np.isnan(p_values[i])]
    corrected = [float("nan")] * len(p_values)
    least = 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p_values[index]))
        corrected[index] = least
    return corrected

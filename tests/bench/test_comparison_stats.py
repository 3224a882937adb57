"""Intervals and tests against values computed by hand."""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import numpy as np
import pytest
from comparison.stats import holm, mean_interval, signed_rank_p


def test_the_interval_is_that_of_the_mean() -> None:
    """Of normal values it is near mean +- 1.96 standard errors, and the same again."""
    values = np.random.default_rng(0).normal(3, 2, 200)
    error = 1.96 * values.std() / math.sqrt(200)
    found = mean_interval(values.tolist())
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.03)
    assert found == mean_interval(values.tolist())


def test_two_values_have_three_means() -> None:
    """Resamples of {0, 1} average 0, 0.5 or 1 with probability 1/4, 1/2, 1/4: the quantiles are the ends."""
    found = mean_interval([0, 1])
    assert (found.mean, found.low, found.high, found.count) == (0.5, 0, 1, 2)


def test_what_is_not_finite_is_left_out() -> None:
    assert mean_interval([1.0, math.nan, math.inf, 3.0]).count == 2
    assert mean_interval([math.nan]).count == 0
    assert math.isnan(mean_interval([]).mean)


def test_wilcoxon_of_six_gains() -> None:
    """All of six differences positive: of 2^6 sign patterns two are as extreme, p = 2 / 64."""
    assert signed_rank_p([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 64)
    assert signed_rank_p([-1, 2, 3, 4, 5, 6]) == pytest.approx(4 / 64)


def test_wilcoxon_without_differences() -> None:
    assert signed_rank_p([0, 0, 0]) == 1
    assert math.isnan(signed_rank_p([]))


def test_holm_by_hand() -> None:
    """Sorted .01 .02 .03 .04 times 4 3 2 1 is .04 .06 .06 .04, which may not fall: .04 .06 .06 .06."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1, 1]
    found = holm([0.01, math.nan, 0.5])
    assert math.isnan(found[1])
    assert (found[0], found[2]) == pytest.approx((0.02, 0.5))

"""One predictor for both sides of a gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plcd.core.tapered_burg import tapered_burg
from plcd.restoration.two_sided_burg import two_sided_burg

Real = NDArray[np.float64]


def process(samples: int, a: list[float], seed: int = 0) -> Real:
    """An autoregressive process with a known predictor."""
    noise = np.random.default_rng(seed).normal(size=samples + 500)
    out = np.zeros_like(noise)
    for n in range(len(a), out.size):
        out[n] = noise[n] - sum(c * out[n - k] for k, c in enumerate(a, 1))
    return out[500:]


def slow(past: Real, future: Real, order: int) -> Real:
    """The sums written out: weighted Burg over two records, the second backwards."""
    records = [(past.copy(), past.copy()), (future[::-1].copy(), future[::-1].copy())]
    longer = max(past.size, future.size)
    a = np.array([1.0])
    for m in range(1, order + 1):
        energy = cross = 0.0
        for forward, backward in records:
            weight = (longer - forward.size + np.arange(forward.size) + 1) / longer
            f, b, w = forward[m:], backward[: max(0, backward.size - m)], weight[m:]
            energy += float(np.sum(w * (f**2 + b**2)))
            cross += float(np.sum(w * f * b))
        k = -2 * cross / energy
        a = np.concatenate((a, [0.0])) + k * np.concatenate((a, [0.0]))[::-1]
        for forward, backward in records:
            if forward.size > m:
                f, b = forward[m:].copy(), backward[: backward.size - m].copy()
                forward[m:], backward[: backward.size - m] = f + k * b, b + k * f
    return a


@pytest.mark.parametrize("sizes", [(200, 200), (200, 90), (30, 200), (200, 0), (0, 150), (200, 3)])
def test_it_is_burg_with_the_sums_of_both_sides(sizes: tuple[int, int]) -> None:
    past, future = (process(size, [-1.2, 0.8], seed) for seed, size in enumerate(sizes))
    np.testing.assert_allclose(two_sided_burg(past, future, 20), slow(past, future, 20), atol=1e-9)


def test_with_one_side_it_is_the_daemons_fit() -> None:
    past = process(600, [-1.2, 0.8])
    np.testing.assert_allclose(two_sided_burg(past, past[:0], 32), tapered_burg(past, 32)[0], atol=1e-9)
    np.testing.assert_allclose(
        two_sided_burg(past[:0], past[::-1].copy(), 32), tapered_burg(past, 32)[0], atol=1e-9
    )


def test_both_sides_find_the_predictor_better_than_one() -> None:
    truth = [-1.5, 1.1, -0.4]
    error = {"one": 0.0, "both": 0.0}
    for seed in range(20):
        past, future = process(300, truth, seed), process(300, truth, 100 + seed)
        error["one"] += float(np.sum((two_sided_burg(past, past[:0], 3)[1:] - truth) ** 2))
        error["both"] += float(np.sum((two_sided_burg(past, future, 3)[1:] - truth) ** 2))
    assert error["both"] < 0.7 * error["one"]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 80), st.integers(0, 9))
def test_whatever_it_is_given_it_is_finite(past: int, future: int, order: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = (
        rng.normal(size=150),
        np.zeros(150),
        np.ones(150),
        np.cos(np.arange(150.0)),
        np.arange(150) % 7 * 1e-200,
    )
    sound: Real = np.asarray(kinds[seed % len(kinds)], np.float64)
    a = two_sided_burg(sound[:past], sound[150 - future :], order)
    assert a[0] == 1.0
    assert np.isfinite(a).all()
    assert a.size == 1 + max(0, min(order, max(past, future) - 1))
    assert abs(a[-1]) <= 1.0  # the last reflection coefficient

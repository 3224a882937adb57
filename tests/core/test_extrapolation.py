import numpy as np
import pytest
from core_streams import music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.extrapolation import ALONE_S, LOUDNESS_SAMPLES, MIXED_S, Extrapolation
from plcd.core.innovation import Innovation
from plcd.core.linear_prediction import Real, drive, extrapolate
from plcd.core.predictor import Fit, Predictor

RATE = 44_100
MIXED, ALONE = 512, 3 * 512
"""Samples: up to here all members speak, from here on the first alone."""
PAST = music(4000)[:, 0].astype(np.float64)
FITS = [
    Predictor(*member).fit(PAST) for member in (("tapered", 64, 2000), ("burg", 16, 800), ("lpc", 8, 1500))
]
WEIGHTS = (0.5, 0.3, 0.2)


def mixture(*weights: float) -> list[tuple[Fit, float]]:
    return list(zip(FITS, weights, strict=False))


def running(
    fits: list[tuple[Fit, float]], noise: float = 0.0, ceiling: float = 10.0, past: Real = PAST
) -> Extrapolation:
    return Extrapolation(past, fits, Innovation(fits[-1][0].errors, RATE, noise), ceiling, RATE)


def predicted(fit: Fit, count: int) -> Real:
    out = np.empty(count)
    extrapolate(PAST, fit.coefficients, out)
    return out


def test_at_the_start_the_weights_speak() -> None:
    made = running(mixture(*WEIGHTS)).next(MIXED)
    expected = sum(weight * predicted(fit, MIXED) for fit, weight in mixture(*WEIGHTS))
    assert made == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("weights", [WEIGHTS, (0.0, 0.5, 0.5), (1.0, 0.0, 0.0)])
def test_later_the_primary_alone(weights: tuple[float, ...]) -> None:
    """It goes on where it is by then, even where it had no say before."""
    assert (round(MIXED_S * RATE), round(ALONE_S * RATE)) == (MIXED, ALONE)
    made = running(mixture(*weights)).next(4000)
    assert made[ALONE:] == pytest.approx(predicted(FITS[0], 4000)[ALONE:], abs=1e-12)


def test_between_them_the_primary_takes_over_evenly() -> None:
    made = running(mixture(*WEIGHTS)).next(4000)[MIXED:ALONE]
    start = np.zeros(4000)
    for fit, weight in mixture(*WEIGHTS):
        start += weight * predicted(fit, 4000)
    alone = np.arange(MIXED, ALONE) / RATE
    alone = (alone - MIXED / RATE) / ((ALONE - MIXED) / RATE)
    assert made == pytest.approx(
        (1 - alone) * start[MIXED:ALONE] + alone * predicted(FITS[0], 4000)[MIXED:ALONE], abs=1e-9
    )


@settings(max_examples=100)
@given(
    st.lists(st.one_of(st.integers(1, 64), st.integers(1, 2000)), min_size=1, max_size=20),
    st.sampled_from([(1.0,), WEIGHTS, (0.0, 1.0), (1.0, 0.0, 0.0), (1e-300, 0.0, 1.0)]),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([0.05, 10.0]),
)
def test_how_it_is_cut_does_not_matter(
    sizes: list[int], weights: tuple[float, ...], noise: float, ceiling: float
) -> None:
    whole = running(mixture(*weights), noise, ceiling).next(sum(sizes))
    cut = running(mixture(*weights), noise, ceiling)
    assert np.array_equal(np.concatenate([cut.next(size) for size in sizes]), whole)
    assert cut.made == sum(sizes)


def test_the_innovation_goes_through_the_last_members_filter_on_top() -> None:
    plain, noisy = (running(mixture(*WEIGHTS), noise).next(3000) for noise in (0.0, 1.0))
    shaped = np.empty(3000)
    last = FITS[len(WEIGHTS) - 1]
    drive(np.zeros(8), last.coefficients, Innovation(last.errors, RATE, 1.0).part(0, 3000), shaped)
    assert shaped.any()
    assert noisy - plain == pytest.approx(shaped, abs=1e-12)


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("ceiling", [0.0, 1e-3, 0.1])
def test_nothing_exceeds_the_ceiling(noise: float, ceiling: float) -> None:
    made = running(mixture(*WEIGHTS), noise, ceiling).next(3000)
    assert np.abs(made).max() <= ceiling
    assert ceiling == 0.0 or np.isclose(np.abs(made), ceiling).any()


def test_a_member_that_swells_counts_no_more_than_the_ceiling() -> None:
    swelling = Fit(np.array([1.0, -1.05]), np.zeros(0))
    made = running([(FITS[0], 0.75), (swelling, 0.25)], ceiling=0.4, past=np.full(100, 0.1)).next(400)
    alone = running([(FITS[0], 1.0)], ceiling=0.4, past=np.full(100, 0.1)).next(400)
    assert made[200:] == pytest.approx(np.clip(0.75 * alone + 0.25 * 0.4, -0.4, 0.4)[200:], abs=1e-9)


@pytest.mark.parametrize("known", [0, 1, 5, 20])
def test_a_past_shorter_than_the_orders_is_preceded_by_silence(known: int) -> None:
    past = PAST[PAST.size - known :]
    padded = np.concatenate((np.zeros(64), past))
    made = running(mixture(*WEIGHTS), past=past).next(500)
    assert np.array_equal(made, running(mixture(*WEIGHTS), past=padded).next(500))
    assert made.any() == bool(known)


def test_the_past_stays_as_it_was_and_is_not_looked_at_again() -> None:
    past = PAST.copy()
    ours, other = running(mixture(*WEIGHTS), past=past), running(mixture(*WEIGHTS))
    assert np.array_equal(ours.next(700), other.next(700))
    assert np.array_equal(past, PAST)
    past[:] = np.nan
    assert np.array_equal(ours.next(700), other.next(700))


@pytest.mark.parametrize("times", [1.5, 5.0, 30.0])
def test_a_long_hole_is_no_louder_than_what_came_before(times: float) -> None:
    """Whatever the predictor makes of a note that began just before the hole, and however it is cut."""
    tone = Fit(np.array([1.0, -2.0 * np.cos(0.2), 1.0]), np.zeros(0))
    past = np.sin(0.2 * np.arange(LOUDNESS_SAMPLES))
    past[-300:] *= times
    usual = float(np.mean(np.square(past)))
    made = running([(tone, 1.0)], ceiling=100.0, past=past).next(2 * LOUDNESS_SAMPLES)
    for length in (LOUDNESS_SAMPLES, 2 * LOUDNESS_SAMPLES):
        assert np.mean(np.square(made[:length])) < 10**0.35 * usual
    assert made[:200] == pytest.approx(times * np.sin(0.2 * (LOUDNESS_SAMPLES + np.arange(200))), abs=1e-6)
    parts = running([(tone, 1.0)], ceiling=100.0, past=past)
    cut = [parts.next(size) for size in (1, 700, 3000, 2 * LOUDNESS_SAMPLES - 3701)]
    assert np.array_equal(np.concatenate(cut), made)

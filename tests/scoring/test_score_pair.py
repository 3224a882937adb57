"""What can be scored and what is refused; where a trace puts the losses."""

import numpy as np
import pytest

from plcd.scoring.pair import Burst, Losses, Pair, Real, ScoreError, decibels


def _sound(samples: int = 100, channels: int = 1) -> Real:
    return np.random.default_rng(samples).uniform(-0.5, 0.5, (samples, channels))


@pytest.mark.parametrize(
    ("reference", "output", "reason"),
    [
        (_sound(100), _sound(99), "the reference has 100 samples, the output 99"),
        (_sound(100, 2), _sound(100), "the reference has 2 channels, the output 1"),
        (_sound(100), np.full((100, 1), np.nan), "the output holds values that are not finite"),
        (np.full((100, 1), np.inf), _sound(100), "the reference holds values that are not finite"),
        (np.zeros((100, 1)), _sound(100), "the reference is silent"),
        (np.zeros((0, 1)), np.zeros((0, 1)), "the reference is silent"),
    ],
)
def test_what_cannot_be_compared(reference: Real, output: Real, reason: str) -> None:
    with pytest.raises(ScoreError) as caught:
        Pair(48_000, reference, output)
    assert str(caught.value) == reason


def test_a_rate_is_positive() -> None:
    with pytest.raises(ScoreError, match="rate"):
        Pair(0, _sound(), _sound())


def _flags(text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.array([c == "1" for c in text])


def test_bursts_are_runs_of_lost_packets() -> None:
    losses = Losses(_flags("10011"), 10, 45)
    assert losses.bursts() == [Burst(0, 10, 1), Burst(30, 45, 2)]
    assert np.flatnonzero(losses.lost()).tolist() == [*range(10), *range(30, 45)]


def test_samples_behind_the_trace_were_not_lost() -> None:
    losses = Losses(_flags("01"), 10, 25)
    assert np.flatnonzero(losses.lost()).tolist() == list(range(10, 20))


def test_a_trace_that_does_not_fit() -> None:
    with pytest.raises(ScoreError, match="2 lines"):
        Losses(_flags("01"), 10, 45)
    with pytest.raises(ScoreError, match="packet"):
        Losses(_flags("01"), 0, 20)


def test_decibels_at_the_ends() -> None:
    assert decibels(100, 1) == pytest.approx(20)
    assert decibels(1, 0) == float("inf")
    assert decibels(0, 1) == float("-inf")
    assert np.isnan(decibels(0, 0))

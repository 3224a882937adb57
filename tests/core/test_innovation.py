from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.innovation import Innovation, Levels
from plcd.core.linear_prediction import Real

RATE = 44_100
FLAT = Levels(rise_s=1e-9, low=1.0, high=1.0, low_until_s=np.inf, high_later=1.0)
"""Nothing depends on the place, the first sample of a hole excepted."""
HIGH = Levels(rise_s=1e-9, low=0.0, high=1.0, high_later=1.0)
LOW = Levels(rise_s=1e-9, low=1.0, high=0.0, low_until_s=np.inf, high_later=0.0)
rates = pytest.mark.parametrize("rate", [32_000, 44_100, 48_000, 96_000])


def white(count: int, seed: int = 0) -> Real:
    return np.random.default_rng(seed).standard_normal(count)


def tone(count: int, hz: float, rate: int = RATE) -> Real:
    wave: Real = np.sqrt(2.0) * np.sin(2 * np.pi * hz / rate * np.arange(count))
    return wave


def rms(x: Real) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def levels(x: Real, size: int) -> list[float]:
    return [rms(x[start : start + size]) for start in range(0, x.size - size + 1, size)]


def gain(made: Real, errors: Real, rate: int, low_hz: float, high_hz: float) -> float:
    """Amplitude of what was made relative to the errors' own, from ``low_hz`` to ``high_hz``."""

    def density(x: Real) -> float:
        hz = np.fft.rfftfreq(x.size, 1 / rate)
        band = (hz >= low_hz) & (hz < high_hz)
        return float(np.sum(np.abs(np.fft.rfft(x)[band]) ** 2)) / x.size**2

    return float(np.sqrt(density(made) / density(errors)))


@settings(max_examples=80)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 5000),
    st.lists(st.integers(1, 3000), min_size=1, max_size=10),
    st.sampled_from([8000, 44_100, 96_000]),
    st.integers(0, 20_000),
)
def test_parts_are_the_whole(seed: int, count: int, sizes: list[int], rate: int, start: int) -> None:
    innovation = Innovation(white(count, seed), rate, 0.7)
    whole = innovation.part(start, sum(sizes))
    ends = np.cumsum([0, *sizes])
    parts = [innovation.part(start + int(end), size) for end, size in zip(ends[:-1], sizes, strict=True)]
    assert np.array_equal(np.concatenate(parts), whole)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 2.0))
def test_the_amount_scales_it(seed: int, amount: float) -> None:
    errors = white(2000, seed)
    whole, part = (Innovation(errors, RATE, factor).part(0, 3000) for factor in (1.0, amount))
    assert whole.any()
    assert part == pytest.approx(amount * whole, abs=1e-12)


@pytest.mark.parametrize("scale", [1e-45, 1e-30, 1e30, 3e38])
def test_so_do_the_errors(scale: float) -> None:
    errors = white(2000)
    made = Innovation(scale * errors, RATE, 1.0).part(0, 3000)
    assert made / scale == pytest.approx(Innovation(errors, RATE, 1.0).part(0, 3000), rel=1e-6, abs=1e-9)


@rates
@pytest.mark.parametrize("hz", [1200, 6000, 12_000])
def test_it_begins_as_loud_as_the_errors_end(rate: int, hz: float) -> None:
    """In both bands, whatever the errors were long before."""
    errors = tone(4096 * rate // RATE, hz, rate)
    made = Innovation(errors, rate, 1.0, FLAT).part(0, rate // 50)
    assert rms(made) == pytest.approx(rms(errors), rel=0.12)


def test_it_is_quieter_where_the_errors_are_unsteady() -> None:
    errors = tone(4096, 8000)
    attack = errors.copy()
    attack[-1024:] *= 10.0
    steady, unsteady = (Innovation(x, RATE, 1.0, FLAT).part(0, 1000) for x in (10.0 * errors, attack))
    assert rms(unsteady) < 0.7 * rms(steady)


@settings(max_examples=60)
@given(st.lists(st.floats(-0.3, 0.3), min_size=6, max_size=16))
def test_its_level_never_rises_with_the_distance(steps: list[float]) -> None:
    """However the errors swelled and decayed: it may stay or fall."""
    count = 256 * len(steps)
    envelope = np.exp(np.interp(np.arange(count), 256 * np.arange(len(steps)) + 128, np.cumsum(steps)))
    made = levels(Innovation(envelope * tone(count, 8000), RATE, 1.0, FLAT).part(0, 3 * count), 256)
    assert made[0] > 0.0
    for before, after in pairwise(made):
        assert after < 1.15 * before
    assert max(made) < 1.2 * made[0]


def test_a_decay_goes_on_and_an_attack_is_not_repeated() -> None:
    place = np.arange(4096)
    decaying = np.exp(-place / 2000.0) * tone(4096, 8000)
    made = Innovation(decaying, RATE, 1.0, FLAT).part(0, 4096)
    assert rms(made[-1000:]) < 1.02 * rms(made[:1000])
    attack = tone(4096, 8000)
    attack[1000:1500] *= 30.0
    made = Innovation(attack, RATE, 1.0, FLAT).part(0, 4096)
    assert max(levels(made, 256)) < 1.3 * made[:256].std()


@rates
def test_the_low_band_lies_low(rate: int) -> None:
    errors = white(1 << 15)
    made = Innovation(errors, rate, 1.0, LOW).part(0, 1 << 15)
    # A little below 1: white noise is not quite steady, and the level follows its dips.
    assert gain(made, errors, rate, 800, 1800) == pytest.approx(0.9, abs=0.15)
    assert gain(made, errors, rate, 7000, rate / 2) < 0.03
    # 127 taps cannot tell 0 from 500 Hz at 96 kHz.
    assert gain(made, errors, rate, 1, 60) < (0.4 if rate < 50_000 else 0.7)


@rates
def test_the_high_band_lies_high_but_not_above_hearing(rate: int) -> None:
    errors = white(1 << 15)
    made = Innovation(errors, rate, 1.0, HIGH).part(0, 1 << 15)
    assert gain(made, errors, rate, 5000, 13_000) == pytest.approx(0.9, abs=0.15)
    assert gain(made, errors, rate, 1, 700) < 0.06
    if rate > 38_000:
        assert gain(made, errors, rate, 19_000, rate / 2) < 0.1


@rates
def test_the_low_band_fades_early_and_the_high_one_only_to_a_part(rate: int) -> None:
    errors = white(1 << 15)
    at = Levels()
    made = Innovation(errors, rate, 1.0).part(0, 2 * rate)
    start, later = made[: round(0.006 * rate)], made[round(at.high_until_s * rate) :][: 1 << 15]
    middle = made[round(at.low_until_s * rate) :][: 1 << 15]
    assert gain(start, errors, rate, 600, 2000) > 0.6 * at.low
    assert gain(middle, errors, rate, 200, 900) < 0.15
    assert gain(start, errors, rate, 5000, 13_000) == pytest.approx(at.high, abs=0.3)
    assert gain(later, errors, rate, 5000, 13_000) == pytest.approx(at.high_later, rel=0.2)


@rates
def test_it_rises_from_nothing(rate: int) -> None:
    """In a line; from then on it is what it would be anyway."""
    at = Levels()
    rise = round(at.rise_s * rate)
    made = Innovation(white(4096), rate, 1.0).part(0, 4 * rise)
    at_once = Innovation(white(4096), rate, 1.0, replace(at, rise_s=1e-9)).part(0, 4 * rise)
    line = np.minimum(1.0, np.arange(4 * rise) / (at.rise_s * rate))
    assert made[0] == 0.0
    assert made == pytest.approx(line * at_once, abs=1e-12)


@pytest.mark.parametrize("count", [0, 1, 7, 100, 511])
def test_too_few_errors_give_silence(count: int) -> None:
    assert Innovation(white(count), RATE, 2.0).part(0, 1000).tolist() == [0.0] * 1000


def test_no_errors_and_no_amount_give_silence() -> None:
    assert not Innovation(np.zeros(4096), RATE, 2.0).part(0, 9000).any()
    assert not Innovation(white(4096), RATE, 0.0).part(0, 9000).any()
    ended = white(4096)
    ended[-512:] = 0.0
    assert not Innovation(ended, RATE, 2.0).part(0, 9000).any()


@pytest.mark.parametrize("count", [512, 1000, 4096])
def test_behind_its_end_it_goes_round_and_never_ends(count: int) -> None:
    whole = count // 256 * 256
    made = Innovation(white(count), RATE, 1.0, FLAT).part(whole, 5 * whole)
    for start in range(whole, 5 * whole, whole):
        assert np.array_equal(made[start : start + whole], made[:whole])
    assert min(levels(made, 256)) > 0.0


@pytest.mark.parametrize("rate", [1, 100, 8000, 192_000, 768_000])
def test_any_rate_will_do(rate: int) -> None:
    errors = white(4096)
    made = Innovation(errors, rate, 1.0).part(0, 5000)
    assert np.isfinite(made).all()
    assert np.abs(made).max() < 5 * np.abs(errors).max()


def test_it_has_no_state_and_leaves_the_errors_alone() -> None:
    errors = white(3000)
    before = errors.copy()
    innovation = Innovation(errors, RATE, 1.0)
    once = innovation.part(100, 700)
    innovation.part(5000, 3)
    assert np.array_equal(innovation.part(100, 700), once)
    once[:] = np.nan
    assert np.isfinite(innovation.part(0, 2000)).all()
    assert np.array_equal(errors, before)

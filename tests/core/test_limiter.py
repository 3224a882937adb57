"""A sum inside full scale: untouched where it fits, bounded where it does not, never torn."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plcd.core.limiter import RELEASE_DB_S, Limiter, Sum

RATE = 48_000
ANY = arrays(np.float64, st.tuples(st.integers(1, 64), st.integers(1, 3)), elements=st.floats(-32.0, 32.0))


def tone(seconds: float, peak: float) -> Sum:
    time = np.arange(round(seconds * RATE)) / RATE
    return (peak * np.sin(2 * np.pi * 100.0 * time))[:, None]


@given(st.lists(ANY.map(lambda total: total / 32.0), max_size=4))
def test_what_fits_is_the_sum_itself(totals: list[Sum]) -> None:
    limiter = Limiter(RATE)
    for total in totals:
        assert np.array_equal(limiter.hold(total), total.astype(np.float32))
    assert limiter.gain == 1.0


@given(st.lists(ANY, max_size=6))
def test_nothing_exceeds_full_scale(totals: list[Sum]) -> None:
    limiter = Limiter(RATE)
    for total in totals:
        held = limiter.hold(total)
        assert np.abs(held).max() <= 1.0
        assert np.all(np.abs(held) <= np.abs(total).astype(np.float32))
        assert np.all(held * total >= 0.0)
        assert 0.0 < limiter.gain <= 1.0


@given(ANY, st.integers(0, 64))
def test_it_does_not_matter_how_the_sum_is_cut(total: Sum, cut: int) -> None:
    one, two = Limiter(RATE), Limiter(RATE)
    parts = [part for part in (total[:cut], total[cut:]) if part.size]
    assert np.array_equal(one.hold(total), np.concatenate([two.hold(part) for part in parts]))


def test_the_gain_is_one_for_all_channels_and_comes_back_to_exactly_one() -> None:
    limiter = Limiter(RATE)
    loud = np.concatenate((tone(0.1, 2.0), 0.25 * tone(0.1, 2.0)), axis=1)
    held = limiter.hold(loud)
    assert np.allclose(held[:, 1], held[:, 0] / 4, atol=1e-6)
    assert limiter.gain < 0.55
    quiet = tone(20.0 * np.log10(2.0) / RELEASE_DB_S + 0.1, 0.5)
    limiter.hold(quiet)
    assert limiter.gain == 1.0


def test_the_wave_stays_whole() -> None:
    """No step that is not in the sum: it rises to full scale, stays there, and falls with it."""
    loud = tone(0.5, 3.0)
    steps = np.abs(np.diff(Limiter(RATE).hold(loud)[:, 0]))
    assert steps.max() <= np.abs(np.diff(loud[:, 0])).max() + 1e-6  # rounding
    settled = Limiter(RATE).hold(loud)[RATE // 4 :, 0]
    spectrum = np.abs(np.fft.rfft(settled * np.hanning(settled.size))) ** 2
    hz = np.fft.rfftfreq(settled.size, 1 / RATE)
    others = spectrum[np.abs(hz - 100.0) > 20.0].sum() / spectrum.sum()
    assert 10 * np.log10(others) < -30.0

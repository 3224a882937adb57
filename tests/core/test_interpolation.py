import numpy as np
import pytest
from core_streams import music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.interpolation import interpolate, interpolate_each
from plcd.core.linear_prediction import Real, burg


def closed(past: Real, future: Real, a: Real, missing: int, innovation: Real | None = None) -> Real | None:
    out = np.full(missing, np.nan)
    wanted = np.zeros(missing) if innovation is None else innovation
    return out if interpolate(past, future, a, wanted, out) else None


def dense(past: Real, future: Real, a: Real, missing: int, innovation: Real | None = None) -> Real:
    """The same by building the matrix: errors over hole and future, linear in what is missing."""
    wanted = np.zeros(missing + future.size)
    wanted[:missing] = 0.0 if innovation is None else innovation
    order = a.size - 1
    signal = np.concatenate((past[past.size - order :], np.zeros(missing), future))

    def errors(x: Real) -> Real:
        return np.convolve(x, a, mode="valid")

    columns = []
    for place in range(missing):
        unit = np.zeros(signal.size)
        unit[order + place] = 1.0
        columns.append(errors(unit))
    solution, *_ = np.linalg.lstsq(np.stack(columns, axis=1), wanted - errors(signal), rcond=None)
    return np.asarray(solution)


@settings(max_examples=150)
@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 40), st.integers(1, 40))
def test_it_is_the_least_squares_solution(seed: int, order: int, missing: int, after: int) -> None:
    """With any relation of hole, order and future: shorter, equal, longer."""
    rng = np.random.default_rng(seed)
    a = burg(rng.standard_normal(200), order)
    past, future = rng.standard_normal(order + 3), rng.standard_normal(after)
    made = closed(past, future, a, missing)
    assert made is not None
    assert made == pytest.approx(dense(past, future, a, missing), abs=1e-5)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 40), st.integers(1, 40))
def test_with_an_innovation_the_errors_come_as_near_to_it_as_they_can(
    seed: int, order: int, missing: int, after: int
) -> None:
    rng = np.random.default_rng(seed)
    a = burg(rng.standard_normal(200), order)
    past, future = rng.standard_normal(order + 3), rng.standard_normal(after)
    innovation = rng.standard_normal(missing)
    made = closed(past, future, a, missing, innovation)
    assert made is not None
    assert made == pytest.approx(dense(past, future, a, missing, innovation), abs=1e-5)


@pytest.mark.parametrize(("order", "missing", "after"), [(24, 60, 24), (60, 24, 60), (8, 1, 3), (12, 100, 1)])
def test_several_at_once_are_what_each_is_alone(order: int, missing: int, after: int) -> None:
    rng = np.random.default_rng(order)
    a = burg(rng.standard_normal(300), order)
    past, future = rng.standard_normal(order), rng.standard_normal(after)
    innovations = rng.standard_normal((3, missing))
    innovations[0] = 0.0
    out = np.full((3, missing), np.nan)
    assert interpolate_each(past, future, a, innovations, out)
    for made, innovation in zip(out, innovations, strict=True):
        assert made == pytest.approx(dense(past, future, a, missing, innovation), abs=1e-5)


def test_the_true_innovation_restores_what_was_lost() -> None:
    rng = np.random.default_rng(7)
    a = burg(music(3000)[:, 0].astype(np.float64), 32)
    x = rng.standard_normal(600)
    errors = np.convolve(x, a, mode="valid")  # of x[32:]
    made = closed(x[:300], x[400:432], a, 100, errors[300 - 32 : 400 - 32])
    without = closed(x[:300], x[400:432], a, 100)
    assert made is not None
    assert without is not None
    # What the future's errors ask for beside it is spread over the hole.
    assert np.sum((made - x[300:400]) ** 2) < np.sum((without - x[300:400]) ** 2)


@pytest.mark.parametrize(("order", "missing"), [(32, 64), (128, 100), (64, 300)])
def test_it_is_the_least_squares_solution_for_music(order: int, missing: int) -> None:
    x = music(3000)[:, 0].astype(np.float64)
    past, future = x[:1500], x[1500 + missing : 1500 + missing + order]
    a = burg(past, order)
    made = closed(past, future, a, missing)
    assert made is not None
    assert made == pytest.approx(dense(past, future, a, missing), abs=1e-4)


def test_it_comes_nearer_than_extrapolation_from_either_side() -> None:
    x = music(4096 + 512 + 1024)[:, 0].astype(np.float64)
    past, gone, future = np.split(x, (4096, 4608))
    a = burg(past, 512)
    made = closed(past, future[:512], a, 512)
    assert made is not None
    assert 10 * np.log10(gone @ gone / ((made - gone) @ (made - gone))) > 12


@pytest.mark.parametrize("frequencies", [[0.05], [0.3, 1.5], [0.01, 0.4, 3.0]])
@pytest.mark.parametrize("missing", [1, 64, 512, 1024])
def test_pure_tones_are_restored(frequencies: list[float], missing: int) -> None:
    time = np.arange(4096 + missing + 1024)
    x = sum((0.3 * np.sin(f * time + f) for f in frequencies), np.zeros(time.size))
    x = x.astype(np.float32).astype(np.float64)
    past, gone, future = np.split(x, (4096, 4096 + missing))
    made = closed(past, future, burg(past, 1024), missing)
    assert made is not None
    assert 10 * np.log10(gone @ gone / ((made - gone) @ (made - gone))) > 50


@pytest.mark.parametrize("missing", [1, 2, 5, 40])
@pytest.mark.parametrize("order", [1, 2, 12])
def test_the_same_from_both_sides_is_symmetric(missing: int, order: int) -> None:
    """With a future as long as the order, the solution depends on a's autocorrelation only, which has no direction."""
    rng = np.random.default_rng(order)
    a = burg(rng.standard_normal(300), order)
    past = rng.standard_normal(order)
    made = closed(past, past[::-1].copy(), a, missing)
    assert made is not None
    assert made == pytest.approx(made[::-1], abs=1e-6)


def test_a_line_between_two_points() -> None:
    """The least change from sample to sample, a = [1, -1], is a straight line."""
    made = closed(np.array([0.0]), np.array([10.0]), np.array([1.0, -1.0]), 9)
    assert made == pytest.approx(np.arange(1, 10), abs=1e-4)


@pytest.mark.parametrize("missing", [1, 10])
def test_nothing_known_of_the_signal_gives_silence(missing: int) -> None:
    a = np.zeros(9)
    a[0] = 1.0
    made = closed(np.ones(8), np.ones(8), a, missing)
    assert made is not None
    assert not made.any()


def test_silence_on_both_sides_stays_silence() -> None:
    a = burg(np.random.default_rng(0).standard_normal(200), 16)
    made = closed(np.zeros(16), np.zeros(16), a, 50)
    assert made is not None
    assert not made.any()


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e30, 3e38])
def test_amplitude_does_not_matter(scale: float) -> None:
    rng = np.random.default_rng(1)
    a = burg(rng.standard_normal(200), 16)
    past, future = rng.standard_normal(16), rng.standard_normal(16)
    made, scaled = closed(past, future, a, 30), closed(scale * past, scale * future, a, 30)
    assert made is not None
    assert scaled is not None
    assert scaled / scale == pytest.approx(made, rel=1e-6)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 64), st.integers(1, 200), st.integers(1, 64))
def test_hard_predictors_are_refused_or_solved(seed: int, order: int, missing: int, after: int) -> None:
    """Predictors with roots on the circle make the equations all but singular: the result is finite, or there is none."""
    rng = np.random.default_rng(seed)
    tone = np.sin(rng.uniform(0, np.pi) * np.arange(256) + 1)
    a = burg(np.sign(tone) if seed % 2 else tone, order)
    made = closed(rng.standard_normal(order), rng.standard_normal(after), a, missing)
    assert made is None or np.isfinite(made).all()


def test_what_it_is_given_stays_as_it_was() -> None:
    rng = np.random.default_rng(2)
    past, future, a = rng.standard_normal(20), rng.standard_normal(20), burg(rng.standard_normal(99), 12)
    innovation = rng.standard_normal(30)
    before = [part.copy() for part in (past, future, a, innovation)]
    closed(past, future, a, 30, innovation)
    for part, copy in zip((past, future, a, innovation), before, strict=True):
        assert np.array_equal(part, copy)

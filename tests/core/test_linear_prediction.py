import numpy as np
import pytest
from core_streams import continued, music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.linear_prediction import (
    Real,
    autocorrelation,
    autocorrelation_fit,
    burg,
    drive,
    levinson,
    mean_error,
    prediction_errors,
    run_on,
)

FITS = [burg, autocorrelation_fit]
seeds = st.integers(0, 2**32 - 1)


def noise(count: int, seed: int = 0) -> Real:
    return np.random.default_rng(seed).standard_normal(count)


def ar_process(a: list[float], count: int, seed: int = 0) -> Real:
    """Noise through 1 / A(z)."""
    x = np.concatenate((np.zeros(len(a)), noise(count + 500, seed)))
    for n in range(len(a), x.size):
        x[n] -= sum(a[k] * x[n - k] for k in range(1, len(a)))
    return x[-count:].copy()


def textbook_burg(x: Real, order: int) -> Real:
    """Kay, Modern Spectral Estimation, eqs. 7.42 to 7.44, one array operation a line."""
    a = np.array([1.0])
    forward, backward = x[1:], x[:-1]
    for _ in range(order):
        k = -2.0 * (forward @ backward) / (forward @ forward + backward @ backward)
        forward, backward = forward + k * backward, backward + k * forward
        forward, backward = forward[1:], backward[:-1]
        padded = np.append(a, 0.0)
        a = padded + k * padded[::-1]
    return a


@settings(max_examples=30)
@given(seeds, st.integers(2, 300), st.data())
def test_burg_is_the_textbooks(seed: int, count: int, data: st.DataObject) -> None:
    order = data.draw(st.integers(1, min(40, count // 2)))
    x = noise(count, seed)
    assert burg(x, order) == pytest.approx(textbook_burg(x, order), abs=1e-9)


@pytest.mark.parametrize(("order", "count"), [(128, 3584), (512, 2048)])
def test_burg_is_the_textbooks_for_music_too(order: int, count: int) -> None:
    x = music(count)[:, 0].astype(np.float64)
    assert burg(x, order) == pytest.approx(textbook_burg(x, order), abs=1e-7)


@settings(max_examples=30)
@given(seeds, st.integers(1, 60), st.integers(1, 200))
def test_levinson_solves_the_normal_equations(seed: int, order: int, extra: int) -> None:
    x = noise(order + extra, seed)
    r = autocorrelation(x, order)
    assert r == pytest.approx([x[: x.size - lag] @ x[lag:] for lag in range(order + 1)], abs=1e-9)
    matrix = r[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
    expected = np.linalg.solve(matrix, -r[1:])
    assert levinson(r) == pytest.approx([1.0, *expected], abs=1e-5)
    assert autocorrelation_fit(x, order) == pytest.approx(levinson(r), abs=1e-12)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("a", [[1.0, -0.9], [1.0, 0.5, 0.25], [1.0, -1.6, 0.81], [1.0, -2.1, 1.9, -0.7]])
def test_known_processes_are_recovered(fit: object, a: list[float]) -> None:
    assert callable(fit)
    # Five deviations of an estimate from 20,000 samples (Kay, eq. 6.40), for poles not too near the circle.
    assert fit(ar_process(a, 20_000), len(a) - 1) == pytest.approx(a, abs=5 * 20_000**-0.5)


@pytest.mark.parametrize("frequencies", [[0.05], [1.5, 0.3], [0.01, 0.02, 0.4], [3.0, 0.07, 0.8, 1.9]])
@pytest.mark.parametrize("phase", [0.0, 0.7])
@pytest.mark.parametrize("bits", [16, 24])
def test_pure_tones_go_on(frequencies: list[float], phase: float, bits: int) -> None:
    """The cleaner the signal, the better; low tones close to each other are the hardest."""
    time = np.arange(4096 + 1024)
    x = sum((0.3 * np.sin(f * time + phase) for f in frequencies), np.zeros(time.size))
    x = np.rint(x * 2 ** (bits - 1)) / 2 ** (bits - 1)
    past, future = x[:4096], x[4096:]
    made = continued(past, burg(past, 1024), 1024)
    assert 10 * np.log10(future @ future / ((made - future) @ (made - future))) > (60 if bits == 16 else 80)


@pytest.mark.parametrize("fit", FITS)
@settings(max_examples=25)
@given(seeds, st.integers(1, 24), st.sampled_from(["noise", "tone", "square", "steps", "decay"]))
def test_predictors_are_stable(fit: object, seed: int, order: int, kind: str) -> None:
    assert callable(fit)
    rng = np.random.default_rng(seed)
    time = np.arange(256)
    signals: dict[str, Real] = {
        "noise": rng.standard_normal(256),
        "tone": np.sin(rng.uniform(0, np.pi) * time),
        "square": np.sign(np.sin(rng.uniform(0, 1) * time + 0.1)),
        "steps": np.repeat(rng.standard_normal(8), 32),
        "decay": np.exp(-0.05 * time) * rng.standard_normal(256),
    }
    x = signals[kind]
    a = fit(x, order)
    assert a[0] == 1.0
    # Rounding may push roots that lie on the circle over it by as much as they move each other apart.
    assert np.abs(np.roots(a)).max(initial=0.0) < 1.0 + 1e-4
    # What counts: a third of a second never explodes.
    assert np.abs(continued(x, a, 13_230)).max() < 100 * np.abs(x).max()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("scale", [1e-45, 1e-30, 1e-3, 1e30, 3e38])
def test_amplitude_does_not_matter(fit: object, scale: float) -> None:
    assert callable(fit)
    x = noise(600)
    a = fit(x, 32)
    assert fit(scale * x, 32) == pytest.approx(a, abs=1e-9)
    assert continued(scale * x, a, 100) / scale == pytest.approx(continued(x, a, 100), rel=1e-6)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("order", [1, 7, 64])
def test_signals_without_much_in_them(fit: object, order: int) -> None:
    assert callable(fit)
    silence = np.zeros(128)
    assert fit(silence, order).tolist() == [1.0] + [0.0] * order
    assert not continued(silence, fit(silence, order), 50).any()
    for place in (0, 1, 63, 126, 127):
        impulse = np.zeros(128)
        impulse[place] = 1.0
        a = fit(impulse, order)
        assert a.shape == (order + 1,)
        made = continued(impulse, a, 200)
        assert np.isfinite(made).all()
        assert np.abs(made).max() <= 1.0 + 1e-9


def test_burg_holds_a_constant_and_alternation() -> None:
    constant: Real = np.full(128, 0.25)
    for x in (constant, constant * (-1.0) ** np.arange(128)):
        made = continued(x, burg(x, 8), 1000)
        sign = 1.0 if x[0] == x[1] else -1.0
        assert made == pytest.approx(0.25 * sign ** np.arange(1000), abs=1e-3)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_contexts_shorter_than_the_order(fit: object, count: int) -> None:
    assert callable(fit)
    a = fit(noise(count), 10)
    assert a.shape == (11,)
    assert a[0] == 1.0
    assert np.isfinite(a).all()
    assert fit is not burg or not a[max(count, 1) :].any()


@settings(max_examples=30)
@given(seeds, st.integers(0, 20), st.integers(0, 8), st.integers(1, 50))
def test_the_recursion_is_its_definition(seed: int, order: int, trailing_zeros: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.concatenate(([1.0], rng.uniform(-0.2, 0.2, order), np.zeros(trailing_zeros)))
    past = rng.standard_normal(order + trailing_zeros + 3)
    x = list(past)
    for _ in range(count):
        x.append(-sum(a[k] * x[-k] for k in range(1, a.size)))
    assert continued(past, a, count) == pytest.approx(x[past.size :], abs=1e-9)


@settings(max_examples=30)
@given(seeds, st.integers(0, 20), st.integers(0, 8), st.integers(1, 50))
def test_an_innovation_is_the_error_of_what_it_drives(
    seed: int, order: int, trailing_zeros: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    a = np.concatenate(([1.0], rng.uniform(-0.2, 0.2, order), np.zeros(trailing_zeros)))
    past = rng.standard_normal(order + trailing_zeros + 3)
    innovation, out = rng.standard_normal(count), np.full(count, np.nan)
    drive(past, a, innovation, out)
    whole = np.concatenate((past, out))
    assert prediction_errors(whole, a)[-count:] == pytest.approx(innovation, abs=1e-9)
    drive(past, a, np.zeros(count), out)
    assert np.array_equal(out, continued(past, a, count))


@settings(max_examples=60)
@given(seeds, st.integers(0, 40), st.integers(0, 8), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_running_on_in_parts_is_running_on_at_once(
    seed: int, order: int, trailing_zeros: int, sizes: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    a = np.concatenate(([1.0], rng.uniform(-0.1, 0.1, order), np.zeros(trailing_zeros)))
    past, innovation = rng.standard_normal(order + trailing_zeros), rng.standard_normal(sum(sizes))
    whole = np.empty(sum(sizes))
    drive(past, a, innovation, whole)
    tail, parts, start = past.copy(), [], 0
    for size in sizes:
        parts.append(np.empty(size))
        run_on(tail, a, innovation[start : start + size], parts[-1])
        start += size
        assert np.array_equal(tail, np.concatenate((past, whole[:start]))[start:])
    assert np.array_equal(np.concatenate(parts), whole)


@settings(max_examples=30)
@given(seeds, st.integers(0, 20), st.integers(0, 40))
def test_the_mean_error_is_its_definition(seed: int, order: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.concatenate(([1.0], rng.standard_normal(order)))
    x = rng.standard_normal(count)
    errors = np.convolve(x, a, mode="valid") if count > order else np.zeros(1)
    if count > order:
        assert prediction_errors(x, a) == pytest.approx(errors, abs=1e-9)
    else:
        assert prediction_errors(x, a).shape == (0,)
    assert mean_error(x, a) == pytest.approx(float(np.mean(errors**2)), abs=1e-9)


def test_a_fit_does_not_touch_its_context() -> None:
    x = noise(300)
    before = x.copy()
    a = burg(x, 20)
    autocorrelation_fit(x, 20)
    continued(x, a, 10)
    assert np.array_equal(x, before)

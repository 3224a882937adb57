import numpy as np
import pytest
from core_streams import continued, music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.linear_prediction import Real, burg, prediction_errors
from plcd.core.tapered_burg import DOUBLE, tapered_burg

seeds = st.integers(0, 2**32 - 1)


def textbook(x: Real, order: int) -> tuple[Real, list[float]]:
    """The weighted recursion, one array operation a line: coefficients and reflections."""
    a = np.array([1.0])
    weight = (np.arange(x.size) + 1) / x.size
    forward, backward = x[1:], x[:-1]
    reflections = []
    for m in range(1, order + 1):
        ramp = weight[m:]
        energy = np.sum(ramp * (forward**2 + backward**2))
        k = -2.0 * np.sum(ramp * forward * backward) / energy
        forward, backward = (forward + k * backward)[1:], (backward + k * forward)[:-1]
        padded = np.append(a, 0.0)
        a = padded + k * padded[::-1]
        reflections.append(float(k))
    return a, reflections


def reflections(a: Real) -> list[float]:
    """The reflection coefficients of predictor ``a``, by stepping down (Kay, eq. 6.51)."""
    found = []
    for m in range(a.size - 1, 0, -1):
        k = float(a[m])
        found.append(k)
        if abs(k) >= 1.0:
            break
        a = (a[:m] - k * a[m:0:-1]) / (1 - k * k)
    return found[::-1]


@settings(max_examples=40)
@given(seeds, st.integers(2, 300), st.data())
def test_it_is_the_textbooks(seed: int, count: int, data: st.DataObject) -> None:
    order = data.draw(st.integers(1, min(40, count // 2)))
    x = np.random.default_rng(seed).standard_normal(count)
    assert tapered_burg(x, order)[0] == pytest.approx(textbook(x, order)[0], abs=1e-9)


@pytest.mark.parametrize(("order", "count"), [(DOUBLE, 3584), (128, 3584), (512, 2048), (1536, 6144)])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_it_is_the_textbooks_for_music_too(order: int, count: int, scale: float) -> None:
    """In prediction where not in every coefficient: beyond the first orders it computes in single precision."""
    x = music(count)[:, 0].astype(np.float64)
    a, exact = tapered_burg(scale * x, order)[0], textbook(x, order)[0]
    if order <= DOUBLE:
        assert a == pytest.approx(exact, abs=1e-7)
    one, other = continued(x, a, 512), continued(x, exact, 512)
    assert np.sum((one - other) ** 2) < 1e-8 * np.sum(other**2)


def test_the_newest_count_most() -> None:
    """Where a tone gives way to another, the fit is for the second, more than without weights."""
    time = np.arange(1200)
    x = np.where(time < 600, np.sin(0.2 * time), np.sin(0.9 * time))
    x += 0.01 * np.random.default_rng(0).standard_normal(1200)
    forwards, backwards = x, x[::-1].copy()
    for samples, frequency in ((forwards, 0.9), (backwards, 0.2)):
        fits = [tapered_burg(samples, 2)[0], burg(samples, 2)]
        away = [abs(np.angle(np.roots(a)[0])) - frequency for a in fits]
        assert abs(away[0]) < 0.7 * abs(away[1])


@settings(max_examples=60)
@given(seeds, st.integers(1, 24), st.sampled_from(["noise", "tone", "square", "steps", "decay", "swell"]))
def test_it_is_stable(seed: int, order: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(256)
    signals: dict[str, Real] = {
        "noise": rng.standard_normal(256),
        "tone": np.sin(rng.uniform(0, np.pi) * time),
        "square": np.sign(np.sin(rng.uniform(0, 1) * time + 0.1)),
        "steps": np.repeat(rng.standard_normal(8), 32),
        "decay": np.exp(-0.05 * time) * rng.standard_normal(256),
        "swell": np.exp(0.05 * (time - 256)) * rng.standard_normal(256),
    }
    x = signals[kind]
    a, _ = tapered_burg(x, order)
    assert a[0] == 1.0
    assert abs(a[order]) <= 1.0 + 1e-12  # the last reflection coefficient, and so any
    assert np.abs(np.roots(a)).max(initial=0.0) < 1.0 + 1e-4  # see test_predictors_are_stable
    assert np.abs(continued(x, a, 13_230)).max() < 100 * np.abs(x).max()
    if kind == "noise":
        assert max(map(abs, reflections(a))) < 1.0
        assert reflections(a) == pytest.approx(textbook(x, order)[1], abs=1e-6)


@settings(max_examples=40)
@given(seeds, st.integers(1, 300), st.integers(0, 320))
def test_the_errors_it_returns_are_those_of_its_coefficients(seed: int, count: int, order: int) -> None:
    x = np.random.default_rng(seed).standard_normal(count)
    a, errors = tapered_burg(x, order)
    assert a.size - 1 == min(order, count - 1)
    assert errors.shape == (count - a.size + 1,)
    rounding = 1e-8 if order <= DOUBLE else 1e-5
    assert errors == pytest.approx(prediction_errors(x, a), abs=rounding)


@pytest.mark.parametrize("kind", ["zeros", "constant", "alternation", "tone"])
def test_so_are_they_where_it_stopped_early(kind: str) -> None:
    """What is predicted to the last bit leaves nothing for more order."""
    time = np.arange(200.0)
    x = {
        "zeros": np.zeros(200),
        "constant": np.full(200, 0.25),
        "alternation": 0.25 * (-1.0) ** time,
        "tone": np.sin(0.3 * time),
    }[kind]
    a, errors = tapered_burg(x, 50)
    assert a.shape == (51,)
    assert errors.shape == (150,)
    assert errors == pytest.approx(prediction_errors(x, a), abs=1e-12)
    assert np.abs(errors).max() < 1e-7


@pytest.mark.parametrize("frequencies", [[0.05], [1.5, 0.3], [0.01, 0.02, 0.4], [3.0, 0.07, 0.8, 1.9]])
@pytest.mark.parametrize("bits", [16, 24])
def test_pure_tones_go_on(frequencies: list[float], bits: int) -> None:
    time = np.arange(4096 + 1024)
    x = sum((0.3 * np.sin(f * time + 0.7) for f in frequencies), np.zeros(time.size))
    x = np.rint(x * 2 ** (bits - 1)) / 2 ** (bits - 1)
    past, future = x[:4096], x[4096:]
    made = continued(past, tapered_burg(past, 1024)[0], 1024)
    assert 10 * np.log10(future @ future / ((made - future) @ (made - future))) > (40 if bits == 16 else 50)


def test_a_constant_and_alternation_are_held() -> None:
    constant: Real = np.full(128, 0.25)
    for x in (constant, constant * (-1.0) ** np.arange(128)):
        made = continued(x, tapered_burg(x, 8)[0], 1000)
        sign = 1.0 if x[0] == x[1] else -1.0
        assert made == pytest.approx(0.25 * sign ** np.arange(1000), abs=1e-3)


@pytest.mark.parametrize("order", [1, 7, 64])
def test_signals_without_much_in_them(order: int) -> None:
    a, errors = tapered_burg(np.zeros(128), order)
    assert a.tolist() == [1.0] + [0.0] * order
    assert not errors.any()
    for place in (0, 1, 63, 126, 127):
        impulse = np.zeros(128)
        impulse[place] = 1.0
        a, errors = tapered_burg(impulse, order)
        assert np.isfinite(a).all()
        assert np.isfinite(errors).all()
        assert np.abs(continued(impulse, a, 200)).max() <= 1.0 + 1e-9


@pytest.mark.parametrize("scale", [1e-45, 1e-30, 1e-3, 1e30, 3e38])
def test_amplitude_does_not_matter(scale: float) -> None:
    x = np.random.default_rng(0).standard_normal(600)
    a, errors = tapered_burg(x, 32)
    scaled, scaled_errors = tapered_burg(scale * x, 32)
    assert scaled == pytest.approx(a, abs=1e-9)
    assert scaled_errors / scale == pytest.approx(errors, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 10])
def test_the_order_is_lowered_where_there_is_too_little(count: int) -> None:
    x = np.random.default_rng(count).standard_normal(count)
    a, errors = tapered_burg(x, 10)
    assert a.shape == (count,)
    assert errors.shape == (1,)
    assert np.isfinite(a).all()


def test_a_fit_does_not_touch_its_context() -> None:
    x = np.random.default_rng(0).standard_normal(300)
    before = x.copy()
    _, errors = tapered_burg(x, 20)
    errors[:] = np.nan
    assert np.array_equal(x, before)

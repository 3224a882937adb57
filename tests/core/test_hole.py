import numpy as np
import pytest
from core_streams import RATE, SEVERAL, SMALL, music, numbered
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.ensemble import Ensemble
from plcd.core.extrapolation import CEILING, Extrapolation
from plcd.core.forecaster import Forecaster
from plcd.core.frame import Samples
from plcd.core.history import History
from plcd.core.hole import OpenHole, Shape
from plcd.core.innovation import Innovation
from plcd.core.linear_prediction import prediction_errors
from plcd.core.predictor import Predictor

SHAPE = Shape.at(RATE, 512)


WAYS: list[tuple[Ensemble | Predictor, float]] = [
    (SMALL, 0.0),
    (SMALL, 1.0),
    (SEVERAL, 0.0),
    (SEVERAL, 1.0),
    (SEVERAL, 2.0),
]
"""Predictors and amounts of noise."""


def after(played: Samples, predictor: Ensemble | Predictor = SEVERAL) -> History:
    history = History(played.shape[1], Ensemble.of(predictor).context + 512)
    history.append(played, played)
    return history


def opened(history: History, predictor: Ensemble | Predictor = SMALL, noise: float = 0.0) -> OpenHole:
    return OpenHole(Forecaster(Ensemble.of(predictor), RATE, 512), history, SHAPE, RATE, noise)


def tone(count: int, start: int = 0) -> Samples:
    return np.asarray(0.5 * np.sin(0.05 * np.arange(start, start + count)), dtype=np.float32)[:, None]


@pytest.mark.parametrize(
    ("rate", "limit", "crossfade"),
    [(44_100, 512, 128), (48_000, 512, 139), (8000, 512, 23), (192_000, 64, 64), (44_100, 1, 1), (1, 5, 1)],
)
def test_the_phases_scale_with_the_rate(rate: int, limit: int, crossfade: int) -> None:
    assert Shape.at(rate, limit) == Shape(round(0.05 * rate), round(0.4 * rate), crossfade)


@settings(max_examples=50)
@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=12), st.sampled_from([1, 2]), st.sampled_from(WAYS)
)
def test_how_a_hole_is_cut_does_not_matter(
    sizes: list[int], channels: int, way: tuple[Ensemble | Predictor, float]
) -> None:
    played = music(2000, channels)
    whole = opened(after(played), *way).extrapolate(sum(sizes))
    hole = opened(after(played), *way)
    parts = np.concatenate([hole.extrapolate(size) for size in sizes])
    assert np.array_equal(parts, whole)
    assert hole.filled == sum(sizes)


def test_the_level_is_full_then_fades_then_is_silent() -> None:
    hole = opened(after(tone(400)))
    past = tone(400)[-256:, 0].astype(np.float64)
    fit = SMALL.fit(past)
    ceiling = CEILING * float(np.abs(past).max())
    unfaded = Extrapolation(past, [(fit, 1.0)], Innovation(fit.errors, RATE, 0.0), ceiling, RATE).next(
        SHAPE.fade_end
    )
    made = hole.extrapolate(SHAPE.fade_end)[:, 0]
    start = SHAPE.fade_start
    assert made[: start + 1] == pytest.approx(unfaded[: start + 1], abs=1e-6)
    middle = (start + SHAPE.fade_end) // 2
    place = (np.arange(start, SHAPE.fade_end) - start) / (SHAPE.fade_end - start)
    assert made[start:] == pytest.approx(unfaded[start:] * (0.5 + 0.5 * np.cos(np.pi * place)), abs=1e-6)
    assert np.abs(made[middle : middle + 200]).max() < 0.6 * np.abs(made[:start]).max()
    assert hole.silent
    assert not hole.extrapolate(5000).any()


@pytest.mark.parametrize(
    "way", [(Predictor("burg", 64, 256), 0.0), (Predictor("tapered", 64, 1500), 2.0), (SEVERAL, 2.0)]
)
@pytest.mark.parametrize("kind", ["decay", "onset", "steps", "noise", "constant"])
@pytest.mark.parametrize("scale", [1e-44, 1e-30, 1.0, 1e30, 3.4e38])
def test_it_is_finite_and_under_the_ceiling(
    kind: str, scale: float, way: tuple[Ensemble | Predictor, float]
) -> None:
    time = np.arange(2048)
    signal = {
        "decay": np.exp(-0.004 * time) * np.cos(0.3 * time),
        "onset": np.where(time < 2040, 0.0, 1.0),
        "steps": np.repeat(np.random.default_rng(1).uniform(-1, 1, 64), 32),
        "noise": np.random.default_rng(2).uniform(-1, 1, 2048),
        "constant": np.ones(2048),
    }[kind]
    played = (signal * scale).astype(np.float32)[:, None]
    context = played[-Ensemble.of(way[0]).context :].astype(np.float64)
    made = opened(after(played, way[0]), *way).extrapolate(SHAPE.fade_end)
    assert np.isfinite(made).all()
    assert np.abs(made.astype(np.float64)).max() <= CEILING * np.abs(context).max() * (1 + 1e-6)


@pytest.mark.parametrize(("predictor", "noise"), WAYS)
def test_the_ceiling_is_what_was_received_not_what_was_filled(
    predictor: Ensemble | Predictor, noise: float
) -> None:
    loud, quiet = music(1500), np.asarray(0.1 * music(1500), dtype=np.float32)
    history = History(1, 1536)
    history.append(loud, quiet)
    made = opened(history, predictor, noise).extrapolate(1000)
    assert np.abs(made).max() > np.abs(quiet).max()
    assert np.abs(made).max() <= CEILING * np.abs(quiet).max() * (1 + 1e-6)


def test_levels() -> None:
    hole = opened(after(np.array([[0.5, 0.0], [-0.25, 0.1]], np.float32)))
    filled = np.array([[1.0, -1.0], [-0.3, 0.05], [0.55, 0.11]], np.float32)
    assert hole.level(filled) == pytest.approx(np.array([[0.5, -0.1], [-0.3, 0.05], [0.5, 0.1]]))


@pytest.mark.parametrize(("predictor", "noise"), WAYS)
def test_without_any_history_there_is_silence(predictor: Ensemble | Predictor, noise: float) -> None:
    hole = opened(History(2, 256), predictor, noise)
    assert hole.extrapolate(100).tolist() == [[0.0, 0.0]] * 100
    assert (
        opened(History(2, 256), predictor, noise).interpolate(History(2, 256), 20, numbered(0, 50, 2)) is None
    )


@pytest.mark.parametrize(("predictor", "noise"), WAYS)
def test_silence_goes_on_as_silence(predictor: Ensemble | Predictor, noise: float) -> None:
    """Music long ago is no reason for noise."""
    played = np.concatenate((music(500), np.zeros((1000, 1), np.float32)))
    assert not opened(after(played), predictor, noise).extrapolate(5000).any()


def test_noise_puts_back_what_a_prediction_lacks() -> None:
    """Some of it, and in proportion to its amount."""
    played = np.random.default_rng(3).uniform(-0.1, 0.1, (2000, 1)).astype(np.float32)
    played[300] = 1.0  # so the ceiling stays out of the way
    plain, once, twice = (
        opened(after(played), SEVERAL, noise).extrapolate(1000) for noise in (0.0, 0.5, 1.0)
    )
    assert (twice - plain) == pytest.approx(2 * (once - plain), abs=1e-6)
    assert np.sum(plain**2) < 0.2 * np.sum(twice**2) < np.sum(played[-1000:] ** 2)


@pytest.mark.parametrize("count", [1, 2, 3, 17, 40])
def test_a_history_shorter_than_the_order(count: int) -> None:
    played = music(count)
    for predictor, noise in WAYS:
        made = opened(after(played), predictor, noise).extrapolate(500)
        assert np.isfinite(made).all()
        assert np.abs(made).max() <= CEILING * np.abs(played).max() * (1 + 1e-6)


# From both sides


def gap(
    signal: Samples, missing: int, order: int = 64, noise: float = 0.0
) -> tuple[OpenHole, History, Samples, Samples]:
    """A hole of ``missing`` samples after 2000 of ``signal``: hole, history, what is gone, what follows."""
    predictor = Predictor("burg", order, 1024)
    history = after(signal[:2000], predictor)
    return (
        opened(history, predictor, noise),
        history,
        signal[2000 : 2000 + missing],
        signal[2000 + missing :],
    )


def snr_db(signal: Samples, made: Samples) -> float:
    error = made - signal
    return float(10 * np.log10(np.sum(signal * signal) / np.sum(error * error)))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("missing", [1, 100, 512, LONGEST_INTERPOLATION])
def test_closing_comes_nearer_than_going_on(missing: int, channels: int) -> None:
    hole, history, gone, future = gap(music(5000, channels), missing, 256)
    made = hole.interpolate(history, missing, future)
    assert made is not None
    assert made.shape == (missing, channels)
    assert hole.filled == 0
    if missing >= 512:  # shorter, both are as good as the noise allows
        assert snr_db(gone, made) > snr_db(gone, hole.extrapolate(missing)) + 1


def test_a_hole_that_is_too_long_is_not_closed() -> None:
    hole, history, _, future = gap(tone(5000), LONGEST_INTERPOLATION + 1)
    assert hole.interpolate(history, LONGEST_INTERPOLATION + 1, future) is None


@pytest.mark.parametrize("channel", [0, 1])
def test_a_new_note_in_any_channel_leaves_the_hole_open(channel: int) -> None:
    signal = np.repeat(tone(5000), 2, axis=1)
    signal[2050:, channel] += (0.4 * np.sign(np.sin(0.9 * np.arange(2950)))).astype(np.float32)
    hole, history, _, future = gap(signal, 100)
    assert hole.interpolate(history, 100, future) is None


@pytest.mark.parametrize("noise", [0.0, 2.0])
@pytest.mark.parametrize("scale", [0.0, 1e-40, 1e-30, 1e30, 3e38])
def test_futures_of_any_amplitude(scale: float, noise: float) -> None:
    hole, history, _, future = gap(music(4000), 100, noise=noise)
    made = hole.interpolate(history, 100, np.asarray(scale * np.sign(future), dtype=np.float32))
    if made is not None:
        peak = max(float(np.abs(history.newest()).max()), scale)
        assert np.isfinite(made).all()
        assert np.abs(made).max() <= CEILING * peak * (1 + 1e-6)


@pytest.mark.parametrize("missing", [100, 512])
def test_noise_gives_a_closed_hole_its_energy_and_leaves_its_edges(missing: int) -> None:
    rng = np.random.default_rng(5)
    signal = music(4000) + (0.05 * rng.standard_normal((4000, 1))).astype(np.float32)
    made: list[Samples] = []
    noisy: list[Samples] = []
    for noise, parts in ((0.0, made), (1.0, noisy)):
        hole, history, gone, future = gap(signal, missing, noise=noise)
        part = hole.interpolate(history, missing, future)
        assert part is not None
        parts.append(part)
    lost, plain, both = float(np.sum(gone**2)), float(np.sum(made[0] ** 2)), float(np.sum(noisy[0] ** 2))
    assert abs(both - lost) < abs(plain - lost)
    # It is still led to what follows: the error there is the usual one, not that of a jump.
    whole = np.concatenate((signal[:2000], noisy[0], future))[:, 0].astype(np.float64)
    errors = np.abs(prediction_errors(whole, hole._fits[0].coefficients))[1000:]
    assert errors[: missing + 1064].max() < 1.5 * errors[:1000].max()


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_closing_does_not_disturb_the_extrapolation(noise: float) -> None:
    played = music(3000)
    hole, history, _, future = gap(played, 100, noise=noise)
    reference = gap(played, 100, noise=noise)[0]
    hole.interpolate(history, 100, future)
    assert np.array_equal(hole.extrapolate(300), reference.extrapolate(300))

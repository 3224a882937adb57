import numpy as np
import pytest
from core_streams import RATE, SEVERAL, music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.ensemble import Ensemble
from plcd.core.forecaster import RECORD_POWER, Forecaster
from plcd.core.frame import Samples
from plcd.core.history import History
from plcd.core.linear_prediction import Real, extrapolate
from plcd.core.predictor import Fit, Predictor

COARSE, FINE = Predictor("burg", 1, 256), Predictor("burg", 16, 256)
"""Of a tone's course the first knows nothing, the second everything."""


def tone(count: int, channels: int = 1) -> Samples:
    wave = 0.5 * np.sin(np.arange(count)[:, None] * (0.7 + 0.2 * np.arange(channels)))
    return wave.astype(np.float32)


def forecaster(
    ensemble: Ensemble = SEVERAL,
    packet: int = 512,
    patient: bool = True,
    fallback: Predictor | None = None,
    channels: int = 1,
) -> tuple[Forecaster, History]:
    made = Forecaster(ensemble, RATE, packet, patient, fallback)
    return made, History(channels, made.reach)


def add(history: History, samples: Samples) -> None:
    history.append(samples, samples)


def same(one: Fit, other: Fit) -> bool:
    return np.array_equal(one.coefficients, other.coefficients) and np.array_equal(one.errors, other.errors)


def weights(found: list[tuple[Fit, float]]) -> list[float]:
    return [weight for _, weight in found]


def fitted(member: Predictor, samples: Samples, channel: int = 0) -> Fit:
    return member.fit(samples[-member.context :, channel].astype(np.float64))


def guess(member: Predictor, samples: Samples, count: int) -> Real:
    """What ``member`` would make of ``count`` samples after ``samples``."""
    out = np.empty(count)
    extrapolate(samples[-member.order :, 0].astype(np.float64), fitted(member, samples).coefficients, out)
    peak = 1.2 * np.abs(samples[-member.order :]).max()
    return np.clip(out, -peak, peak)


@pytest.mark.parametrize(
    ("packet", "window"),
    [(512, 512), (64, 512), (480, 480), (300, 600), (2048, 2048), (1, 512), (1024, 1024)],
)
def test_members_are_tried_on_whole_packets(packet: int, window: int) -> None:
    made, _ = forecaster(packet=packet)
    assert made.window == window
    assert made.reach == SEVERAL.context + window


@pytest.mark.parametrize("patient", [True, False])
def test_the_fits_are_those_of_the_newest_samples(patient: bool) -> None:
    signal = music(3000, 2)
    made, history = forecaster(channels=2, patient=patient)
    for start in range(0, 3000, 500):
        add(history, signal[start : start + 500])
    while not patient and made.prepare(history):
        pass
    primary = made.primary(history)
    assert len(primary) == 2
    for channel in range(2):
        found = made.members(history, channel)
        assert same(primary[channel], found[0][0])
        assert weights(found) == [1.0, 0.0, 0.0] if not patient else sum(weights(found)) == pytest.approx(1.0)
        for member, (fit, _) in zip(SEVERAL.members, found, strict=True):
            assert same(fit, fitted(member, signal, channel))


def test_one_member_speaks_alone() -> None:
    made, history = forecaster(Ensemble((FINE,)))
    add(history, tone(2000))
    assert same(made.primary(history)[0], fitted(FINE, tone(2000)))
    assert made.members(history, 0) == []


@pytest.mark.parametrize("right", [0, 1])
def test_who_was_right_gets_nearly_all_weight(right: int) -> None:
    members = (FINE, COARSE) if right == 0 else (COARSE, FINE)
    made, history = forecaster(Ensemble(members))
    add(history, tone(2000))
    found = weights(made.members(history, 0))
    assert found[right] > 0.999
    assert sum(found) == pytest.approx(1.0)


def test_weights_are_a_power_of_the_error_on_the_last_packets() -> None:
    signal = music(3000)
    made, history = forecaster()
    add(history, signal)
    errors = np.array(
        [np.sum((guess(member, signal[:-512], 512) - signal[-512:, 0]) ** 2) for member in SEVERAL.members]
    )
    expected = errors**-RECORD_POWER / np.sum(errors**-RECORD_POWER)
    found = weights(made.members(history, 0))
    assert found == pytest.approx(expected, rel=1e-5)
    assert min(found) > 1e-3
    assert max(found) < 0.999  # so the comparison says something


def test_each_channel_has_a_record_of_its_own() -> None:
    left, right = music(3000, seed=1), music(3000, seed=2)
    made, history = forecaster(channels=2)
    add(history, np.concatenate((left, right), axis=1))
    both = [weights(made.members(history, channel)) for channel in range(2)]
    for samples, expected in zip((left, right), both, strict=True):
        alone, history = forecaster()
        add(history, samples)
        assert weights(alone.members(history, 0)) == expected
    assert both[0] != both[1]


@pytest.mark.parametrize("scale", [0.0, 1e-45, 1e-30, 1.0, 1e30, 3.4e38])
@pytest.mark.parametrize("kind", ["constant", "tone", "noise", "ended", "begun"])
@pytest.mark.filterwarnings("error")
def test_weights_are_weights_for_any_signal(scale: float, kind: str) -> None:
    signals: dict[str, Real] = {
        "constant": np.ones((2000, 1)),
        "tone": tone(2000).astype(np.float64),
        "noise": np.random.default_rng(0).uniform(-1, 1, (2000, 1)),
        "ended": tone(2000).astype(np.float64) * (np.arange(2000) < 1488)[:, None],
        "begun": tone(2000).astype(np.float64) * (np.arange(2000) >= 1488)[:, None],
    }
    made, history = forecaster()
    add(history, np.asarray(scale * signals[kind], dtype=np.float32))
    found = weights(made.members(history, 0))
    assert np.isfinite(found).all()
    assert min(found) >= 0.0
    assert sum(found) == pytest.approx(1.0)


def test_before_anything_is_known_the_primary_speaks() -> None:
    made, history = forecaster()
    assert weights(made.members(history, 0)) == [1.0, 0.0, 0.0]
    add(history, music(512))  # enough to predict, but there is nothing to try it on
    assert weights(made.members(history, 0)) == [1.0, 0.0, 0.0]
    add(history, music(1024)[512:])
    assert weights(made.members(history, 0)) != [1.0, 0.0, 0.0]


def test_what_was_made_up_is_no_record() -> None:
    """The weights from before a hole hold until as much as a record needs was received."""
    signal = music(8000)
    made, history = forecaster(packet=100)
    add(history, signal[:3000])
    before = weights(made.members(history, 0))
    add(history, np.zeros((300, 1), np.float32))
    made.spoil(history.place)
    for start in range(3000, 3500, 100):
        assert weights(made.members(history, 0)) == before
        add(history, signal[start : start + 100])
    assert weights(made.members(history, 0)) == before
    add(history, signal[3500:3600])
    assert weights(made.members(history, 0)) != before


def test_each_channel_keeps_weights_of_its_own() -> None:
    made, history = forecaster(channels=2)
    add(history, music(3000, 2))
    before = [weights(made.members(history, channel)) for channel in range(2)]
    assert before[0] != before[1]
    made.spoil(history.place)
    add(history, music(100, 2))
    assert [weights(made.members(history, channel)) for channel in (1, 0)] == before[::-1]
    other, history = forecaster(channels=2)
    add(history, music(3000, 2))
    other.members(history, 0)
    other.spoil(history.place)
    assert weights(other.members(history, 1)) == [1.0, 0.0, 0.0]


# Made ahead


def test_fits_are_made_one_by_one_and_counted() -> None:
    made, history = forecaster(channels=2)
    add(history, music(2000, 2))
    assert [made.prepare(history) for _ in range(8)] == [True] * 6 + [False] * 2
    assert made.counters.fits == 6
    add(history, music(100, 2))
    assert made.prepare(history)
    assert made.counters.fits == 7


@settings(max_examples=25)
@given(st.lists(st.booleans(), min_size=4, max_size=30), st.integers(1, 2), st.sampled_from([100, 512, 700]))
def test_made_ahead_they_are_the_same_as_made_when_needed(
    lost: list[bool], channels: int, packet: int
) -> None:
    """To the bit, weights too, over any stream with holes."""
    signal = music(len(lost) * packet, channels)
    patient, remembered = forecaster(packet=packet, channels=channels)
    ahead, history = forecaster(packet=packet, channels=channels, patient=False)
    was_lost = False
    for index, gone in enumerate(lost):
        while not was_lost and ahead.prepare(history):
            pass
        if gone and not was_lost:
            assert all(map(same, patient.primary(remembered), ahead.primary(history)))
            for channel in range(channels):
                one, other = patient.members(remembered, channel), ahead.members(history, channel)
                assert weights(one) == weights(other)
                assert all(same(x, y) for (x, _), (y, _) in zip(one, other, strict=True))
        packet_samples = signal[index * packet : (index + 1) * packet]
        for log, made in ((remembered, patient), (history, ahead)):
            add(log, 0.5 * packet_samples if gone else packet_samples)
            if gone:
                made.spoil(log.place)
        was_lost = gone
    assert ahead.counters.missing == 0


@pytest.mark.parametrize("coming", [1, 100, 512, 3000])
@pytest.mark.parametrize("known", [0, 300, 4000])
def test_fits_behind_what_is_coming_are_those_made_when_it_was_played(coming: int, known: int) -> None:
    signal = music(known + coming, 2)
    early, before = forecaster(channels=2, patient=False)
    late, after = forecaster(channels=2, patient=False)
    add(before, signal[:known])
    add(after, signal[:known])
    assert [early.prepare(before, signal[known:]) for _ in range(7)] == [True] * 6 + [False]
    add(before, signal[known:])
    add(after, signal[known:])
    while late.prepare(after):
        pass
    assert not early.prepare(before)
    for channel in range(2):
        for (one, _), (other, _) in zip(
            early.members(before, channel), late.members(after, channel), strict=True
        ):
            assert same(one, other)


FALLBACK = Predictor("lpc", 4, 100)


@pytest.mark.parametrize("prepared", [0, 1, 2, 3, 5, 6])
def test_what_was_not_made_ahead_is_done_without(prepared: int) -> None:
    """The fallback leads where the primary's fits are missing, the primary alone where others' are."""
    signal = music(3000, 2)
    made, history = forecaster(patient=False, fallback=FALLBACK, channels=2)
    add(history, signal)
    for _ in range(prepared):
        assert made.prepare(history)
    leader = SEVERAL.primary if prepared >= 2 else FALLBACK
    assert all(
        same(fit, fitted(leader, signal, channel)) for channel, fit in enumerate(made.primary(history))
    )
    assert (made.counters.ready, made.counters.missing) == ((1, 0) if prepared == 6 else (0, 1))
    for channel in range(2):
        members = {0: 0, 1: 0, 2: 0, 3: 0, 5: [3, 0][channel], 6: 3}[prepared]
        assert len(made.members(history, channel)) == members


def test_without_a_fallback_the_primary_is_fitted_in_time() -> None:
    signal = music(3000)
    made, history = forecaster(patient=False)
    add(history, signal)
    assert same(made.primary(history)[0], fitted(SEVERAL.primary, signal))
    assert made.members(history, 0) == []
    assert made.counters.missing == 1


def test_a_record_that_was_not_made_ahead_leaves_the_weights_as_they_were() -> None:
    made, history = forecaster(patient=False)
    add(history, music(3000))
    while made.prepare(history):
        pass
    assert weights(made.members(history, 0)) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("packet", [1, 64, 512, 700])
def test_nothing_is_kept_of_old_fits(packet: int, patient: bool) -> None:
    made, history = forecaster(packet=packet, patient=patient)
    signal = music(packet)
    for number in range(2 * made.window // packet + 20):
        add(history, signal)
        while number % 5 and made.prepare(history):
            pass
        if number % 3 == 0:
            made.primary(history)
            made.members(history, 0)
        assert len(made._fits) <= made.window // packet + 1
        assert history.place not in made._fits or min(made._fits) >= history.place - made.window
    assert len(made._weights) == 1

"""The method without a network: what it fills, at every edge, and that it beats one side alone on real music."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged import RATE, Sound, music, quick
from hypothesis import given
from hypothesis import strategies as st

from plcd.restoration.filling import CLOSED_S, fill
from plcd.restoration.interpolate import QUICK, SIZES, Interpolate
from plcd.restoration.methods import make
from plcd.restoration.restorer import Audio, Mask, Window

REAL = Path(__file__).parents[2] / "bench" / "data" / "dev"


def window(sound: Sound, spans: list[tuple[int, int]], rate: int = RATE) -> Window:
    missing: Mask = np.zeros(len(sound), np.bool_)
    for start, stop in spans:
        missing[start:stop] = True
    audio = sound.copy()
    audio[missing] = 0.0
    return Window(audio, missing, rate)


def nmse_db(made: Audio, truth: Audio) -> float:
    return float(10 * np.log10(np.sum((made - truth) ** 2) / np.sum(truth**2)))


def tones(samples: int) -> Sound:
    """Nothing but tones: a predictor knows everything."""
    time = np.arange(samples)
    sound: Sound = (0.3 * np.sin(0.05 * time) + 0.2 * np.sin(0.31 * time + 1))[:, None]
    return sound


@pytest.mark.parametrize("length", [1, 50, 400, 1500])
def test_tones_come_back_in_each_channel(length: int) -> None:
    """No treble at all: only crossfading can do it."""
    sound = np.concatenate((tones(6000), 0.5 * tones(7000)[1000:]), axis=1)
    given_ = window(sound, [(2500, 2500 + length)])
    shares: list[float] = []
    made = Interpolate(((16, 2048),), 0.0).restore(given_, shares.append)
    assert made.shape == (length, 2)
    assert nmse_db(made, sound[given_.missing]) < -30
    assert shares == [1.0]


def test_several_gaps_help_each_other() -> None:
    sound = tones(5000)
    spans = [(1000, 1100), (1140, 1240), (1300, 1350), (2000, 2200)]
    given_ = window(sound, spans)
    assert nmse_db(quick().restore(given_, lambda _: None), sound[given_.missing]) < -20


@pytest.mark.parametrize("span", [(0, 80), (920, 1000)])
def test_a_gap_at_the_edge_goes_on_from_the_other_side(span: tuple[int, int]) -> None:
    sound = tones(1000)
    given_ = window(sound, [span])
    assert nmse_db(quick().restore(given_, lambda _: None), sound[given_.missing]) < -30


def test_what_is_longer_than_it_takes_is_not_made_up_and_ends_the_context() -> None:
    longest = quick().reach(RATE).longest
    sound = tones(3 * longest)
    given_ = window(sound, [(500, 600), (700, 701 + longest)])
    made = quick().restore(given_, lambda _: None)
    assert nmse_db(made[:100], sound[500:600]) < -25
    assert not made[100:].any()


def test_long_gaps_are_led_through_from_both_sides() -> None:
    assert round(CLOSED_S * RATE) < 3000 < quick().reach(RATE).longest
    sound = tones(9000)
    given_ = window(sound, [(3000, 6000)])
    made = quick().restore(given_, lambda _: None)
    assert nmse_db(made[:300], sound[3000:3300]) < -15
    assert nmse_db(made[-300:], sound[5700:6000]) < -15
    assert np.abs(made).max() <= 1.2 * np.abs(sound).max()


def test_silence_stays_silence_and_a_file_that_is_all_gap_too() -> None:
    for sound, span in ((np.zeros((900, 1)), (300, 400)), (tones(200), (0, 200))):
        assert not quick().restore(window(sound, [span]), lambda _: None).any()


def test_no_step_at_either_edge() -> None:
    sound = music(6000)
    made = Interpolate(((128, 1024),), 1.0).restore(window(sound, [(3000, 3400)]), lambda _: None)[:, 0]
    usual = np.abs(np.diff(sound[:, 0])).max()
    assert abs(made[0] - sound[2999, 0]) < 1.5 * usual
    assert abs(made[-1] - sound[3400, 0]) < 1.5 * usual


SPANS = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), min_size=1, max_size=6)


@given(SPANS, st.integers(1, 300), st.floats(1e-200, 1e3), st.booleans())
def test_anything_is_filled_finite_bounded_and_the_same_again(
    spans: list[tuple[int, int]], samples: int, loud: float, noisy: bool
) -> None:
    sound = music(samples) * loud if noisy else np.full((samples, 1), loud)
    given_ = window(sound, [(start, start + length) for start, length in spans])
    method = Interpolate(((16, 64), (32, 100)), 1.0)
    made = method.restore(given_, lambda _: None)
    assert made.shape == (int(given_.missing.sum()), 1)
    assert np.isfinite(made).all()
    assert np.abs(made).max(initial=0.0) <= 1.2**3 * np.abs(given_.audio).max(initial=0.0) + 1e-300
    np.testing.assert_array_equal(method.restore(given_, lambda _: None), made)


def test_both_sides_beat_one_on_real_music() -> None:
    sound, rate = soundfile.read(REAL / "strings" / "sms_cello-phrase.flac", always_2d=True)
    channel = sound[:, 0]
    both: list[float] = []
    one: list[float] = []
    for start in range(40_000, 200_000, 20_000):
        truth = channel[start : start + 512]
        past, future = channel[start - 2048 : start].copy(), channel[start + 512 : start + 2560].copy()
        for found, after in ((both, future), (one, future[:0])):
            found.append(float(np.sum((fill(past, after, 512, rate, QUICK, 0.0) - truth) ** 2)))
    assert np.sum(both) < 0.5 * np.sum(one)


def test_it_is_the_method_of_that_name() -> None:
    method = make("interpolate")
    assert str(SIZES) in method.identity
    reach = method.reach(44_100)
    assert (reach.before, reach.longest, reach.together) == (max(size for _, size in SIZES), 17_640, 0)


def test_gaps_that_are_not_wanted_do_not_change_those_that_are_filled_first() -> None:
    sound = music(4000)
    spans = [(1500, 1600), (1900, 2000)]
    whole = window(sound, spans)
    first = Window(whole.audio, whole.missing, RATE, window(sound, spans[:1]).missing)
    made, part = (quick().restore(given_, lambda _: None) for given_ in (whole, first))
    np.testing.assert_array_equal(part[:100], made[:100])

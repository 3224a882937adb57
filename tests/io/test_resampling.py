"""libsamplerate does what plcd builds on: nothing of it is taken on trust."""

import numpy as np
import pytest

from plcd.core.frame import Samples
from plcd.io.resampling import SampleRateConverter


def tone(hz: float, count: int, rate: int) -> Samples:
    return np.asarray(0.5 * np.sin(2 * np.pi * hz * np.arange(count) / rate), dtype=np.float32)[:, None]


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("cut", [512, 64, 100])
def test_it_holds_back_what_it_says_and_keeps_samples_in_place(rate: int, channels: int, cut: int) -> None:
    one = SampleRateConverter(rate, channels)
    music = np.repeat(tone(997, 20 * 512, rate), channels, axis=1)
    made = np.concatenate([one.process(music[k : k + cut], 1.0) for k in range(0, len(music), cut)])
    assert made.shape[1] == channels
    assert 0 <= len(made) - (len(music) - one.delay) <= 3
    np.testing.assert_allclose(made[200:], music[200 : len(made)], atol=1e-4)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("cut", [512, 64])
@pytest.mark.parametrize("hz", [997, 8000, 15_000])
def test_a_ratio_that_swings_by_500_ppm_leaves_a_tone_clean(rate: int, cut: int, hz: int) -> None:
    one = SampleRateConverter(rate, 1)
    music = tone(hz, 160 * 512, rate)
    made = np.concatenate(
        [
            one.process(music[k : k + cut], 1.0 + 500e-6 * np.sin(k / cut / 7))
            for k in range(0, len(music), cut)
        ]
    )[2000 : 2000 + 65_536, 0]
    power = np.abs(np.fft.rfft(made * np.kaiser(made.size, 20))) ** 2
    beside = np.abs(np.fft.rfftfreq(made.size, 1 / rate) - hz) > max(60.0, 0.02 * hz)
    assert 10 * np.log10(power[beside].sum() / power.sum()) < -90


def test_each_call_gives_what_the_ratio_says_within_a_sample() -> None:
    one = SampleRateConverter(44_100, 1)
    music = tone(440, 512, 44_100)
    counts = [one.process(music, 1.0005).shape[0] for _ in range(400)]
    assert {511, 512, 513} >= set(counts[1:])
    assert sum(counts[1:]) == pytest.approx(399 * 512 * 1.0005, abs=50)

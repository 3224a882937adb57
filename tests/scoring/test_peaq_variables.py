"""Each of the eleven variables on signals, or patterns, whose value follows from its definition."""

import math

import numpy as np
import pytest

from plcd.scoring.peaq.bands import BANDS, CENTRE_HZ, FRAME, HOP, INTERNAL_NOISE, RATE, Real
from plcd.scoring.peaq.bandwidth import bandwidth
from plcd.scoring.peaq.channel import Channel, Pattern, analyse
from plcd.scoring.peaq.detection import average_distorted_block, detect
from plcd.scoring.peaq.harmonics import structure
from plcd.scoring.peaq.loudness import noise_loudness
from plcd.scoring.peaq.model import peaq_basic
from plcd.scoring.peaq.modulation import modulation
from plcd.scoring.peaq.variables import Variables, variables

FRAMES = 100


def _lines(amplitudes: Real, frames: int = FRAMES, seed: int = 0) -> Real:
    """A sound that repeats every frame: line k has amplitude ``amplitudes[k]`` and a random phase; ``(n, 1)``."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, FRAME // 2 + 1)
    spectrum = np.pad(amplitudes, (0, FRAME // 2 + 1 - amplitudes.size)) * np.exp(1j * phases) * FRAME / 2
    period = np.fft.irfft(spectrum, FRAME)
    return np.resize(period, (frames * HOP, 1))


def _flat(amplitude: float = 0.003) -> Real:
    amplitudes = np.full(900, amplitude)
    amplitudes[0] = 0
    return amplitudes


def _of(reference: Real, test: Real) -> Variables:
    return peaq_basic(reference, test).variables


def _patterns(reference: Real, test: Real, noise: float = 1e-12) -> Variables:
    """The variables of signals given by their excitation patterns ``(frames, 109)``, the same before and after spreading."""
    count = reference.shape[0]
    channel = Channel(
        Pattern(reference, reference),
        Pattern(test, test),
        np.full((count, BANDS), noise),
        np.zeros((count, 2)),
        np.zeros(count),
        np.ones(count, np.bool_),
    )
    return variables([channel], slice(0, count))


def test_nothing_differs_from_itself() -> None:
    sound = _lines(_flat())
    found = _of(sound, sound)
    assert found.total_nmr < -90
    assert (found.win_mod_diff1, found.avg_mod_diff1, found.avg_mod_diff2) == (0, 0, 0)
    assert (found.adb, found.ehs, found.rms_noise_loud, found.mfpd, found.rel_dist_frames) == (0, 0, 0, 0, 0)
    assert found.bandwidth_ref == found.bandwidth_test


# BandwidthRefB, BandwidthTestB


def test_bandwidth_is_one_more_than_the_highest_line_that_stands_out() -> None:
    """A floor 40 dB down over all lines; the Hann window spreads the highest line over one neighbour."""

    def up_to(line: int) -> Real:
        amplitudes = np.full(FRAME // 2 + 1, 3e-5)
        amplitudes[1 : line + 1] = 3e-3
        return _lines(amplitudes)

    found = _of(up_to(600), up_to(400))
    assert found.bandwidth_ref == pytest.approx(602, abs=1)
    assert found.bandwidth_test == pytest.approx(402, abs=1)


def test_bandwidth_thresholds_are_10_and_5_db() -> None:
    def energies(line: int, over_db: float) -> Real:
        energy = np.ones((1, FRAME // 2 + 1))
        energy[0, line] = 10 ** (over_db / 10)
        return energy

    def found(reference: Real, test: Real) -> tuple[float, float]:
        one, other = bandwidth(reference, test)
        return float(one[0]), float(other[0])

    assert found(energies(500, 10.1), energies(450, 5.1)) == (501, 451)
    assert found(energies(500, 9.9), energies(450, 5.1)) == (0, 0)
    assert found(energies(500, 10.1), energies(450, 4.9)) == (501, 0)
    assert found(energies(500, 10.1), energies(501, 20.0)) == (501, 0), "never beyond the reference"


def test_frames_without_high_frequencies_have_no_bandwidth() -> None:
    sound = _lines(np.concatenate([[0], np.full(300, 3e-3), np.full(724, 3e-5)]))
    assert _of(sound, sound).bandwidth_ref == 0


# Total NMRB


def test_noise_to_mask_ratio_of_even_patterns() -> None:
    """Noise 40 dB below an even excitation, and a mask 3 dB below it up to band 48, then 1/16 dB a band more."""
    even = np.full((FRAMES, BANDS), 1e6)
    offsets = [3.0 if band <= 48 else band / 16 for band in range(BANDS)]
    expected = -40 + 10 * math.log10(sum(10 ** (db / 10) for db in offsets) / BANDS)
    assert _patterns(even, even, noise=1e2).total_nmr == pytest.approx(expected)


def test_noise_to_mask_ratio_follows_the_error() -> None:
    """A change of gain by a part of e leaves e of every magnitude as noise: ten times the error is 20 dB more."""
    sound = _lines(_flat())
    small, large = (_of(sound, sound * (1 + error)).total_nmr for error in (0.001, 0.01))
    assert large - small == pytest.approx(20.0, abs=1e-6)


# WinModDiff1B, AvgModDiff1B, AvgModDiff2B


def _alternating(count: int, low: float, high: float) -> Real:
    pattern = np.full((count, BANDS), low)
    pattern[::2] = high
    return pattern


def _modulations() -> list[Real]:
    """Mod ``(109,)`` of :func:`_alternating` in its odd and even frames, once the filters have settled.

    The smoothed slope stands still; the smoothed loudness swings between (high + a low) / (1 + a) and the reverse.
    """
    factor = np.exp(-HOP / RATE / (0.008 + 100 / CENTRE_HZ * 0.042))
    low, high = 1e5**0.3, 1e6**0.3
    slope = RATE / HOP * (high - low)
    ends = ((high + factor * low) / (1 + factor), (low + factor * high) / (1 + factor))
    return [slope / (1 + end / 0.3) for end in ends]


def test_modulation_differences_of_a_reference_that_stands_still() -> None:
    """Only the test moves: the differences are 100 Mod (offset 1) and 100 Mod / 0.01 (offset 0.01)."""
    still, moving = np.full((401, BANDS), 1e6), _alternating(401, 1e5, 1e6)
    one, other = (100 * np.mean(modulated) for modulated in _modulations())
    found = _patterns(still, moving)
    assert found.avg_mod_diff1 == pytest.approx((one + other) / 2, rel=2e-3)
    assert found.avg_mod_diff2 == pytest.approx(100 * found.avg_mod_diff1, rel=2e-3)
    assert found.win_mod_diff1 == pytest.approx(((math.sqrt(one) + math.sqrt(other)) / 2) ** 2, rel=2e-3)


def test_modulation_that_the_test_lacks_counts_for_a_tenth() -> None:
    still, moving = np.full((401, BANDS), 1e6), _alternating(401, 1e5, 1e6)
    found = _patterns(moving, still)
    expected = [np.mean([100 * np.mean(m / (offset + m)) for m in _modulations()]) for offset in (1, 0.01)]
    assert found.avg_mod_diff1 == pytest.approx(expected[0], rel=1e-2), "louder frames weigh a little more"
    assert found.avg_mod_diff2 == pytest.approx(0.1 * expected[1], rel=2e-3)


def test_windowed_difference_weighs_a_burst_more_than_the_mean_does() -> None:
    still = np.full((400, BANDS), 1e6)
    burst = still.copy()
    burst[200:210] = _alternating(10, 1e5, 1e6)
    found = _patterns(still, burst)
    assert found.win_mod_diff1 > 2 * found.avg_mod_diff1 > 0


def test_modulation_by_the_book() -> None:
    pattern = 10 ** np.random.default_rng(5).uniform(0, 8, (30, 3))
    pattern = np.repeat(pattern, 37, axis=1)[:, :BANDS]
    band = 50
    factor = math.exp(-HOP / RATE / (0.008 + 100 / CENTRE_HZ[band] * 0.042))
    slope = average = before = 0.0
    for energy in pattern[:, band]:
        slope = factor * slope + (1 - factor) * RATE / HOP * abs(energy**0.3 - before)
        average = factor * average + (1 - factor) * energy**0.3
        before = energy**0.3
    found = modulation(pattern)
    assert found.pattern[-1, band] == pytest.approx(slope / (1 + average / 0.3))
    assert found.loudness[-1, band] == pytest.approx(average)


# ADBB, MFPDB


def _step(level: float) -> float:
    """(74)."""
    high = (
        9.01033e-11 * level**4 + 5.05622e-6 * level**3 - 0.00102438 * level**2 + 0.0550197 * level - 0.198719
    )
    return float(5.95072 * (6.39468 / level) ** 1.71332 + high)


def test_average_distorted_block_counts_whole_decibels_in_steps() -> None:
    """60 dB everywhere, and a test 3.5 dB louder: 3 whole dB in each of 109 bands, over the step at 63.5 dB."""
    reference = np.full((FRAMES, BANDS), 1e6)
    found = _patterns(reference, reference * 10**0.35)
    assert found.adb == pytest.approx(math.log10(109 * 3 / _step(63.5)))
    quieter = _patterns(reference, reference / 10**0.35)
    assert quieter.adb == pytest.approx(math.log10(109 * 3 / _step(0.3 * 60 + 0.7 * 56.5)))


def test_average_distorted_block_at_its_two_exceptions() -> None:
    assert average_distorted_block(np.array([0.4, 0.5]), np.array([3.0, 3.0])) == 0
    assert average_distorted_block(np.array([0.6]), np.array([0.0])) == -0.5


def test_detection_at_threshold_is_a_coin_toss() -> None:
    reference = np.full((1, BANDS), 1e6)
    test = reference.copy()
    level = 60.0
    for _ in range(50):  # the level for which the difference is just one step
        level = 60 + _step(0.3 * level + 0.7 * level)
    test[0, 7] = 10 ** (level / 10)
    probability, _ = detect([reference], [test])
    assert probability[0] == pytest.approx(0.5)
    two, _ = detect([reference, reference], [reference, test])
    assert two[0] == pytest.approx(0.5), "the ear that hears it decides"
    test[0, 90] = test[0, 7]
    assert detect([reference], [test])[0][0] == pytest.approx(0.75), "two bands, two chances"


def test_maximum_filtered_probability_of_what_is_always_heard() -> None:
    """Probability 1 from the first frame on, through the filter with factor 0.9."""
    sound = _lines(_flat(), frames=40)
    found = _of(sound, 3 * sound)
    assert found.mfpd == pytest.approx(1 - 0.9**40)


def test_maximum_filtered_probability_remembers_the_worst() -> None:
    reference = np.full((FRAMES, BANDS), 1e6)
    test = reference.copy()
    test[20:26] *= 100
    assert _patterns(reference, test).mfpd == pytest.approx(1 - 0.9**6)


# EHSB


def test_harmonic_structure_of_a_cosine_along_frequency() -> None:
    """Its correlation is the same cosine; what is left is half the window's sum, squared."""
    lines = np.arange(FRAME // 2 + 1)
    reference = np.full((1, lines.size), 1e3)
    test = reference * np.exp(0.1 * np.cos(2 * np.pi * lines / 16))
    window_sum = math.sqrt(8 / 3) * 0.5 * 255 / 256
    assert structure(reference, test)[0] == pytest.approx((window_sum / 2) ** 2, rel=0.01)
    assert structure(reference, reference)[0] == 0
    assert structure(reference, 2 * reference)[0] == pytest.approx(0, abs=1e-9), "a gain has no structure"


def test_harmonic_structure_of_an_echo() -> None:
    """An echo of d samples puts a cosine of period 2048 / d on the log spectrum, d being 64 here."""
    sound = _lines(_flat(), seed=3)
    echo = sound + 0.1 * np.roll(sound, 64, axis=0)
    assert _of(sound, echo).ehs == pytest.approx(165, rel=0.2)


def test_quiet_frames_have_no_harmonic_structure() -> None:
    sound = _lines(_flat())
    test = sound + 0.1 * np.roll(sound, 64, axis=0)
    loudest = math.sqrt(8000 / 32768**2 / np.sum(np.square(test[:HOP])))
    channel = analyse(0.9 * loudest * sound[:, 0], 0.9 * loudest * test[:, 0])
    assert not channel.energetic.any()
    assert analyse(1.2 * loudest * sound[:, 0], 1.2 * loudest * test[:, 0]).energetic[:-1].all()


# RmsNoiseLoudB


def test_noise_loudness_without_modulation() -> None:
    """Reference at the ear's own noise I, test twice as strong, S0 0.5, alpha 1.5: (66) with s E = I / 2 and I."""
    still = modulation(np.ones((1, BANDS)))
    still = type(still)(np.zeros((1, BANDS)), still.loudness)
    noise = INTERNAL_NOISE[None]
    partial = (1 + 0.5 / (1 + 0.5 * math.exp(-1.5))) ** 0.23 - 1
    expected = 24 / BANDS * np.sum((2 * INTERNAL_NOISE) ** 0.23) * partial
    assert noise_loudness(noise, 2 * noise, still, still) == pytest.approx(expected)
    assert noise_loudness(2 * noise, noise, still, still) == 0, "what is missing is no noise"


def test_a_change_of_level_is_no_noise_and_an_added_tone_is() -> None:
    amplitudes = _flat()
    amplitudes[400:] = 0
    sound = _lines(amplitudes, frames=200)
    tone = np.zeros(900)
    tone[600] = 0.01
    assert _of(sound, 0.7 * sound).rms_noise_loud < 0.05
    assert _of(sound, sound + _lines(tone, frames=200)).rms_noise_loud > 0.2


def test_noise_counts_only_from_when_both_were_heard() -> None:
    """The test begins late; until 50 ms after it did, its missing sound and its onset count for nothing."""
    sound = _lines(_flat(), frames=200)
    late = sound.copy()
    late[: 150 * HOP] = 0
    assert _of(sound, late).rms_noise_loud < 2 * _of(late + 1e-9, late).rms_noise_loud + 0.1


# RelDistFramesB


def test_relative_disturbed_frames_counts_frames() -> None:
    """A burst in the middle of a hop lies in two frames: five of them disturb ten frames of a hundred."""
    sound = _lines(_flat())
    test = sound.copy()
    for hop in (10, 25, 40, 60, 80):
        middle = hop * HOP + HOP // 2
        test[middle : middle + 64] = 0.9
    assert _of(sound, test).rel_dist_frames == pytest.approx(10 / FRAMES)


def test_a_frame_is_disturbed_from_1_5_db_above_the_mask() -> None:
    """The mask lies deepest in the last band, 6.75 dB below the excitation."""
    even = np.full((FRAMES, BANDS), 1e6)
    at_threshold = 1e6 * 10 ** ((1.5 - 6.75) / 10)
    assert _patterns(even, even, noise=at_threshold * 1.01).rel_dist_frames == 1
    assert _patterns(even, even, noise=at_threshold * 0.99).rel_dist_frames == 0

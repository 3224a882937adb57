"""The stages of the ear model against the Recommendation's equations, written out one value at a time."""

import math

import numpy as np
import pytest

from plcd.scoring.peaq.adaptation import adapt
from plcd.scoring.peaq.averaging import data_frames, windowed
from plcd.scoring.peaq.bands import (
    BANDS,
    CENTRE_HZ,
    FRAME,
    HOP,
    INTERNAL_NOISE,
    LOWER_HZ,
    MASKING_OFFSET,
    RATE,
    UPPER_HZ,
    Real,
    group,
    smooth,
    time_constant,
)
from plcd.scoring.peaq.excitation import excitation, unsmeared
from plcd.scoring.peaq.loudness import total_loudness
from plcd.scoring.peaq.model import LEAST_FRAMES, peaq_basic
from plcd.scoring.peaq.network import distortion_index, grade
from plcd.scoring.peaq.spectrum import EAR_WEIGHT, calibration, cut, frame_count, spectra


def _sine(hz: float, seconds: float = 1.0, amplitude: float = 1.0) -> Real:
    return np.asarray(amplitude * np.sin(2 * np.pi * hz / RATE * np.arange(round(seconds * RATE))))


def _noise(samples: int, seed: int = 0) -> Real:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (samples, 1))


def test_bands_are_those_tabulated() -> None:
    """The first two and the last row of the Recommendation's table of bands."""
    assert BANDS == 109
    for band, lower, centre, upper in (
        (0, 80.0, 91.708, 103.445),
        (1, 103.445, 115.216, 127.023),
        (108, 17385.420, 17690.045, 18000.0),
    ):
        found = (LOWER_HZ[band], CENTRE_HZ[band], UPPER_HZ[band])
        assert found == pytest.approx((lower, centre, upper), abs=0.01)


def test_grouping_shares_lines_out_without_loss() -> None:
    flat = group(np.ones((1, FRAME // 2 + 1)))[0]
    assert flat == pytest.approx((UPPER_HZ - LOWER_HZ) * FRAME / RATE)
    assert group(np.zeros((1, FRAME // 2 + 1))) == pytest.approx(1e-12)


def test_a_full_scale_sine_is_92_db() -> None:
    assert calibration() * 32768 == pytest.approx(11361.3, rel=1e-3), "the value the Recommendation prints"
    energy = spectra(cut(_sine(1019.5), 0, 10)).energy
    assert 10 * np.log10(energy.max()) == pytest.approx(92.0)


def test_the_ear_is_most_sensitive_at_3_khz_and_deaf_to_0_hz() -> None:
    gain_db = 20 * np.log10(np.maximum(EAR_WEIGHT, 1e-30))
    line = round(1000 / RATE * FRAME)
    khz = line * RATE / FRAME / 1000
    expected = -0.6 * 3.64 * khz**-0.8 + 6.5 * math.exp(-0.6 * (khz - 3.3) ** 2) - 1e-3 * khz**3.6
    assert gain_db[line] == pytest.approx(expected)
    assert 3000 < np.argmax(gain_db) * RATE / FRAME < 3600
    assert gain_db[0] < -200


def test_frames_overlap_by_half_and_the_last_is_completed_with_zeros() -> None:
    signal = np.arange(3000.0)
    frames = cut(signal, 0, frame_count(signal.size))
    assert frames.shape == (2, FRAME)
    assert frames[1, 0] == HOP
    assert frames[1, 3000 - HOP - 1] == 2999
    assert not frames[1, 3000 - HOP :].any()


def _spread_by_the_book(energy: Real) -> Real:
    """§2.1.7, every pair of bands by itself, without the normalisation."""
    lines = np.empty((BANDS, BANDS))
    for j in range(BANDS):
        upper = -24 - 230 / CENTRE_HZ[j] + 0.2 * 10 * math.log10(energy[j])
        for k in range(BANDS):
            slope = 27 * 0.25 * (k - j) if k < j else upper * 0.25 * (k - j)
            lines[j, k] = 10 ** (slope / 10)
        lines[j] *= energy[j] / lines[j].sum()
    return np.asarray((lines**0.4).sum(axis=0) ** (1 / 0.4))


def test_spreading_over_frequency_by_the_book() -> None:
    bands = 10 ** np.random.default_rng(1).uniform(-1, 9, BANDS)
    expected = _spread_by_the_book(bands + INTERNAL_NOISE) / _spread_by_the_book(np.ones(BANDS))
    assert unsmeared(bands[None])[0] == pytest.approx(expected, rel=1e-9)


def test_time_spreading_keeps_onsets_and_slows_decay() -> None:
    pattern = np.full((30, BANDS), 1e6)
    pattern[10:] = 1.0
    spread = excitation(pattern)
    factor = np.exp(-HOP / RATE / (0.008 + 100 / CENTRE_HZ * 0.022))
    assert spread[0] == pytest.approx(1e6), "an onset passes at once"
    expected = (1 - factor**10) * factor * 1e6 + (1 - factor)
    assert spread[10] == pytest.approx(expected)


def test_a_low_pass_from_rest() -> None:
    factor = time_constant(0.05, 0.008)
    step = smooth(np.ones((5, BANDS)), factor)
    assert step[-1] == pytest.approx(1 - factor**5)


def test_masking_offset() -> None:
    in_db = 10 * np.log10(MASKING_OFFSET)
    assert in_db[:49] == pytest.approx(3)
    assert in_db[49:] == pytest.approx(0.25 * 0.25 * np.arange(49, BANDS))


def test_loudness_by_the_book() -> None:
    pattern = 10 ** np.random.default_rng(4).uniform(-1, 8, BANDS)
    total = 0.0
    for hz, energy in zip(CENTRE_HZ, pattern, strict=True):
        quiet = 10 ** (0.364 * (hz / 1000) ** -0.8)
        index = 10 ** ((-2 - 2.05 * math.atan(hz / 4000) - 0.75 * math.atan((hz / 1600) ** 2)) / 10)
        specific = (1 - index + index * energy / quiet) ** 0.23 - 1
        total += max(1.07664 * (quiet / index / 1e4) ** 0.23 * specific, 0)
    assert total_loudness(pattern[None])[0] == pytest.approx(24 / 109 * total)
    assert total_loudness(unsmeared(np.zeros((1, BANDS))))[0] < 0.1, "the ear's own noise is not heard"


def test_adaptation_takes_out_level_and_colour() -> None:
    rng = np.random.default_rng(2)
    reference = 10 ** rng.uniform(4, 7, (200, BANDS))
    louder = reference * 4
    one, other = adapt(reference, louder)
    assert other == pytest.approx(one)
    coloured = reference * np.linspace(0.5, 2, BANDS)
    one, other = adapt(reference, coloured)
    apart_before = np.abs(np.log(coloured / reference))[100:].mean()
    assert np.abs(np.log(other / one))[100:].mean() < 0.15 * apart_before


def test_windowed_average_of_a_single_value() -> None:
    values = np.zeros(20)
    values[10] = 16.0
    assert windowed(values) == pytest.approx(math.sqrt(4 * (4 / 4) ** 4 / 17)), (
        "it falls into four windows of 17"
    )


def test_data_begin_and_end_where_five_samples_exceed_the_threshold() -> None:
    signal = np.zeros((20 * HOP, 2))
    signal[5 * HOP : 7 * HOP, 1] = 41 / 32768
    assert data_frames(signal) == slice(4, 7)
    assert data_frames(signal * (39 / 41)) == slice(0, 0)


def test_silence_around_the_signal_changes_nothing_but_the_settling() -> None:
    reference = _noise(RATE)
    test = reference + 0.01 * _noise(RATE, 3)
    padding = np.zeros((8 * HOP, 1))
    bare = peaq_basic(reference, test)
    padded = peaq_basic(*(np.concatenate([padding, signal, padding]) for signal in (reference, test)))
    assert padded.odg == pytest.approx(bare.odg, abs=0.1)


def test_stereo_of_twice_the_same_is_mono() -> None:
    reference = _noise(RATE)
    test = reference + 0.01 * _noise(RATE, 3)
    mono = peaq_basic(reference, test)
    stereo = peaq_basic(np.repeat(reference, 2, axis=1), np.repeat(test, 2, axis=1))
    assert stereo == mono


def test_of_stereo_averages_are_taken_and_the_worse_ear_hears() -> None:
    reference = np.repeat(_noise(RATE), 2, axis=1)
    test = reference.copy()
    test[:, 1] += 0.02 * _noise(RATE, 3)[:, 0]
    both = peaq_basic(reference, test).variables
    clean = peaq_basic(reference[:, :1], test[:, :1]).variables
    noisy = peaq_basic(reference[:, 1:], test[:, 1:]).variables
    assert both.total_nmr == pytest.approx((clean.total_nmr + noisy.total_nmr) / 2)
    assert both.rms_noise_loud == pytest.approx((clean.rms_noise_loud + noisy.rms_noise_loud) / 2)
    assert (both.adb, both.mfpd) == pytest.approx((noisy.adb, noisy.mfpd))


def test_the_network_at_the_ends_of_its_ranges() -> None:
    """All inputs 0: only the biases are left."""
    least = np.array(
        [
            393.916656,
            361.965332,
            -24.045116,
            1.110661,
            -0.206623,
            0.074318,
            1.113683,
            0.950345,
            0.029985,
            0.000101,
            0,
        ]
    )
    hidden = [1 / (1 + math.exp(-bias)) for bias in (-2.518254, 0.654841, -2.207228)]
    expected = -0.307594 + sum(w * h for w, h in zip((-3.817048, 4.107138, 4.629582), hidden, strict=True))
    assert distortion_index(least) == pytest.approx(expected)
    assert grade(0.0) == pytest.approx(-1.88)
    assert (grade(1e3), grade(-1e3)) == pytest.approx((0.22, -3.98))


def test_what_cannot_be_graded_is_refused() -> None:
    sound = _noise(RATE)
    with pytest.raises(ValueError, match="one shape"):
        peaq_basic(sound, sound[:-1])
    with pytest.raises(ValueError, match="too little sound"):
        peaq_basic(np.zeros_like(sound), sound)
    short = sound[: (LEAST_FRAMES - 1) * HOP]
    with pytest.raises(ValueError, match="too little sound"):
        peaq_basic(short, short)
    enough = sound[: LEAST_FRAMES * HOP]
    assert peaq_basic(enough, enough).odg > 0

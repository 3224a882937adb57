"""Spectral distances under changes of gain, where they follow from their definition."""

import math

import numpy as np
import pytest

from plcd.scoring.pair import Pair, Real
from plcd.scoring.spectral import (
    mel_spectral_convergence,
    multi_resolution_stft,
    spectrogram_nrmse,
    spectrogram_psnr_db,
)


def _noise(channels: int = 1, seed: int = 0) -> Real:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (20_000, channels))


def _gain(gain: float, channels: int = 1) -> Pair:
    sound = _noise(channels)
    return Pair(44_100, sound, gain * sound)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_gain_changes_every_magnitude_by_it(channels: int) -> None:
    half = _gain(0.5, channels)
    assert multi_resolution_stft(half) == pytest.approx(0.5 + math.log(2), rel=1e-3)
    assert mel_spectral_convergence(half) == pytest.approx(0.5)
    assert spectrogram_nrmse(half) == pytest.approx(0.5)


def test_polarity_and_identity_are_no_difference() -> None:
    for gain in (1.0, -1.0):
        pair = _gain(gain)
        assert multi_resolution_stft(pair) == pytest.approx(0, abs=1e-12)
        assert mel_spectral_convergence(pair) == pytest.approx(0, abs=1e-12)
        assert spectrogram_nrmse(pair) == pytest.approx(0, abs=1e-12)
    assert spectrogram_psnr_db(_gain(1.0)) == float("inf")


def test_silence_differs_by_everything() -> None:
    silent = _gain(0.0)
    assert mel_spectral_convergence(silent) == pytest.approx(1.0)
    assert spectrogram_nrmse(silent) == pytest.approx(1.0)


def test_psnr_falls_by_what_the_error_grows() -> None:
    apart = spectrogram_psnr_db(_gain(1.01)) - spectrogram_psnr_db(_gain(1.1))
    assert apart == pytest.approx(20.0)


def test_psnr_of_a_sine() -> None:
    """On a line: magnitudes 256 A, and 128 A on both neighbours, of 513, in nearly every frame; half of it is the error."""
    sine = 0.5 * np.sin(2 * np.pi * 100 / 1024 * np.arange(1 << 18))[:, None]
    expected = 20 * math.log10(1 / (0.5 * math.sqrt((1 + 2 * 0.25) / 513)))
    assert spectrogram_psnr_db(Pair(48_000, sine, 0.5 * sine)) == pytest.approx(expected, abs=0.05)


def test_mel_bands_weigh_what_is_low_more_finely() -> None:
    """Shifting a tone by 100 Hz leaves its mel band at 300 Hz and hardly at 12 kHz."""

    def shifted(hz: float) -> float:
        time = np.arange(20_000) / 44_100
        one, other = (np.sin(2 * np.pi * f * time)[:, None] for f in (hz, hz + 100))
        return mel_spectral_convergence(Pair(44_100, one, other))

    assert shifted(300) > 2 * shifted(12_000)


@pytest.mark.parametrize("samples", [1, 100, 3000])
def test_short_signals_have_a_distance_too(samples: int) -> None:
    sound = _noise()[:samples]
    pair = Pair(44_100, sound, 0.5 * sound)
    assert multi_resolution_stft(pair) == pytest.approx(0.5 + math.log(2), rel=0.05)
    assert mel_spectral_convergence(pair) == pytest.approx(0.5)

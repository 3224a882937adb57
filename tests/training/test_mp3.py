"""The MP3 encoder is real, at the rate that was asked for, and its delay is gone."""

import numpy as np
import pytest
import soundfile
from phrases import phrase

from plcd.training.codec.mp3 import RATE, encode, measure_delay

if "MP3" not in soundfile.available_formats():
    pytest.skip("this libsndfile has no MP3", allow_module_level=True)


def band_energy(wave: np.ndarray[tuple[int], np.dtype[np.float32]], low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(wave)) ** 2
    hz = np.fft.rfftfreq(wave.size, 1 / RATE)
    return float(spectrum[(hz >= low_hz) & (hz < high_hz)].sum())


@pytest.mark.parametrize("seed", range(4))
def test_music_comes_back_aligned_and_poorer(seed: int) -> None:
    wave = phrase(seed, 3.0, RATE)
    coded = encode(wave, 16)
    assert coded.shape == wave.shape
    assert measure_delay(wave, coded) == 0
    likeness = float(np.dot(wave, coded) / np.linalg.norm(wave) / np.linalg.norm(coded))
    assert 0.9 < likeness < 0.9999
    assert band_energy(coded, 7000, 8000) < 0.1 * band_energy(wave, 7000, 8000)


def test_a_higher_rate_is_nearer() -> None:
    wave = phrase(0, 3.0, RATE)
    errors = [float(np.sum((encode(wave, kbps) - wave) ** 2)) for kbps in (16, 32, 64)]
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2]


def test_silence_stays_silence() -> None:
    assert np.max(np.abs(encode(np.zeros(RATE, np.float32), 16))) < 1e-3


@pytest.mark.parametrize("delay", [0, 1, 1105, 4000])
def test_a_delay_is_measured(delay: int) -> None:
    wave = phrase(2, 1.0, RATE)
    late = np.concatenate((np.zeros(delay, np.float32), 0.5 * wave))
    assert measure_delay(wave, late) == delay

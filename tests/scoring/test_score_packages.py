"""Metrics from packages: what they say of simple pairs, and what happens where they are not installed."""

import sys

import numpy as np
import pytest

from plcd.scoring import packages
from plcd.scoring.packages import MissingPackageError, at_48_khz, visqol_mos, zimtohrli_mos
from plcd.scoring.pair import Pair, Real
from plcd.scoring.score import score


def _music(seconds: float, rate: int = 48_000, channels: int = 1) -> Real:
    time = np.arange(round(seconds * rate)) / rate
    tones = sum(np.sin(2 * np.pi * hz * time) / k for k, hz in enumerate((220, 440, 660, 1320, 3300), 1))
    return np.repeat((0.1 * tones * (1 + np.sin(2 * np.pi * 3 * time)))[:, None], channels, axis=1)


def _noisy(sound: Real, rate: int = 48_000) -> Pair:
    return Pair(rate, sound, sound + np.random.default_rng(0).normal(0, 0.02, sound.shape))


def test_resampling_keeps_a_tone() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(44_100) / 44_100)[:, None]
    pair = at_48_khz(Pair(44_100, tone, 0.5 * tone))
    expected = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    assert pair.rate == 48_000
    assert pair.reference[1000:-1000, 0] == pytest.approx(expected[1000:-1000], abs=2e-3)
    assert pair.output == pytest.approx(0.5 * pair.reference)


def test_at_48_khz_nothing_is_resampled() -> None:
    pair = _noisy(_music(0.1))
    assert at_48_khz(pair) is pair


def test_zimtohrli_tells_clean_from_noisy() -> None:
    pytest.importorskip("zimtohrli")
    sound = _music(1.0, channels=2)
    assert zimtohrli_mos(Pair(48_000, sound, sound)) == pytest.approx(5.0)
    noisy = zimtohrli_mos(_noisy(sound))
    assert 1 <= noisy < 4.8
    half = sound.copy()
    half[:, 1] = _noisy(sound).output[:, 1]
    assert noisy < zimtohrli_mos(Pair(48_000, sound, half)) < 5


def test_visqol_tells_clean_from_noisy() -> None:
    pytest.importorskip("visqol")
    sound = _music(2.0)
    assert visqol_mos(Pair(48_000, sound, sound)) == pytest.approx(4.73, abs=0.02)
    assert 1 <= visqol_mos(_noisy(sound)) < 4.6


def test_what_is_too_short_or_silent_is_not_handed_to_them() -> None:
    pytest.importorskip("zimtohrli")
    with pytest.raises(ValueError, match="Zimtohrli needs"):
        zimtohrli_mos(_noisy(_music(0.19)))
    pytest.importorskip("visqol")
    with pytest.raises(ValueError, match="ViSQOL needs"):
        visqol_mos(_noisy(_music(0.9)))
    with pytest.raises(ValueError, match="silence"):
        visqol_mos(Pair(48_000, _music(1.5), np.zeros_like(_music(1.5))))


def test_missing_packages_are_named_and_the_rest_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("zimtohrli", "visqol", "scipy.signal"):
        monkeypatch.setitem(sys.modules, module, None)
    packages._visqol.cache_clear()
    found = score(_noisy(_music(1.0)))
    assert (found.zimtohrli_mos, found.visqol_mos) == (None, None)
    assert found.peaq is not None
    assert len(found.notes) == 2
    assert all("pip install '.[score]' in plcd's folder" in note for note in found.notes)
    assert "visqol-python" in found.notes[1]
    other_rate = score(_noisy(_music(1.0, 44_100), 44_100))
    assert other_rate.peaq is None
    assert other_rate.snr_db > 0
    (note,) = other_rate.notes
    assert "scipy" in note
    with pytest.raises(MissingPackageError, match="44100 Hz needs scipy"):
        at_48_khz(_noisy(_music(1.0, 44_100), 44_100))

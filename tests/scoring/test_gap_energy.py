"""Energy inside gaps, band by band."""

import numpy as np
import pytest

from plcd.scoring.gap_energy import BANDS_HZ, gap_energy_db
from plcd.scoring.pair import Losses, Pair, Real

RATE = 44_100
TONES = (200.0, 1000.0, 4000.0, 10_000.0)
GAINS = (0.9, 0.5, 2.0, 0.1)
"""One tone in each band, and what becomes of it in the gaps."""


def _tone(hz: float, samples: int) -> Real:
    return np.asarray(0.1 * np.sin(2 * np.pi * hz / RATE * np.arange(samples))[:, None])


def _losses(text: str, packet: int) -> Losses:
    return Losses(np.array([c == "1" for c in text]), packet, packet * len(text))


@pytest.mark.parametrize("packet", [512, 4096])
def test_each_band_tells_its_own_gain(packet: int) -> None:
    losses = _losses("0010110000", packet)
    reference, inside = (
        sum(gain * _tone(hz, losses.samples) for hz, gain in zip(TONES, gains, strict=True))
        for gains in ((1.0,) * 4, GAINS)
    )
    assert isinstance(reference, np.ndarray)
    output = np.where(losses.lost()[:, None], inside, reference)
    found = gap_energy_db(Pair(RATE, reference, output), losses)
    assert list(found) == ["0-500", "500-2000", "2000-6000", "6000-16000"]
    assert list(found.values()) == pytest.approx([20 * np.log10(gain) for gain in GAINS], abs=0.1)


def test_silence_in_the_gaps_has_no_energy_and_its_edges_do_not_count() -> None:
    losses = _losses("0010", 512)
    reference = _tone(1000, losses.samples)
    output = reference.copy()
    output[losses.lost()] = 0
    assert set(gap_energy_db(Pair(RATE, reference, output), losses).values()) == {float("-inf")}


def test_without_loss_and_above_half_the_rate_there_is_none() -> None:
    sound = _tone(1000, 4 * 512)
    none = gap_energy_db(Pair(RATE, sound, sound), _losses("0000", 512))
    assert np.isnan(list(none.values())).all()
    low = gap_energy_db(Pair(8000, sound, sound), _losses("0100", 512))
    assert np.isnan(low[f"{BANDS_HZ[-1][0]}-{BANDS_HZ[-1][1]}"])
    assert low["0-500"] == pytest.approx(0)


def test_gaps_of_a_few_samples() -> None:
    losses = _losses("0100", 8)
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (32, 2))
    assert list(gap_energy_db(Pair(RATE, sound, sound / 2), losses).values()) == pytest.approx(
        [-6.02] * 4, abs=0.01
    )

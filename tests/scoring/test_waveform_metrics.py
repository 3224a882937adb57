"""Error ratios on errors whose energy is known."""

import numpy as np
import pytest

from plcd.scoring.pair import Losses, Pair, Real
from plcd.scoring.waveform import (
    boundary_step_db,
    gap_snr_by_burst_db,
    gap_snr_db,
    lost_nmse_db,
    nmse_db,
    snr_db,
)

PACKET = 100


def _losses(text: str) -> Losses:
    return Losses(np.array([c == "1" for c in text]), PACKET, PACKET * len(text))


def _square(packets: int) -> Real:
    """Every sample has energy 1/4."""
    return np.asarray(np.where(np.arange(packets * PACKET) % 7 < 3, 0.5, -0.5)[:, None])


def _spoilt(reference: Real, losses: Losses, part: float) -> Pair:
    output = reference.copy()
    output[losses.lost()] *= 1 - part
    return Pair(48_000, reference, output)


def test_snr_of_one_lost_packet_in_ten() -> None:
    losses = _losses("0000100000")
    pair = _spoilt(_square(10), losses, 1.0)
    assert snr_db(pair) == pytest.approx(10.0)
    assert nmse_db(pair) == pytest.approx(-10.0)
    assert gap_snr_db(pair, losses) == pytest.approx(0.0)
    assert snr_db(Pair(48_000, pair.reference, pair.reference)) == float("inf")


def test_gap_snr_counts_nothing_outside_the_gaps() -> None:
    losses = _losses("0100")
    pair = _spoilt(_square(4), losses, 0.1)
    pair.output[:PACKET] = 0
    assert gap_snr_db(pair, losses) == pytest.approx(20.0)


def test_gap_snr_by_the_length_of_bursts() -> None:
    losses = _losses("1001101110010")
    reference = _square(13)
    output = reference.copy()
    for burst in losses.bursts():
        output[burst.start : burst.stop] *= 1 - 10.0**-burst.packets
    found = gap_snr_by_burst_db(Pair(48_000, reference, output), losses)
    assert list(found) == [1, 2, 3]
    assert list(found.values()) == pytest.approx([20.0, 40.0, 60.0])


def test_nmse_in_lost_packets_is_a_mean_over_packets() -> None:
    losses = _losses("101010")
    reference = _square(6)
    output = reference.copy()
    output[:PACKET] *= 0.9
    output[2 * PACKET : 3 * PACKET] = 0
    reference[4 * PACKET : 5 * PACKET] = 1e-6
    assert lost_nmse_db(Pair(48_000, reference, output), losses) == pytest.approx((-20 + 0) / 2)
    exact = Pair(48_000, reference, reference)
    assert lost_nmse_db(exact, losses) == -120


def test_without_loss_there_is_nothing_to_say() -> None:
    pair = Pair(48_000, _square(3), _square(3))
    none = _losses("000")
    assert np.isnan([gap_snr_db(pair, none), lost_nmse_db(pair, none), boundary_step_db(pair, none)]).all()
    assert gap_snr_by_burst_db(pair, none) == {}


def test_boundary_step_on_a_ramp() -> None:
    """The reference climbs by s each sample; an output k s off inside the gap has two excess steps of k s."""
    step = 1e-4
    reference = step * np.arange(1000.0)[:, None]
    losses = _losses("0000010000")
    output = reference.copy()
    output[losses.lost()] += 10 * step
    assert boundary_step_db(Pair(48_000, reference, output), losses) == pytest.approx(20.0)
    assert boundary_step_db(Pair(48_000, reference, reference), losses) == float("-inf")


def test_boundary_step_does_not_see_errors_away_from_the_edges() -> None:
    reference = np.sin(np.arange(1000) / 5)[:, None]
    losses = _losses("0000010000")
    output = reference.copy()
    output[520:580] = 0
    assert boundary_step_db(Pair(48_000, reference, output), losses) == float("-inf")


def test_a_gap_at_the_very_beginning_or_end_has_one_edge() -> None:
    reference = np.cumsum(np.ones((1000, 1)) * 1e-4, axis=0)
    output = reference.copy()
    output[:100] += 1e-3
    output[900:] -= 1e-3
    assert boundary_step_db(Pair(48_000, reference, output), _losses("1000000001")) == pytest.approx(20.0)

"""The metrics that the comparison has beside plcd's own, against values computed by hand."""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import numpy as np
import pytest
from comparison.measures import ODG, ZIMTOHRLI, burst_snr_db, loudest_hole_db, measure
from quality_bench import RATE, music

from plcd.scoring.pair import Losses, Pair

PACKET = 512


def _losses(packets: int, lost: list[int]) -> Losses:
    flags = np.zeros(packets, np.bool_)
    flags[lost] = True
    return Losses(flags, PACKET, packets * PACKET)


def test_bursts_count_alike_whatever_their_level() -> None:
    """One burst 20 dB off by error 0.1 of 1, another 40 dB off; a third below -60 dBFS is not asked."""
    reference = np.ones((12 * PACKET, 1))
    reference[8 * PACKET :] = 1e-4
    output = reference.copy()
    output[2 * PACKET : 4 * PACKET] = 0.9
    output[6 * PACKET : 7 * PACKET] = 0.99
    output[9 * PACKET : 10 * PACKET] = 0
    losses = _losses(12, [2, 3, 6, 9])
    assert burst_snr_db(Pair(RATE, reference, output), losses) == pytest.approx(30)
    assert burst_snr_db(Pair(RATE, reference, reference), losses) == 120
    assert math.isnan(burst_snr_db(Pair(RATE, reference, output), _losses(12, [9])))


def test_the_loudest_hole_is_held_against_what_came_before() -> None:
    reference = np.full((60 * PACKET, 1), 0.1)
    output = reference.copy()
    output[20 * PACKET : 28 * PACKET] = 0.2
    output[40 * PACKET : 48 * PACKET] = 0.05
    output[50 * PACKET : 57 * PACKET] = 1.0
    holes = [*range(20, 28), *range(40, 48), *range(50, 57)]
    pair = Pair(RATE, reference, output)
    assert loudest_hole_db(pair, _losses(60, holes)) == pytest.approx(20 * math.log10(2))
    assert math.isnan(loudest_hole_db(pair, _losses(60, [50, 51, 52, 53, 54, 55, 56])))
    silent = output.copy()
    silent[20 * PACKET : 28 * PACKET] = 0
    only = _losses(60, list(range(20, 28)))
    assert loudest_hole_db(Pair(RATE, reference, silent), only) == -math.inf


def test_a_hole_after_near_silence_or_at_the_start_is_not_asked() -> None:
    reference = np.full((40 * PACKET, 1), 0.1)
    reference[10 * PACKET : 20 * PACKET] = 5e-4
    pair = Pair(RATE, reference, reference)
    assert math.isnan(loudest_hole_db(pair, _losses(40, [*range(2, 10), *range(20, 28)])))


def test_a_missing_package_leaves_a_gap_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zimtohrli", None)
    sound = music(1.3).astype(np.float64)
    sound = sound[: sound.shape[0] // PACKET * PACKET]
    losses = _losses(sound.shape[0] // PACKET, [30])
    values, by_burst, notes = measure(Pair(RATE, sound, sound * ~losses.lost()[:, None]), losses)
    assert math.isnan(values[ZIMTOHRLI])
    assert values[ODG] < 0
    assert by_burst == {1: 0.0}
    assert len(notes) == 1
    assert "zimtohrli" in notes[0]

"""The simulation of long sessions, over some minutes of one."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import hours
from hours_on_end.session import PACKET, RATE, Truth, datagrams, lives

from plcd.wire.formats import Formats


def test_minutes_of_it_hold_all_that_a_day_must() -> None:
    """Five minutes, with three restarts; sequence numbers and timestamps wrap."""
    one = hours.simulate(5 / 60, life_s=95.0)
    assert one.failures == []
    assert one.restarts == 3
    assert one.wraps == 6
    assert one.packets["lost"] == pytest.approx(0.02 * one.packets["expected"], rel=0.3)
    assert one.packets["reordered"] > 100
    assert len(one.memory_mb) >= 3
    assert "All of it held." in hours.markdown(one)


def test_what_should_not_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "DEPTH_MS", 5.0)
    one = hours.simulate(1 / 60, life_s=100.0)
    assert any("packets late" in failure for failure in one.failures)
    assert "**Failed:** " in hours.markdown(one)


def test_the_sender_is_what_is_said_of_it() -> None:
    import numpy as np

    all_lives, truth = lives(0.1, 60.0, 200.0), Truth()
    sound = np.zeros((10 * PACKET, 1), dtype=np.float32)
    arrived = list(datagrams(all_lives, sound, truth, 1))
    assert [one.ns for one in arrived] == sorted(one.ns for one in arrived)
    assert truth.delivered == len(arrived)
    assert truth.lives == len(all_lives) == 6
    sent = sum(life.packets for life in all_lives)
    assert sent == pytest.approx(0.1 * 3600 * RATE / PACKET, rel=0.03)
    assert 1 - truth.delivered / sent == pytest.approx(0.02, rel=0.2)
    parser = Formats({})
    packets = [parser.parse(one.data, one.host, one.port)[0] for one in arrived[:100]]
    assert {packet.source.stream for packet in packets} == {0x1000}
    assert {str(packet.format) for packet in packets} == {"L16/44100/1"}

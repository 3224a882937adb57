"""Audio that comes another way than in its own packet, through the whole engine."""

from dataclasses import replace

import numpy as np
import pytest
from core_streams import RATE, SMALL, Played, Sender, listen, ns, numbered

from plcd.core.depth import Depth
from plcd.core.engine import MAX_SPARE, Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.packet import BlankPacket, Recovery, SourceId
from plcd.core.sources import Arrival

CONFIG = EngineConfig(predictor=Ensemble.of(SMALL), lookahead=0, depth=Depth.parse("40ms"))
PACKETS = 40
END_NS = ns(PACKETS * 512)


def copy(sender: Sender, index: int, with_packet: int, how: Recovery = Recovery.COPY) -> Arrival:
    """Packet ``index`` as it comes with a later one."""
    arrival = sender.arrival(with_packet)
    return arrival._replace(packet=replace(sender.packet(index), recovered=how, sequence=0))


def hear(lost: set[int], copies: int) -> tuple[Engine, Played]:
    """What is played when each packet brings ``copies`` of those before it."""
    sender, engine = Sender(), Engine(CONFIG)
    arrivals = []
    for index in range(PACKETS):
        if index not in lost:
            arrivals.append(sender.arrival(index))
            arrivals += [copy(sender, index - back, index) for back in range(copies, 0, -1) if index >= back]
    return engine, listen(engine, arrivals, END_NS)


def test_copies_fill_what_is_lost_and_nothing_else_is_told_of_them() -> None:
    engine, played = hear({4, 10, 11, 20}, copies=2)
    packets = engine.packets()
    assert played.missing() == []
    assert np.array_equal(played.audio, numbered(0, len(played.audio)))
    assert (packets["recovered"], packets["lost"], packets["on_time"]) == (4, 0, PACKETS - 4)
    assert packets["duplicate"] == packets["reordered"] == packets["stray"] == 0
    assert packets["expected"] == PACKETS


def test_a_burst_longer_than_the_copies_is_concealed_and_lost() -> None:
    engine, played = hear({10, 11, 12}, copies=2)
    packets = engine.packets()
    assert played.missing() == list(range(10 * 512, 11 * 512))
    assert (packets["recovered"], packets["lost"]) == (2, 1)


def test_what_copies_and_what_parity_brought_is_counted_apart() -> None:
    sender, engine = Sender(), Engine(CONFIG)
    arrivals = [sender.arrival(index) for index in range(PACKETS) if index not in (4, 9, 10, 15)]
    arrivals += [copy(sender, 4, 5), copy(sender, 9, 11), copy(sender, 15, 16)]
    arrivals += [copy(sender, 10, 11, Recovery.PARITY), copy(sender, 15, 17, Recovery.PARITY)]
    played = listen(engine, sorted(arrivals, key=lambda arrival: arrival.ns), END_NS)
    packets = engine.packets()
    assert played.missing() == []
    assert (packets["recovered_by_copy"], packets["recovered_by_parity"], packets["recovered"]) == (3, 1, 4)


@pytest.mark.parametrize("lost", [{1}, {1, 2}])
def test_copies_that_came_before_the_stream_was_accepted_count(lost: set[int]) -> None:
    engine, played = hear(lost, copies=len(lost))
    assert played.missing() == []
    assert engine.packets()["recovered"] == len(lost)


def test_a_copy_makes_no_stream_begin_earlier_and_strangers_fill_nothing() -> None:
    sender, engine = Sender(), Engine(CONFIG)
    stranger = Sender(source=SourceId("192.0.2.66", 1, 1))
    arrivals = [copy(sender, 0, 1)] + [sender.arrival(index) for index in range(1, PACKETS) if index != 9]
    arrivals += [copy(stranger, 9, 10)]
    played = listen(engine, arrivals, END_NS)
    assert np.array_equal(played.audio[:512], numbered(512, 512))
    assert engine.packets()["recovered"] == 0
    assert engine.packets()["lost"] == 1
    assert engine.packets()["foreign"] == 0


def test_a_copy_that_comes_too_late_is_nothing() -> None:
    sender, engine = Sender(), Engine(CONFIG)
    arrivals = [sender.arrival(index) for index in range(PACKETS) if index != 9]
    played = listen(engine, [*arrivals, copy(sender, 9, 20)], END_NS)
    assert played.missing() == list(range(9 * 512, 10 * 512))
    packets = engine.packets()
    assert (packets["lost"], packets["late"], packets["recovered"], packets["duplicate"]) == (1, 0, 0, 0)


def test_swapped_neighbours_are_on_time_although_their_copies_came_first() -> None:
    sender, engine = Sender(), Engine(CONFIG)
    arrivals = []
    for index in range(PACKETS):
        delay = ns(768) if index % 2 == 0 else 0
        arrivals.append(sender.arrival(index, delay))
        if index:
            copied = copy(sender, index - 1, index)
            arrivals.append(copied._replace(ns=copied.ns + delay))
    played = listen(engine, arrivals, END_NS + ns(512))
    packets = engine.packets()
    assert played.missing() == []
    assert (packets["on_time"], packets["recovered"], packets["lost"]) == (PACKETS, 0, 0)
    assert packets["reordered"] > 10


@pytest.mark.parametrize("group", [1, 2, 3, 5])
@pytest.mark.parametrize("told", [True, False])
def test_parity_among_the_packets_is_not_missed(group: int, told: bool) -> None:
    """After each ``group`` packets a number goes to parity, whether the engine is told of it or it never comes."""
    sender, engine = Sender(), Engine(CONFIG)
    blanks = []
    for index in range(PACKETS):
        packet = sender.packet(index)
        number = (packet.sequence + index // group) % 2**16
        engine.insert(replace(packet, sequence=number), ns(index * 512))
        if told and index % group == group - 1:
            blanks.append(BlankPacket(packet.source, (number + 1) % 2**16))
            engine.note(blanks[-1])
    packets = engine.packets()
    assert engine.rate == RATE
    assert (packets["on_time"], packets["stray"]) == (PACKETS, 0)
    engine.pull(END_NS)
    assert engine.packets()["lost"] == engine.packets()["recovered"] == 0


def test_what_waits_for_a_stream_is_bounded() -> None:
    engine = Engine(CONFIG)
    for index in range(100):
        engine.insert(*copy(Sender(), index, index))
    assert len(engine._spare) == MAX_SPARE
    assert engine.packets()["stray"] == 0

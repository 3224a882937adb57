from dataclasses import replace

import numpy as np
import pytest
from core_streams import MONO, RATE, SECOND_NS, STEREO, UNIT, Sender, ns
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.packet import AudioPacket
from plcd.core.sources import Arrival
from plcd.core.stream import JUDGE_EVERY, LATE_RUN, LEADS, MAX_SEQUENCE_JUMP, Stream

DEPTH = 1764


def stream(sender: Sender, depth: int = DEPTH, run: tuple[int, ...] = (0, 1, 2)) -> Stream:
    return Stream(sender.arrivals(run), depth, sender.size)


def held(one: Stream, count: int) -> list[int]:
    """Numbers of the samples held in the next ``count``, counted from the sender's first."""
    samples, present = one.buffer.peek(count)
    return [round(float(sample) / UNIT) - 1 for sample in samples[present, 0]]


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.permutations(range(12)))
@settings(max_examples=50)
def test_positions_run_on_through_both_wraps(sequence: int, timestamp: int, order: list[int]) -> None:
    sender = Sender(64, sequence, timestamp)
    one = Stream(sender.arrivals(sorted(order[:3])), DEPTH, 512)
    for index in order[3:]:
        assert one.continues(sender.packet(index))
        one.insert(sender.packet(index), 0)
    assert held(one, 12 * 64) == list(range(12 * 64))
    assert one.ledger.on_time == one.ledger.expected == 12
    assert one.newest_end - one.buffer.cursor == one.level() == 12 * 64
    wraps = (sequence + max(order) > 2**16 - 1) + (timestamp + 64 * max(order) > 2**32 - 1)
    assert one.wraps == wraps or min(order[:3]) > 0  # a wrap before the run's first packet is no wrap seen


def test_the_start_is_the_first_arrival_plus_the_depth_whoever_that_was() -> None:
    sender = Sender()
    arrivals = [sender.arrival(0, 9_000_000), sender.arrival(1, -20_000_000), sender.arrival(2)]
    one = Stream(arrivals, DEPTH, 512)
    assert one.start_ns == arrivals[1].ns + ns(DEPTH)
    one.set_depth(0)
    assert one.start_ns == arrivals[1].ns


def test_earlier_packets_move_the_start_until_it_has_begun() -> None:
    sender = Sender()
    one = stream(sender, run=(3, 4, 5))
    start = one.start_ns
    one.insert(sender.packet(1), 0)
    assert one.start_ns == start
    assert held(one, 512) == list(range(512, 1024))
    one.asked(512, 0)
    assert one.begun
    one.insert(sender.packet(0), 0)
    assert (one.ledger.on_time, one.ledger.late, one.ledger.lost) == (4, 1, 0)
    one.asked(512, 0)
    assert one.ledger.lost == 0  # packet 2 is between 1 and 3: its end is where 3 begins
    one.asked(512, 0)
    assert one.ledger.expected == 5


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"format": STEREO}, False),
        ({"sequence": (10 + MAX_SEQUENCE_JUMP) % 2**16}, True),
        ({"sequence": (11 + MAX_SEQUENCE_JUMP) % 2**16}, False),
        ({"sequence": (10 - MAX_SEQUENCE_JUMP) % 2**16}, True),
        ({"sequence": (9 - MAX_SEQUENCE_JUMP) % 2**16}, False),
        ({"timestamp": (1000 - RATE) % 2**32}, True),
        ({"timestamp": (999 - RATE) % 2**32}, False),
        ({"timestamp": 1000 + 2 * DEPTH + 2 * RATE - 512}, True),
        ({"timestamp": 1001 + 2 * DEPTH + 2 * RATE - 512}, False),
        ({"timestamp": (1000 + 2**31) % 2**32}, False),
    ],
)
def test_what_continues_a_stream(change: dict[str, int], fits: bool) -> None:
    sender = Sender(512, 8, 1000)
    one = stream(sender)
    assert one.continues(replace(sender.packet(3), **change)) == fits  # type: ignore[arg-type]


def test_a_duplicate_is_counted_and_changes_nothing() -> None:
    sender = Sender()
    one = stream(sender)
    forged = sender.packet(1)
    for index in (0, 1, 2, 2):
        one.insert(sender.packet(index), 0)
    one.insert(AudioPacket(forged.source, forged.sequence, forged.timestamp, MONO, -forged.samples), 0)
    assert (one.ledger.duplicate, one.ledger.on_time) == (5, 3)
    assert held(one, 5000) == list(range(3 * 512))


def test_late_and_lost_are_told_by_the_cursor() -> None:
    sender = Sender()
    one = stream(sender)
    for index in (4, 5, 8):
        one.insert(sender.packet(index), 0)
    for _ in range(4):
        one.asked(512, 0)
    assert one.ledger.lost == 1
    one.insert(sender.packet(3), 0)
    assert (one.ledger.late, one.ledger.lost) == (1, 0)
    one.asked(2 * 512 + 100, 0)
    one.insert(sender.packet(6), 0)  # begun already, but most of it is still of use
    assert one.ledger.late == 2
    assert held(one, 412) == list(range(6 * 512 + 100, 7 * 512))
    one.close()
    assert (one.ledger.on_time, one.ledger.late, one.ledger.lost) == (6, 2, 1)


def lead(one: Stream, sender: Sender, samples: int, count: int) -> None:
    """``count`` more packets, each ``samples`` ahead of the instant at which it will be asked for, and the frames."""
    for _ in range(count):
        index = one.ledger.highest - (sender.sequence + 2**16) + 1
        now_ns = 10**15 + ns(index * sender.size)
        one.asked(sender.size if one.begun else 0, now_ns)
        ask_ns = now_ns + ns(sender.timestamp + 2**32 + index * sender.size - one.buffer.cursor)
        one.insert(sender.packet(index), ask_ns - ns(samples))


@pytest.mark.parametrize(
    ("depth", "samples", "excess"),
    [
        (1764, 1764, 0),
        (1764, 1, 0),
        (1764, 3527, 0),
        (1764, 3540, 1776),
        (100, 600, 0),
        (0, 500, 0),
        (0, 520, 520),
    ],
)
def test_the_level_is_judged_against_twice_the_depth(depth: int, samples: int, excess: int) -> None:
    sender = Sender(timestamp=7)
    one = stream(sender, depth)
    lead(one, sender, samples, LEADS - 1)
    assert one.excess() == 0
    lead(one, sender, samples, 1)
    assert abs(one.excess() - excess) <= 1
    assert one.excess() == 0  # judged once in a while
    lead(one, sender, samples, JUDGE_EVERY)
    assert abs(one.excess() - excess) <= 1
    one.moved(0)
    lead(one, sender, samples, LEADS - 1)
    assert one.excess() == 0


def test_packets_late_by_the_same_time_are_a_wrong_anchor() -> None:
    sender = Sender(timestamp=7)
    one = stream(sender)
    lead(one, sender, 1000, 20)
    for _ in range(LATE_RUN - 1):
        lead(one, sender, -30, 1)
        assert one.excess() == 0
    lead(one, sender, -30, 1)
    assert abs(one.excess() - (-30 - DEPTH)) <= 1
    one.moved(30 + DEPTH)
    lead(one, sender, -30, LATE_RUN - 1)
    assert one.excess() == 0


def test_a_queue_that_empties_itself_after_a_stall_is_jitter() -> None:
    sender = Sender(timestamp=7)
    one = stream(sender)
    for missed in range(12, 0, -1):  # all come at once, so each is late by a packet less
        lead(one, sender, -missed * sender.size, 1)
        assert one.excess() == 0


def test_a_quarter_of_late_packets_is_a_wrong_anchor() -> None:
    sender = Sender(timestamp=7)
    one = stream(sender)
    for _ in range(LEADS // 4):
        lead(one, sender, 1000, 2)
        lead(one, sender, -9000, 2)
    assert one.excess() == -9000 - DEPTH


def test_a_few_late_packets_are_jitter() -> None:
    sender = Sender(timestamp=7)
    one = stream(sender)
    for _ in range(40):
        lead(one, sender, 1000, 4)
        lead(one, sender, -9000, 1)
        assert one.excess() == 0
    lead(one, sender, -9000, LEADS)
    assert one.excess() == -9000 - DEPTH


def test_inserted_time_belongs_to_the_leads() -> None:
    sender = Sender(timestamp=7)
    one = stream(sender)
    one.asked(0, 10**12)
    one.moved(30_000)
    for index in range(3, 3 + LEADS):
        one.insert(sender.packet(index), 10**12 + ns((index - 3) * 512))
    assert one.excess() == pytest.approx(3 * 512 + 30_000 - DEPTH, abs=2)


@pytest.mark.parametrize(
    ("ahead", "lead"), [(0, 0), (1, 0), (511, 0), (512, 512), (1500, 1024), (-1, -512), (-513, -1024)]
)
def test_a_packet_is_asked_for_with_the_whole_frame_it_begins_in(ahead: int, lead: int) -> None:
    sender = Sender(timestamp=10**6)
    one = stream(sender)
    one.asked(3 * 512 - ahead, 10**12)
    one.insert(sender.packet(3), 10**12)
    assert one._leads[0] == pytest.approx(lead, abs=0.01)


def test_raising_the_depth_makes_room_and_keeps_what_is_held() -> None:
    sender = Sender()
    one = stream(sender)
    one.asked(100, 0)
    one.set_depth(2 * RATE)
    assert one.depth == 2 * RATE
    assert held(one, 10**6) == list(range(100, 3 * 512))
    far = (one.buffer.cursor + 5 * RATE - sender.timestamp) // 512
    assert one.continues(replace(sender.packet(far), sequence=sender.packet(4).sequence))
    capacity = one.buffer.capacity
    one.set_depth(0)
    assert one.buffer.capacity == capacity


@pytest.mark.parametrize("hours", [1, 20, 100])
def test_a_timeline_that_went_on_through_hours_of_silence_is_the_same_stream(hours: int) -> None:
    sender = Sender()
    one = stream(sender)
    silence = hours * 3600 * RATE
    one.asked(silence, 0)
    back = replace(
        sender.packet(3),
        timestamp=(sender.timestamp + silence + 2000) % 2**32,
    )
    assert one.continues(back)
    one.insert(back, 0)
    assert one.level() == 2000 + 512
    assert one.ledger.on_time == 4
    old = replace(sender.packet(4), timestamp=sender.packet(3).timestamp)
    assert not one.continues(old)


def test_positions_beyond_the_reach_of_a_float() -> None:
    sender = Sender()
    one = stream(sender)
    far = 2**32 * 2**24
    one._position += far
    one.newest_end += far
    one.buffer.advance(far)
    before = one.buffer.cursor
    one.asked(0, 3 * 10**18)
    one.insert(replace(sender.packet(3), timestamp=(before + 5) % 2**32), 3 * 10**18 - SECOND_NS)
    present = one.buffer.peek(600)[1]
    assert np.flatnonzero(present).tolist() == list(range(5, 517))
    assert one._leads[0] == pytest.approx(RATE, abs=0.01)


@given(st.integers(0, 2**16 - 1), st.sampled_from([64, 480, 512]), st.permutations(range(12)))
@settings(max_examples=50)
def test_without_a_sample_clock_the_sequence_number_is_one(
    sequence: int, size: int, order: list[int]
) -> None:
    """JackTrip's packets: of one size, and numbered; also across the wrap, where a clock of the sizes' sum would jump."""
    sender = Sender(size, sequence)
    packets = [replace(sender.packet(index), timestamp=None) for index in range(12)]
    first = sorted(order[:3])
    one = Stream([Arrival(packets[index], ns(index * size)) for index in first], DEPTH, 512)
    for index in order[3:]:
        assert one.continues(packets[index])
        one.insert(packets[index], 0)
    assert held(one, 12 * size) == list(range(12 * size))
    assert one.ledger.on_time == one.ledger.expected == 12


def test_without_a_sample_clock_packets_keep_their_size() -> None:
    sender = Sender(64)
    one = Stream([Arrival(replace(sender.packet(i), timestamp=None), 0) for i in range(3)], DEPTH, 512)
    other = replace(sender.packet(3), timestamp=None, samples=np.zeros((65, 1), np.float32))
    assert not one.continues(other)

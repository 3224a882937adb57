import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.packet import Recovery
from plcd.core.packet_ledger import MAX_STRETCHES, WINDOW, PacketLedger

SIZE = 10


@settings(max_examples=200)
@given(st.integers(0, 2**40), st.lists(st.tuples(st.integers(-12, 12), st.integers(0, 60)), max_size=60))
def test_every_packet_is_one_of_three_at_every_step(first: int, steps: list[tuple[int, int]]) -> None:
    ledger = PacketLedger(first)
    arrived: dict[int, bool] = {}  # by sequence: late?
    shown: set[int] = set()  # those missing so far
    highest = first - 1
    cursor = duplicates = reordered = 0
    for jump, play in steps:
        sequence = highest + jump
        position = (sequence - first) * SIZE
        if sequence >= first:
            known = sequence in arrived
            assert ledger.is_known(sequence) == known
            if known:
                duplicates += 1
                ledger.duplicate += 1
            else:
                reordered += sequence < highest
                arrived[sequence] = position < cursor
                ledger.arrived(sequence, position, position + SIZE, late=position < cursor)
                shown.update(range(highest + 1, sequence))
                highest = max(highest, sequence)
        heard = [(cursor + i) // SIZE + first in arrived for i in range(play)]
        ledger.played(cursor, np.array(heard, dtype=np.bool_))
        cursor += play
        ledger.played_to(cursor)
        lost = sum(missing not in arrived and (missing - first + 1) * SIZE <= cursor for missing in shown)
        counts = (ledger.on_time, ledger.late, ledger.lost, ledger.reordered, ledger.duplicate)
        late = sum(arrived.values())
        assert counts == (len(arrived) - late, late, lost, reordered, duplicates)
        assert ledger.expected == sum(counts[:3])
    end = (highest + 1 - first) * SIZE
    heard = [i // SIZE + first in arrived for i in range(cursor, end)]
    ledger.played(cursor, np.array(heard, dtype=np.bool_))
    ledger.played_to(end)
    assert ledger.expected == highest - first + 1


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 3 * WINDOW))
def test_a_window_full_of_missing_packets_adds_up_and_is_bounded(seed: int, gap: int) -> None:
    """Nothing is played for long while small packets arrive with gaps: nothing is counted twice."""
    ledger = PacketLedger(seed)
    sequence = seed
    for _ in range(8):
        ledger.arrived(sequence, sequence, sequence + 1, late=False)
        assert ledger.is_known(sequence)
        assert ledger.lost >= 0
        assert len(ledger._missing) < WINDOW
        sequence += gap
    ledger.played(seed, np.zeros(100_000, np.bool_))
    ledger.played_to(2**60)
    assert (ledger.on_time, ledger.lost) == (8, 7 * (gap - 1))
    assert ledger.is_known(ledger.highest)
    for late in range(ledger.highest - 1, ledger.highest - min(gap, WINDOW), -1):
        ledger.arrived(late, late, late + 1, late=True)
    assert ledger.lost == 7 * (gap - 1) - ledger.late
    assert ledger.expected == 8 + 7 * (gap - 1)


def test_a_lost_packet_that_comes_is_late_instead() -> None:
    ledger = PacketLedger(5)
    ledger.arrived(5, 0, 10, late=False)
    ledger.arrived(7, 20, 30, late=False)
    ledger.played(0, np.arange(30) // 10 != 1)
    ledger.played_to(19)
    assert (ledger.on_time, ledger.late, ledger.lost) == (2, 0, 0)
    ledger.played_to(20)
    assert (ledger.on_time, ledger.late, ledger.lost) == (2, 0, 1)
    ledger.arrived(6, 10, 20, late=True)
    assert (ledger.on_time, ledger.late, ledger.lost) == (2, 1, 0)
    assert ledger.is_known(6)
    ledger.played_to(1000)
    assert ledger.expected == 3


def test_packets_before_the_first_count_as_they_come() -> None:
    ledger = PacketLedger(100)
    ledger.arrived(100, 0, 10, late=False)
    assert not ledger.is_known(98)
    ledger.arrived(98, -20, -10, late=False)
    assert ledger.is_known(98)
    assert (ledger.on_time, ledger.reordered, ledger.expected) == (2, 1, 2)


@pytest.mark.parametrize("age", [WINDOW, WINDOW + 1, 10 * WINDOW])
def test_what_is_too_old_to_tell_counts_as_known(age: int) -> None:
    ledger = PacketLedger(10**6)
    ledger.arrived(10**6, 0, 10, late=False)
    assert ledger.is_known(10**6 - age)


def gap(*numbers: int, size: int = SIZE) -> PacketLedger:
    """A ledger that heard of these numbers, 0 first, each packet's audio where its number says."""
    ledger = PacketLedger(0)
    for number in numbers:
        ledger.arrived(number, number * size, (number + 1) * size, late=False)
    return ledger


def verdict(ledger: PacketLedger) -> tuple[int, int, int]:
    return ledger.on_time, ledger.recovered, ledger.lost


def test_missing_packets_whose_audio_was_heard_are_recovered() -> None:
    """Each of a burst by itself: 1 and 3 were there by the time they were played, one sample of 2 was not."""
    ledger = gap(0, 4)
    ledger.brought(10, 40, Recovery.COPY)
    present = np.ones(50, np.bool_)
    present[25] = False
    ledger.played(0, present[:22])
    ledger.played(22, present[22:])
    ledger.played_to(19)
    assert verdict(ledger) == (2, 0, 0)
    ledger.played_to(50)
    assert verdict(ledger) == (2, 2, 1)
    assert ledger.expected == 5


def test_a_packet_counts_as_parity_s_where_any_of_it_came_so() -> None:
    ledger = gap(0, 4)
    ledger.brought(10, 25, Recovery.COPY)
    ledger.brought(25, 40, Recovery.PARITY)
    ledger.played_to(50)
    assert (ledger.recovered_by_copy, ledger.recovered_by_parity, ledger.recovered) == (1, 2, 3)


def test_what_was_played_before_the_gap_was_known_counts_too() -> None:
    for hole, expected in ((False, (2, 1, 0)), (True, (2, 0, 1))):
        ledger = gap(0)
        ledger.brought(10, 20, Recovery.COPY)
        ledger.played(0, np.ones(10, np.bool_))
        ledger.played(10, np.full(10, not hole))
        ledger.played_to(20)
        ledger.arrived(2, 20, 30, late=False)
        ledger.played_to(20)
        assert verdict(ledger) == expected


def test_a_recovered_packet_that_comes_after_all() -> None:
    """Before it is played it came on time; after that it brings nothing new."""
    ledger = gap(0, 2)
    ledger.arrived(1, 10, 20, late=False)
    assert (ledger.reordered, verdict(ledger)) == (1, (3, 0, 0))
    ledger = gap(0, 2)
    ledger.brought(10, 20, Recovery.COPY)
    ledger.played_to(20)
    assert verdict(ledger) == (2, 1, 0)
    assert ledger.is_known(1)


@pytest.mark.parametrize("told", ["before", "after", "never"])
def test_a_number_without_audio_is_not_missing(told: str) -> None:
    """Packets 0, 1 and 3, with parity under the number 2."""
    ledger = gap(0, 1)
    if told == "before":
        ledger.blank(2)
    ledger.arrived(3, 20, 30, late=False)
    if told == "after":
        ledger.blank(2)
    ledger.played(0, np.zeros(100, np.bool_))
    ledger.played_to(100)
    assert verdict(ledger) == (3, 0, 0)
    assert ledger.expected == 3


@pytest.mark.parametrize("told", ["before", "after"])
def test_a_loss_beside_parity_is_one(told: str) -> None:
    """1 is lost and 2 is parity."""
    ledger = gap(0)
    if told == "before":
        ledger.blank(2)
    ledger.arrived(3, 20, 30, late=False)
    if told == "after":
        ledger.blank(2)
    ledger.played(0, np.zeros(100, np.bool_))
    ledger.played_to(100)
    assert verdict(ledger) == (2, 0, 1)


def test_parity_that_is_lost_among_swapped_packets_is_not_missing() -> None:
    """0, then parity, 2 and 3 under the numbers 1 to 3; 3 comes before 2, when two packets seem to share the place of one."""
    ledger = gap(0)
    ledger.arrived(3, 20, 30, late=False)
    ledger.arrived(2, 10, 20, late=False)
    ledger.played(0, np.ones(30, np.bool_))
    ledger.played_to(30)
    assert verdict(ledger) == (3, 0, 0)


def test_packets_of_unknown_sizes_share_their_fate() -> None:
    ledger = PacketLedger(0)
    ledger.arrived(0, 0, 330, late=False)
    ledger.arrived(3, 1355, 1685, late=False)  # 1025 samples in two packets
    ledger.played(0, np.arange(1355) != 400)
    ledger.played_to(1000)
    assert verdict(ledger) == (2, 0, 0)
    ledger.played_to(1355)
    assert verdict(ledger) == (2, 0, 2)


def test_stretches_without_audio_are_bounded_and_join() -> None:
    ledger = gap(0)
    for start in range(0, 1000, 10):
        ledger.played(start, np.zeros(10, np.bool_))
    assert list(ledger._unheard) == [(0, 1000)]
    ledger.played(1000, np.arange(100_000) % 2 == 0)
    assert len(ledger._unheard) == MAX_STRETCHES

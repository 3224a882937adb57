import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.packet_ledger import WINDOW, PacketLedger

SIZE = 10


@settings(max_examples=200)
@given(st.integers(0, 2**40), st.lists(st.tuples(st.integers(-12, 12), st.integers(0, 60)), max_size=60))
def test_every_packet_is_one_of_three_at_every_step(first: int, steps: list[tuple[int, int]]) -> None:
    ledger = PacketLedger(first)
    arrived: dict[int, bool] = {}  # by sequence: late?
    shown: dict[int, int] = {}  # each missing packet's end, as the arrival that showed the gap tells
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
                ledger.arrived(sequence, position, late=position < cursor)
                for missing in range(highest + 1, sequence):
                    shown[missing] = position
                highest = max(highest, sequence)
        cursor += play
        ledger.played_to(cursor)
        lost = sum(1 for missing, end in shown.items() if missing not in arrived and end <= cursor)
        counts = (ledger.on_time, ledger.late, ledger.lost, ledger.reordered, ledger.duplicate)
        late = sum(arrived.values())
        assert counts == (len(arrived) - late, late, lost, reordered, duplicates)
        assert ledger.expected == sum(counts[:3])
    ledger.played_to(highest * SIZE + SIZE)
    assert ledger.expected == highest - first + 1


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 3 * WINDOW))
def test_a_window_full_of_missing_packets_adds_up_and_is_bounded(seed: int, gap: int) -> None:
    """Nothing is played for long while small packets arrive with gaps: nothing is counted twice."""
    ledger = PacketLedger(seed)
    sequence = seed
    for _ in range(8):
        ledger.arrived(sequence, sequence, late=False)
        assert ledger.is_known(sequence)
        assert ledger.lost >= 0
        assert len(ledger._missing) < WINDOW
        sequence += gap
    ledger.played_to(2**60)
    assert (ledger.on_time, ledger.lost) == (8, 7 * (gap - 1))
    assert ledger.is_known(ledger.highest)
    for late in range(ledger.highest - 1, ledger.highest - min(gap, WINDOW), -1):
        ledger.arrived(late, late, late=True)
    assert ledger.lost == 7 * (gap - 1) - ledger.late
    assert ledger.expected == 8 + 7 * (gap - 1)


def test_a_lost_packet_that_comes_is_late_instead() -> None:
    ledger = PacketLedger(5)
    ledger.arrived(5, 0, late=False)
    ledger.arrived(7, 20, late=False)
    ledger.played_to(19)
    assert (ledger.on_time, ledger.late, ledger.lost) == (2, 0, 0)
    ledger.played_to(20)
    assert (ledger.on_time, ledger.late, ledger.lost) == (2, 0, 1)
    ledger.arrived(6, 10, late=True)
    assert (ledger.on_time, ledger.late, ledger.lost) == (2, 1, 0)
    assert ledger.is_known(6)
    ledger.played_to(1000)
    assert ledger.expected == 3


def test_packets_before_the_first_count_as_they_come() -> None:
    ledger = PacketLedger(100)
    ledger.arrived(100, 0, late=False)
    assert not ledger.is_known(98)
    ledger.arrived(98, -20, late=False)
    assert ledger.is_known(98)
    assert (ledger.on_time, ledger.reordered, ledger.expected) == (2, 1, 2)


@pytest.mark.parametrize("age", [WINDOW, WINDOW + 1, 10 * WINDOW])
def test_what_is_too_old_to_tell_counts_as_known(age: int) -> None:
    ledger = PacketLedger(10**6)
    ledger.arrived(10**6, 0, late=False)
    assert ledger.is_known(10**6 - age)

import numpy as np

from plcd.core.counters import PACKET_COUNTS, Counters
from plcd.core.frame import Origin
from plcd.core.packet_ledger import PacketLedger


def ledger(first: int) -> PacketLedger:
    one = PacketLedger(first)
    one.arrived(first, 0, 10, late=False)
    one.arrived(first + 3, 30, 40, late=False)
    one.arrived(first + 1, 10, 20, late=True)
    one.played(20, np.zeros(10, np.bool_))
    one.played_to(30)
    one.duplicate += 2
    return one


def test_totals_are_sums_over_all_streams_past_and_present() -> None:
    counters = Counters()
    assert set(counters.packets([]).values()) == {0}
    counters.retire(ledger(10))
    counters.retire(ledger(60_000))
    totals = counters.packets([ledger(5), PacketLedger(0)])
    assert totals == {
        "on_time": 6,
        "late": 3,
        "lost": 3,
        "recovered": 0,
        "recovered_by_copy": 0,
        "recovered_by_parity": 0,
        "reordered": 3,
        "duplicate": 6,
        "received": 15,
        "expected": 12,
    }
    assert counters.packets([ledger(5), PacketLedger(0)]) == totals  # reading changes nothing


def test_retired_ledgers_are_copied() -> None:
    counters = Counters()
    one = ledger(10)
    counters.retire(one)
    one.duplicate += 100
    assert counters.packets([])["duplicate"] == 2
    assert set(counters.past) == set(PACKET_COUNTS)


def test_there_is_a_count_for_every_origin() -> None:
    assert Counters().by_origin == [0] * len(Origin)
    first, second = Counters(), Counters()
    first.by_origin[Origin.IDLE] += 1
    assert second.by_origin[Origin.IDLE] == 0


def test_origins_are_ordered_by_faithfulness() -> None:
    assert [origin.label for origin in sorted(Origin)] == [
        "received",
        "refined",
        "interpolated",
        "predicted",
        "spliced",
        "silence",
        "idle",
    ]

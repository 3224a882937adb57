import time

from plcd.io.outbox import Outbox


def test_copies_leave_by_their_instants_and_are_counted() -> None:
    left: list[bytes] = []
    outbox = Outbox(left.append)
    start = time.monotonic_ns()
    outbox.put(start + 3_000_000, 0, 0, b"0")
    outbox.put(start + 1_000_000, 1, 0, b"1")
    outbox.put(start + 4_000_000, 1, 1, b"1 again")
    outbox.release(start + 2_000_000)
    assert left == [b"1"]
    assert time.monotonic_ns() >= start + 2_000_000
    outbox.release(None)
    assert left == [b"1", b"0", b"1 again"]
    assert time.monotonic_ns() >= start + 4_000_000
    assert (outbox.sent, outbox.duplicated, outbox.reordered) == (3, 1, 1)
    assert outbox.max_lateness_ns >= 0


def test_what_is_late_leaves_at_once() -> None:
    left: list[bytes] = []
    outbox = Outbox(left.append)
    outbox.put(time.monotonic_ns() - 5_000_000, 0, 0, b"0")
    outbox.release(None)
    assert left == [b"0"]
    assert outbox.max_lateness_ns >= 5_000_000


def test_a_stopped_outbox_drops_what_it_holds() -> None:
    left: list[bytes] = []
    outbox = Outbox(left.append)
    outbox.put(time.monotonic_ns() + 3_600_000_000_000, 0, 0, b"0")
    outbox.stopped = True
    outbox.release(None)
    outbox.release(time.monotonic_ns() + 3_600_000_000_000)
    assert left == []

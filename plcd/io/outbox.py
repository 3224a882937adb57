"""Datagrams that leave at given instants of the monotonic clock, earliest first."""

import heapq
import time
from collections.abc import Callable

_LONGEST_SLEEP_NS = 100_000_000
"""How long ``stop`` may go unseen."""
_LAST_SLEEP_NS = 1_500_000
"""Long sleeps overshoot by up to a millisecond on some systems: a second, short one follows."""


class Outbox:
    """Holds copies of packets until they are due, and counts what left.

    ``send`` is given each datagram at its time. All counts are since the start.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self._heap: list[tuple[int, int, int, bytes]] = []
        self._latest = -1
        self.stopped = False
        """Set, by any thread or signal handler, to make ``release`` return and drop what is held."""
        self.sent = 0
        self.duplicated = 0
        """Second copies."""
        self.reordered = 0
        """First copies that left after a later packet."""
        self.max_lateness_ns = 0
        """By how much the latest copy missed its instant."""

    def put(self, due_ns: int, number: int, copy: int, datagram: bytes) -> None:
        """Hold one copy (0: the first) of packet ``number`` until ``due_ns``."""
        heapq.heappush(self._heap, (due_ns, number, copy, datagram))

    def release(self, until_ns: int | None) -> None:
        """Send each copy due up to ``until_ns`` at its instant, then wait for that; None: send all that is
        held.

        Copies leave in the order of their instants, if none is put later than a release of its instant.
        """
        while self._heap and (until_ns is None or self._heap[0][0] <= until_ns):
            due_ns, number, copy, datagram = heapq.heappop(self._heap)
            self._wait(due_ns)
            if self.stopped:
                return
            self._send(datagram)
            self.max_lateness_ns = max(self.max_lateness_ns, time.monotonic_ns() - due_ns)
            self.sent += 1
            self.duplicated += copy > 0
            self.reordered += copy == 0 and number < self._latest
            self._latest = max(self._latest, number)
        if until_ns is not None:
            self._wait(until_ns)

    def _wait(self, instant_ns: int) -> None:
        while not self.stopped and (left := instant_ns - time.monotonic_ns()) > 0:
            nap = left if left <= _LAST_SLEEP_NS else min(left - _LAST_SLEEP_NS // 2, _LONGEST_SLEEP_NS)
            time.sleep(nap / 1e9)

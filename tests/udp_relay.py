"""A relay between two UDP peers that does something to the datagrams of one of them."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator

Treat = Callable[[int, bytes], list[bytes]]
"""(number, datagram) to what is passed on in its place."""


def as_it_is(_: int, datagram: bytes) -> list[bytes]:
    """Nothing is done to it."""
    return [datagram]


def drop_every(n: int) -> Treat:
    """Every ``n``-th datagram is lost."""
    return lambda number, datagram: [] if number % n == n - 1 else [datagram]


def swap_neighbours(n: int) -> Treat:
    """Every ``n``-th datagram comes after the one that follows it."""
    held: list[bytes] = []

    def treat(number: int, datagram: bytes) -> list[bytes]:
        if number % n == n - 1:
            held.append(datagram)
            return []
        out = [datagram, *held]
        held.clear()
        return out

    return treat


class Relay:
    """Peers send to ``port``; what they send goes on to ``to``, treated, and what comes back goes back, treated by ``back``."""

    def __init__(self, to: tuple[str, int], treat: Treat, back: Treat) -> None:
        self.passed = 0
        self.returned: list[bytes] = []
        self._treat = treat
        self._treat_back = back
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self._far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far.connect(to)
        self.port = int(self._near.getsockname()[1])
        self._peer: tuple[str, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._near, selectors.EVENT_READ)
            selector.register(self._far, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in selector.select(0.1):
                    with contextlib.suppress(OSError):
                        self._forward() if key.fileobj is self._near else self._back()

    def _forward(self) -> None:
        datagram, self._peer = self._near.recvfrom(65536)
        for one in self._treat(self.passed, datagram):
            self._far.send(one)
        self.passed += 1

    def _back(self) -> None:
        datagram = self._far.recv(65536)
        for one in self._treat_back(len(self.returned), datagram):
            if self._peer is not None:
                self._near.sendto(one, self._peer)
        self.returned.append(datagram)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._near.close()
        self._far.close()

    def start(self) -> None:
        self._thread.start()


@contextlib.contextmanager
def relay(to: tuple[str, int], treat: Treat = as_it_is, back: Treat = as_it_is) -> Iterator[Relay]:
    """A running relay."""
    one = Relay(to, treat, back)
    one.start()
    try:
        yield one
    finally:
        one.close()

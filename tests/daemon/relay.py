"""A network between a sender and a daemon: passes datagrams on, but for those a rule takes away."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Relay:
    """Passes what reaches ``address`` on to ``to``, from one port of its own. ``drops(n)``: whether datagram n is lost."""

    def __init__(self, to: tuple[str, int], drops: Callable[[int], bool]) -> None:
        self.dropped = 0
        self.passed: list[bytes] = []
        self._to = to
        self._drops = drops
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while data := self._socket.recv(65536):
            if self._drops(number):
                self.dropped += 1
            else:
                self._socket.sendto(data, self._to)
                self.passed.append(data)
            number += 1

    def close(self) -> None:
        """Once all has gone through."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", self.address)
        self._thread.join()
        self._socket.close()


@contextlib.contextmanager
def relaying(to: tuple[str, int], drops: Callable[[int], bool]) -> Iterator[Relay]:
    """A relay for as long as the block lasts."""
    relay = Relay(to, drops)
    try:
        yield relay
    finally:
        relay.close()

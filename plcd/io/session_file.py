"""A session written down: every datagram with its sender and its arrival, as a pcapng file that Wireshark opens too.

Theory of operation. Whoever receives hands over datagrams and never waits: they go into a bounded queue, from which a
thread of its own writes. What the queue cannot hold is dropped and counted, and the file says how many. The file is whole
after each batch, so that a crash costs the last fifth of a second.

Around each datagram a bare IP packet is made up, from its sender to the address that is listened on. Stamps are the kernel's
arrival times on the monotonic clock, set to Unix time once at the beginning: a wall clock that is stepped in mid-session
moves nothing.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from plcd import __version__
from plcd.io.raw_file import RawFile
from plcd.wire import ip_udp, pcap
from plcd.wire.anonymous import Pseudonyms
from plcd.wire.formats import detect
from plcd.wire.rtp import RTCP_TYPES

log = logging.getLogger("plcd.capture")

QUEUE_LIMIT = 8192
"""Datagrams that wait for the disk: some seconds of a flood."""
QUEUE_BYTES = 1 << 25
"""32 MiB: a minute of 24-bit stereo at 96 kHz, less of larger datagrams."""
BATCH_S = 0.2
CLOSE_S = 30.0
"""How long closing waits for a disk that hangs."""
MAX_HOSTS = 4096
"""Hosts whose packed form is remembered."""
"""Sessions of one name."""
ANYWHERE: Final = {4: bytes(4), 16: bytes(16)}


class SessionFileError(Exception):
    """The file cannot be made. The message names it and says why."""


class SessionFile:
    """Writes datagrams that reached ``to`` (host, port) to ``path``. ``anonymous``: hosts are replaced, and RTCP, which names
    people and machines, is left out.
    """

    def __init__(
        self,
        path: Path,
        to: tuple[str, int],
        anonymous: bool = False,
        on_error: Callable[[str], None] = log.error,
    ) -> None:
        """``on_error`` hears of the first failure, once, on the writer's thread. Raises SessionFileError, also where there is
        such a file already: a session is not to be had again.
        """
        self.path = path
        self.dropped = 0
        """Datagrams that are not in the file because the disk was too slow."""
        self.written = 0
        self.error: str | None = None
        """One line, once writing has failed."""
        self._hosts: dict[str, bytes] = {}
        self._pseudonyms = Pseudonyms() if anonymous else None
        self._to_host, self._to_port = to
        self._on_error = on_error
        self._behind_ns = time.time_ns() - time.monotonic_ns()
        self._queue: deque[tuple[bytes, str, int, int]] = deque()
        self._taken = self._queued_bytes = self._written_bytes = 0
        self._newest_ns = time.time_ns()
        self._closing = threading.Event()
        try:
            self._file = RawFile(path, exclusive=True)
            self._file.write_all(pcap.section(f"plcd {__version__}", "plcd"))
        except OSError as error:
            raise SessionFileError(f"cannot write {path}: {error.strerror or error}") from None
        self._thread = threading.Thread(target=self._run, name="plcd-capture", daemon=True)
        self._thread.start()

    def write(self, data: bytes, host: str, port: int, arrival_ns: int) -> None:
        """Take a datagram that came at ``arrival_ns`` (monotonic). One thread; never waits. After ``close`` or an error:
        nothing.
        """
        if self.error is not None or self._closing.is_set():
            return
        waiting = self._queued_bytes - self._written_bytes
        if len(self._queue) >= QUEUE_LIMIT or waiting + len(data) > QUEUE_BYTES:
            if not self.dropped:
                log.warning("capture: the disk cannot keep up, datagrams are dropped from %s", self.path)
            self.dropped += 1
            return
        self._queued_bytes += len(data)
        self._queue.append((data, host, port, arrival_ns))

    def status(self) -> dict[str, Any]:
        """``path``, ``datagrams`` in the file, those ``dropped``, ``error`` (None while all is well). From any thread."""
        return {
            "path": str(self.path),
            "datagrams": self.written,
            "dropped": self.dropped,
            "error": self.error,
        }

    def close(self) -> None:
        """Write what waits, and complete the file. Idempotent; see ``error`` for how it went."""
        self._closing.set()
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            self._fail(f"{self.path}: the disk did not take the rest within {CLOSE_S:g} s")

    def _run(self) -> None:
        try:
            while self.error is None:
                last = self._closing.wait(BATCH_S)
                self._write_batch()
                if last:
                    self._file.write_all(
                        pcap.statistics(self._newest_ns, self.written + self.dropped, self.dropped)
                    )
                    break
        except OSError as error:
            self._fail(f"{self.path}: {os.strerror(error.errno) if error.errno else error}")
        finally:
            self._file.close()

    def _write_batch(self) -> None:
        blocks = []
        size = 0
        for _ in range(len(self._queue)):
            data, host, port, arrival_ns = self._queue.popleft()
            size += len(data)
            if self._pseudonyms is not None and _is_rtcp(data):
                continue
            self._newest_ns = arrival_ns + self._behind_ns
            blocks.append(pcap.packet(self._newest_ns, self._packet(data, host, port)))
        if blocks:
            self._file.write_all(b"".join(blocks))
            self.written += len(blocks)
        self._written_bytes += size

    def _packet(self, data: bytes, host: str, port: int) -> bytes:
        source = self._packed(host)
        to = ANYWHERE[len(source)]
        if self._pseudonyms is not None:
            source = self._pseudonyms.of(source)
        elif self._to_host and len(self._packed(self._to_host)) == len(source):
            to = self._packed(self._to_host)
        return ip_udp.build(source, port, to, self._to_port, data)

    def _packed(self, host: str) -> bytes:
        known = self._hosts.get(host)
        if known is None:
            if len(self._hosts) >= MAX_HOSTS:
                self._hosts.clear()
            known = self._hosts[host] = ip_address(host.partition("%")[0]).packed
        return known

    def _fail(self, message: str) -> None:
        if self.error is None:
            self.error = message
            self._on_error(f"capture: {message}")


def _is_rtcp(data: bytes) -> bool:
    return len(data) > 1 and data[0] >> 6 == 2 and data[1] in RTCP_TYPES and detect(data) == "rtp"

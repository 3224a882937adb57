"""The receiving socket: datagrams with their arrival times into a bounded queue, strangers held off."""

import asyncio
import logging
import socket
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

from plcd.core.sources import SILENCE_NS
from plcd.io import packet_filter
from plcd.io.addresses import plain
from plcd.io.expedited import mark_expedited
from plcd.io.limited_log import LimitedLog

log = logging.getLogger("plcd.udp")

QUEUE_LIMIT = 4096
"""Datagrams that wait for the engine: more than five seconds of a stream, 6 MB at most."""
AT_A_TIME = 64
"""Datagrams read per wake-up, so that a flood cannot keep the loop from its other work."""
LARGEST = 65_536
RECEIVE_BUFFER = 1 << 20
FLOOD_PER_CHECK = 200
CHECK_NS = 100_000_000
"""Two strangers' datagrams a millisecond are no accident: from here on the kernel turns them away."""
BARRAGE_PER_CHECK = 2000
"""Before there is a stream: more from one address than any stream has (AES67 sends 8,000 a second, no one 20,000)."""
FILTER_S = 5.0

_SO_TIMESTAMPNS = 35
_SO_RXQ_OVFL = 40
_HAS_ANCILLARY = hasattr(socket.socket, "recvmsg")


class Datagram(NamedTuple):
    """Bytes, the sender's address (IPv4 in plain form), and the arrival on the monotonic clock in ns."""

    data: bytes
    host: str
    port: int
    arrival_ns: int


def bind(host: str, port: int) -> socket.socket:
    """A UDP socket; an empty host listens on every interface, IPv6 and IPv4 alike where there is IPv6. Raises OSError."""
    if host:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        sock = socket.socket(family, kind, proto)
    elif socket.has_dualstack_ipv6():
        sock, address = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), ("::", port)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    else:
        sock, address = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), ("0.0.0.0", port)
    try:
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    mark_expedited(sock)  # what is answered from here
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    if sys.platform == "linux":
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    return sock


class UdpReceiver:
    """Reads ``sock`` on the running event loop. Counters are written by the loop's thread alone.

    ``accepted`` tells the address (host, port) of the stream that plays, or None; packets from elsewhere are counted
    and dropped here while that one is alive; so are those from a host that is not ``allowed``. ``on_data`` is called once for
    each wake-up that queued something, ``on_heard`` with each datagram of the accepted address (data, host, port, arrival),
    ``on_any`` with every one, before anything is decided. Where several are heard there is no accepted one, and ``mixed`` says
    which they are. ``heard_ns`` tells when the newest packet of the stream that plays came: what else comes from its address
    keeps nobody out.
    """

    def __init__(
        self,
        sock: socket.socket,
        accepted: Callable[[], tuple[str, int] | None],
        on_data: Callable[[], None] = lambda: None,
        on_heard: Callable[[bytes, str, int, int], None] | None = None,
        allowed: Callable[[str], bool] | None = None,
        on_any: Callable[[bytes, str, int, int], None] | None = None,
        mixed: Callable[[tuple[str, int]], bool] = lambda address: False,
        heard_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self.queue: deque[Datagram] = deque()
        self.foreign = 0
        self.kernel_dropped = 0
        self.queue_dropped = 0
        self.filtering: tuple[str, int] | None = None
        """The address that the kernel's filter names: the one it passes, or before there is a stream, the one it does not."""
        self._sock = sock
        self._accepted = accepted
        self._on_data = on_data
        self._on_heard = on_heard
        self._allowed = allowed
        self._on_any = on_any
        self._mixed = mixed
        self._heard_ns = heard_ns
        self._limited = LimitedLog(log)
        self._loop = asyncio.get_running_loop()
        self._overflow = 0
        self._strangers = 0
        self._denying = False
        self._crowd: Counter[tuple[str, int]] = Counter()
        self._check_ns = 0
        self._released_ns: int | None = None
        """When the filter was lifted, until a datagram that came after has brought the last count of what it rejected."""
        self._release: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock.fileno(), self._readable)
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        log.info("receive buffer: asked for %d bytes, granted %d", RECEIVE_BUFFER, granted)
        if sys.platform != "linux":
            log.info("no kernel timestamps on this system: arrival is when plcd reads a packet")

    def close(self) -> None:
        """Stop reading and close the socket."""
        if self._release:
            self._release.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _readable(self) -> None:
        now_ns = time.monotonic_ns()
        behind_ns = time.time_ns() - now_ns  # kernel stamps are of the wall clock
        accepted = self._accepted()
        queued = False
        for _ in range(AT_A_TIME):
            try:
                if _HAS_ANCILLARY:
                    data, ancillary, _, address = self._sock.recvmsg(LARGEST, 128)
                else:
                    ancillary = []
                    data, address = self._sock.recvfrom(LARGEST)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:  # for instance an ICMP answer to something sent from this port
                log.debug("receive: %s", error)
                continue
            host, port = plain(address[0]), address[1]
            arrival_ns = self._read_ancillary(ancillary, behind_ns, now_ns)
            if self._on_any is not None:
                self._on_any(data, host, port, arrival_ns)
            if self._allowed is not None and not self._allowed(host):
                self.foreign += 1
                self._limited.warning("denied", f"packets from {host} are not heard: it is not allowed here")
                if accepted is not None:
                    self._stranger(accepted, arrival_ns)
                else:
                    self._candidate((host, port), arrival_ns)
                continue
            if accepted is not None:
                if accepted == (host, port):
                    if self._on_heard is not None:
                        self._on_heard(data, host, port, arrival_ns)
                elif arrival_ns - self._heard_ns() < SILENCE_NS:
                    self.foreign += 1
                    self._stranger(accepted, arrival_ns)
                    continue
            elif not self._mixed((host, port)):
                self._candidate((host, port), arrival_ns)
            elif self._on_heard is not None:
                self._on_heard(data, host, port, arrival_ns)
            if len(self.queue) >= QUEUE_LIMIT:
                self.queue_dropped += 1
                continue
            self.queue.append(Datagram(data, host, port, arrival_ns))
            queued = True
        if queued:
            self._on_data()

    def _read_ancillary(self, ancillary: list[tuple[int, int, bytes]], behind_ns: int, now_ns: int) -> int:
        """Note the kernel's drop counter; the arrival, by the kernel's stamp unless the wall clock was stepped since."""
        arrival_ns = now_ns
        for level, kind, content in ancillary:
            if level != socket.SOL_SOCKET:
                continue
            if kind == _SO_TIMESTAMPNS and len(content) >= 16:
                seconds, nanoseconds = struct.unpack_from("qq", content)
                stamped_ns = seconds * 1_000_000_000 + nanoseconds - behind_ns
                if 0 <= now_ns - stamped_ns < SILENCE_NS:
                    arrival_ns = stamped_ns
            elif kind == _SO_RXQ_OVFL and len(content) >= 4:
                (count,) = struct.unpack_from("I", content)
                new = (count - self._overflow) & 0xFFFFFFFF
                self._overflow = count
                if self.filtering or self._released_ns is not None:
                    self.foreign += new
                else:
                    self.kernel_dropped += new
                if self._released_ns is not None and arrival_ns > self._released_ns:
                    self._released_ns = None
        return arrival_ns

    def _stranger(self, accepted: tuple[str, int], arrival_ns: int) -> None:
        """Count strangers; when they flood, let the kernel turn them away for a while."""
        self._begin_check(arrival_ns)
        self._strangers += 1
        if self._strangers < FLOOD_PER_CHECK or (self.filtering and not self._denying):
            return
        if packet_filter.attach(self._sock, *accepted):
            log.warning("flood from other addresses: the kernel now passes only %s port %d", *accepted)
            self._hold_filter(accepted, denying=False)

    def _candidate(self, address: tuple[str, int], arrival_ns: int) -> None:
        """Count who sends while there is no stream; whoever floods is turned away, so that a stream can be heard."""
        self._begin_check(arrival_ns)
        self._crowd[address] += 1
        if self._crowd[address] < BARRAGE_PER_CHECK or self.filtering:
            return
        if packet_filter.attach(self._sock, *address, admit=False):
            log.warning("flood from %s port %d: the kernel turns it away", *address)
            self._hold_filter(address, denying=True)

    def _begin_check(self, arrival_ns: int) -> None:
        if arrival_ns - self._check_ns > CHECK_NS:
            self._check_ns, self._strangers = arrival_ns, 0
            self._crowd.clear()

    def _hold_filter(self, address: tuple[str, int], denying: bool) -> None:
        if self._release:
            self._release.cancel()
        self.filtering, self._denying = address, denying
        self._release = self._loop.call_later(FILTER_S / 20, self._review, self._loop.time() + FILTER_S)

    def _review(self, until: float) -> None:
        """Drop the filter after its time, or as soon as it would keep out the stream that plays, or is to follow it."""
        heard = time.monotonic_ns() - self._heard_ns() <= SILENCE_NS
        plays = self.filtering == self._accepted()
        if self._loop.time() < until and (not plays if self._denying else plays and heard):
            self._release = self._loop.call_later(FILTER_S / 20, self._review, until)
            return
        packet_filter.detach(self._sock)
        self._released_ns = time.monotonic_ns()
        self.filtering = self._release = None

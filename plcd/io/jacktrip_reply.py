"""What goes back to a JackTrip peer that is heard: it gives up a session in which nothing comes.

Theory of operation. Each of the peer's packets is answered by one in its own format, at its own rate: silence, or what
:meth:`JackTripReply.feed` was given lately. The allowance has the last word. All on the event loop's thread.
"""

from collections.abc import Callable

import numpy as np

from plcd.core.frame import Samples
from plcd.core.reply_allowance import ReplyAllowance
from plcd.io.packet_feed import PacketFeed
from plcd.io.sender import wall_clock_us
from plcd.wire import jacktrip
from plcd.wire.errors import WireError
from plcd.wire.jacktrip_packetizer import JackTripPacketizer

FED_NS = 1_000_000_000
"""So long after audio was fed silence is not sent on its own: the capture has a clock of its own."""

Send = Callable[[bytes, str, int], None]
"""(datagram, host, port) to the network."""


class JackTripReply:
    """Answers one peer. ``rate``: Hz of a peer that cannot name its rate."""

    def __init__(self, send: Send, rate: int | None = None) -> None:
        self.sent = 0
        """Packets so far."""
        self.allowance = ReplyAllowance()
        self._send = send
        self._rate = rate
        self._packetizer: JackTripPacketizer | None = None
        self._peer: tuple[object, ...] = ()
        self._silence = np.zeros((0, 1), np.float32)
        self._feed: PacketFeed | None = None
        self._fed_ns: int | None = None

    @property
    def channels(self) -> int:
        """Of what is sent; 0 while nobody is heard."""
        return self._packetizer.stream.channels if self._packetizer else 0

    def heard(self, datagram: bytes, host: str, port: int, now_ns: int) -> None:
        """A datagram came from the address whose stream was accepted."""
        try:
            header = jacktrip.parse(datagram)[0].header
            stream = jacktrip.format_of(header, self._rate)
        except WireError:
            return
        # No more channels than it sends, though it may want more: a reply is never longer than what it answers.
        channels = min(header.wanted_channels, stream.channels)
        if not channels:
            return
        peer = (host, port, stream, header.samples, channels)
        if peer != self._peer:
            self._peer = peer
            self._packetizer = JackTripPacketizer(
                stream._replace(channels=channels), header.samples, wall_clock_us, wanted=stream.channels
            )
            self._silence = np.zeros((header.samples, channels), np.float32)
            self._feed = PacketFeed(header.samples, channels)
        self.allowance.heard((host, port), len(datagram), now_ns)
        if self._fed_ns is None or now_ns - self._fed_ns > FED_NS:
            self._put(self._silence, now_ns)

    def feed(self, block: Samples, now_ns: int) -> None:
        """Send ``block`` ``(n, channels)``, of the peer's rate, as far as it fills packets; the rest waits for the next block."""
        if self._feed is None:
            return
        self._fed_ns = now_ns
        self._feed.add(block)
        while (samples := self._feed.take()) is not None:
            self._put(samples, now_ns)

    def close(self, now_ns: int) -> None:
        """Tell the peer, if it was answered and is there, that this was all."""
        if self.sent and self.allowance.address is not None:
            for datagram in JackTripPacketizer.farewell:
                if self.allowance.take(len(datagram), now_ns):
                    self._send(datagram, *self.allowance.address)

    def _put(self, samples: Samples, now_ns: int) -> None:
        assert self._packetizer is not None
        assert self.allowance.address is not None
        if not self.allowance.take(self._packetizer.datagram_bytes, now_ns):
            return
        self._send(self._packetizer.packet(samples), *self.allowance.address)
        self.sent += 1

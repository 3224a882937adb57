"""A stream on its way to one address: audio of any kind in, datagrams of the peer's form out, repeated and protected as asked."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plcd.core.frame import Samples
from plcd.io.packet_feed import PacketFeed
from plcd.io.sender import wall_clock_us
from plcd.io.srtp import Protector
from plcd.io.srtp_key import SrtpKey
from plcd.wire.answering import Answer
from plcd.wire.jacktrip_packetizer import JackTripPacketizer
from plcd.wire.packetizer import Packetizer
from plcd.wire.payload_map import ULPFEC_TYPE

Send = Callable[[bytes, str, int], None]
"""(datagram, host, port) to the network."""

SRTP_BYTES = 16
"""The longest tag that a profile puts behind a packet."""
MAX_BYTES = 65_507 - 64
"""What UDP holds, less room for that tag and for parity's headers."""


@dataclass(frozen=True, slots=True)
class Repair:
    """How much is sent beside each packet's own audio."""

    redundancy: int = 0
    """Earlier packets that each repeats."""
    fec: int = 0
    """After how many packets parity follows, in RTP; 0: never."""


class Outgoing:
    """Datagrams in the form of ``answer`` to ``address``. ``may_send(bytes, now_ns)`` has the last word on each.

    Raises ValueError where ``repair`` does not go with such packets.
    """

    def __init__(
        self,
        send: Send,
        address: tuple[str, int],
        answer: Answer,
        repair: Repair | None = None,
        key: SrtpKey | None = None,
        may_send: Callable[[int, int], bool] = lambda size, now_ns: True,
    ) -> None:
        repair = repair or Repair()
        datagram_bytes(answer, repair.redundancy)
        self.answer = answer
        self.sent = 0
        """Datagrams so far."""
        self.withheld = 0
        """Those that might not be sent."""
        self.ssrc: int | None = None
        """In RTP: a random one, so that no two streams under a key are encrypted alike (RFC 3711 section 9.1)."""
        self._send = send
        self._address = address
        self._may_send = may_send
        self._protector: Protector | None = None
        self._packetizer = self._make_packetizer(answer, repair, key)
        self._feed = PacketFeed(answer.samples, answer.stream.channels, answer.stream.rate)
        self._silence = np.zeros((answer.samples, answer.stream.channels), np.float32)

    def feed(self, block: Samples, rate: int, now_ns: int) -> None:
        """Send ``block`` ``(n, channels)``, at ``rate`` Hz, as far as it fills packets; the rest waits for the next block."""
        self._feed.add(block, rate)
        while (samples := self._feed.take()) is not None:
            self.put(samples, now_ns)

    def silence(self, now_ns: int) -> None:
        """Send one packet of it."""
        self.put(self._silence, now_ns)

    def put(self, samples: Samples, now_ns: int) -> None:
        """Send one packet, and the parity that may follow it. One that may not be sent leaves a gap in the numbers."""
        self._pass(self._packetizer.packet(samples), now_ns)
        parity = self._packetizer.parity() if isinstance(self._packetizer, Packetizer) else None
        if parity is not None:
            self._pass(parity, now_ns)

    def begin_parity(self, fec: int) -> None:
        """From now on send parity after every ``fec`` packets, if it is RTP."""
        if isinstance(self._packetizer, Packetizer) and self._packetizer.payload_type != ULPFEC_TYPE:
            self._packetizer.group = fec

    def farewell(self, now_ns: int) -> None:
        """Tell the peer that this was all, where its format has a word for it."""
        if isinstance(self._packetizer, JackTripPacketizer) and self.sent:
            for datagram in self._packetizer.farewell:
                if self._may_send(len(datagram), now_ns):
                    self._send(datagram, *self._address)

    def _pass(self, datagram: bytes, now_ns: int) -> None:
        if self._protector is not None:
            datagram = self._protector.protect(datagram)
        if self._may_send(len(datagram), now_ns):
            self._send(datagram, *self._address)
            self.sent += 1
        else:
            self.withheld += 1

    def _make_packetizer(
        self, answer: Answer, repair: Repair, key: SrtpKey | None
    ) -> Packetizer | JackTripPacketizer:
        if answer.payload_type is None:
            return JackTripPacketizer(
                answer.stream,
                answer.samples,
                wall_clock_us,
                wanted=answer.heard_channels or None,
                redundancy=repair.redundancy,
            )
        self.ssrc = secrets.randbits(32)
        if key is not None:
            self._protector = Protector(key, self.ssrc)
        return Packetizer(
            answer.stream,
            answer.payload_type,
            self.ssrc,
            secrets.randbits(15),  # a while to the first wrap (RFC 3711 section 3.3.1)
            secrets.randbits(32),
            repair.redundancy,
            repair.fec,
        )


def datagram_bytes(answer: Answer, redundancy: int) -> int:
    """Of the largest datagram with so many copies, unprotected and without parity. Raises ValueError where it cannot be sent."""
    if answer.payload_type is None:
        size = JackTripPacketizer(
            answer.stream, answer.samples, wall_clock_us, redundancy=redundancy
        ).datagram_bytes
    else:
        packetizer = Packetizer(answer.stream, answer.payload_type, 0, copies=redundancy)
        size = packetizer.datagram_bytes(answer.samples)
    if size > MAX_BYTES:
        raise ValueError(
            f"packets of {answer.samples} samples of {answer.stream} with {redundancy} copies make {size} bytes, "
            f"a datagram holds {MAX_BYTES}"
        )
    return size

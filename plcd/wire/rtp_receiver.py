"""RTP datagrams to audio packets, with what repeats (RFC 2198) and parity (RFC 5109) bring of packets that did not come."""

import contextlib
from collections import deque
from collections.abc import Iterator, Mapping

from plcd.core.packet import AudioPacket, BlankPacket, Recovery, SourceId, StreamFormat
from plcd.wire import red, ulpfec
from plcd.wire.depacketizer import Depacketizer
from plcd.wire.errors import WireError
from plcd.wire.payload_map import RED, REPAIR, ULPFEC
from plcd.wire.rebuilding import Rebuilder
from plcd.wire.rtp import RtpHeader, parse_header

MAX_BLANKS = 64
"""Parity's numbers that wait to be fetched: they are, after each datagram."""


class RtpReceiver:
    """Parses datagrams, and remembers of each of a few senders the newest.

    ``rtp_map``: what the dynamic payload types stand for, beside the static ones; ``RED`` and ``ULPFEC`` among them. Raises
    ValueError as :class:`Depacketizer`.
    """

    def __init__(self, rtp_map: Mapping[int, StreamFormat]) -> None:
        self.parity = 0
        """Parity packets so far."""
        self.spoiled = 0
        """Packets rebuilt from parity that were none."""
        self._audio = Depacketizer(
            {t: form for t, form in rtp_map.items() if form.encoding not in REPAIR.values()}
        )
        meant = {**REPAIR, **{payload_type: form.encoding for payload_type, form in rtp_map.items()}}
        self._repair = {payload_type: name for payload_type, name in meant.items() if name in REPAIR.values()}
        self._rebuilder = Rebuilder()
        self._blanks: deque[BlankPacket] = deque(maxlen=MAX_BLANKS)

    def parse(self, datagram: bytes, host: str, port: int) -> tuple[AudioPacket, ...]:
        """The packets that ``datagram``, which came from ``host`` and ``port``, brings: its own, and others as recovered ones.

        Raises WireError, and nothing else, whatever the bytes.
        """
        header = parse_header(datagram)
        source = SourceId(host, port, header.ssrc)
        if self._repair.get(header.payload_type) == ULPFEC:
            parity = ulpfec.parse(datagram[header.payload_start : header.payload_stop])
            self.parity += 1
            self._blanks.append(BlankPacket(source, header.sequence))
            own: tuple[AudioPacket, ...] = ()
            rebuilt = self._rebuilder.parity(source, header.sequence, parity)
        else:
            own = self._unpack(datagram, header, source)
            rebuilt = self._rebuilder.packet(source, header.sequence, datagram)
        others = [packet for missing in rebuilt for packet in self._unpack_rebuilt(missing, source)]
        return (*others, *own)

    def take_blanks(self) -> list[BlankPacket]:
        """The numbers that went to parity since this was last called."""
        blanks = list(self._blanks)
        self._blanks.clear()
        return blanks

    def _unpack(
        self, datagram: bytes, header: RtpHeader, source: SourceId, recovered: Recovery | None = None
    ) -> tuple[AudioPacket, ...]:
        """The packet, which was ``recovered``, with the copies it brings, the oldest first. Raises WireError."""
        payload = datagram[header.payload_start : header.payload_stop]
        number, timestamp = header.sequence, header.timestamp
        if self._repair.get(header.payload_type) != RED:
            return (self._audio.unpack(header.payload_type, payload, source, number, timestamp, recovered),)
        *copies, own = red.parse(payload)
        audio = payload[own.start :]
        packet = self._audio.unpack(own.payload_type, audio, source, number, timestamp, recovered)
        how = recovered or Recovery.COPY
        return (*self._copies(payload, copies, source, number, timestamp, how), packet)

    def _copies(
        self,
        payload: bytes,
        blocks: list[red.Block],
        source: SourceId,
        number: int,
        timestamp: int,
        how: Recovery,
    ) -> Iterator[AudioPacket]:
        """Those that are linear PCM: a sender may choose another encoding for them."""
        for kind, offset, start, stop in blocks:
            then = (timestamp - offset) & 0xFFFFFFFF
            with contextlib.suppress(WireError):
                yield self._audio.unpack(kind, payload[start:stop], source, number, then, how)

    def _unpack_rebuilt(self, datagram: bytes, source: SourceId) -> tuple[AudioPacket, ...]:
        try:
            return self._unpack(datagram, parse_header(datagram), source, Recovery.PARITY)
        except WireError:
            self.spoiled += 1
            return ()

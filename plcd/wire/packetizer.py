"""Audio to RTP datagrams: blocks of any size are cut into packets, packets are numbered and encoded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.wire.payload_map import DYNAMIC, RED_TYPE, STATIC, ULPFEC_TYPE, check_format
from plcd.wire.pcm import CODECS
from plcd.wire.red import Repeater
from plcd.wire.rtp import HEADER_BYTES, build
from plcd.wire.ulpfec import MAX_GROUP, MAX_HEADER_BYTES
from plcd.wire.ulpfec import build as build_parity


def reblock(blocks: Iterable[Samples], packet: int) -> Iterator[Samples]:
    """Cut ``blocks`` of any length into ones of ``packet`` frames; the last may be shorter, none is empty.

    Each packet is given out as soon as its last sample is there.
    """
    held: list[Samples] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < packet:
            continue
        whole = held[0] if len(held) == 1 else np.concatenate(held)
        cut = count - count % packet
        for start in range(0, cut, packet):
            yield whole[start : start + packet]
        held = [whole[cut:]]
        count -= cut
    if count:
        yield np.concatenate(held)


def choose_payload_type(stream: StreamFormat) -> int:
    """The static type of this format if it has one, else the first dynamic one."""
    return next((number for number, known in STATIC.items() if known == stream), DYNAMIC[0])


@dataclass(slots=True)
class Packetizer:
    """Numbers and encodes the packets of one stream; the first bears ``sequence`` and ``timestamp``.

    Raises ValueError for a format that cannot be sent, a payload type that stands for another format, or an
    SSRC beyond 32 bits.
    """

    stream: StreamFormat
    payload_type: int
    ssrc: int
    sequence: int = 0
    """Number of the next packet; wraps at 2^16 on the wire."""
    timestamp: int = 0
    """Sample clock of the next packet; wraps at 2^32 on the wire."""
    copies: int = 0
    """How many earlier packets each repeats (RFC 2198), under the type :data:`RED_TYPE`."""
    group: int = 0
    """After how many packets parity over them follows (RFC 5109), under :data:`ULPFEC_TYPE` and a number of its own; 0: never."""
    _repeater: Repeater | None = field(init=False, default=None)
    _unprotected: list[bytes] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        check_format(self.stream)
        if not 0 <= self.ssrc < 1 << 32:
            raise ValueError(f"the SSRC must fit 32 bits, and {self.ssrc} does not")
        if self.payload_type not in DYNAMIC and STATIC.get(self.payload_type) != self.stream:
            raise ValueError(
                f"payload type {self.payload_type} does not stand for {self.stream}: "
                f"use {choose_payload_type(self.stream)}, or one of {DYNAMIC[0]} to {DYNAMIC[-1]}"
            )
        if not 0 <= self.group <= MAX_GROUP:
            raise ValueError(f"parity protects 1 to {MAX_GROUP} packets, not {self.group}")
        if self.copies < 0:
            raise ValueError(f"a packet repeats some packets before it, not {self.copies}")
        if (self.copies and self.payload_type == RED_TYPE) or (
            self.group and self.payload_type == ULPFEC_TYPE
        ):
            raise ValueError(f"payload type {self.payload_type} is taken by copies or parity: use another")
        if self.copies:
            self._repeater = Repeater(self.copies, self.payload_type, self._frame_bytes)

    def datagram_bytes(self, packet: int) -> int:
        """Of the largest datagram for packets of so many samples. Raises ValueError where they cannot be repeated."""
        audio = packet * self._frame_bytes
        payload = audio if self._repeater is None else self._repeater.size(packet)
        return HEADER_BYTES + payload + (MAX_HEADER_BYTES if self.group else 0)

    def packet(self, samples: Samples) -> bytes:
        """The next datagram, with ``samples`` of shape ``(n, channels)``."""
        payload, payload_type = CODECS[self.stream.encoding].encode(samples), self.payload_type
        if self._repeater is not None:
            payload, payload_type = self._repeater.payload(payload, self.timestamp), RED_TYPE
        datagram = self._build(payload, payload_type)
        self.timestamp += len(samples)
        if self.group:
            self._unprotected.append(datagram)
        return datagram

    def parity(self, last: bool = False) -> bytes | None:
        """The parity datagram that follows the packet just made, if one is due; after the ``last`` packet one is."""
        if not self._unprotected or (len(self._unprotected) < self.group and not last):
            return None
        payload = build_parity(self._unprotected)
        self._unprotected.clear()
        return self._build(payload, ULPFEC_TYPE)

    @property
    def _frame_bytes(self) -> int:
        return CODECS[self.stream.encoding].width * self.stream.channels

    def _build(self, payload: bytes, payload_type: int) -> bytes:
        datagram = build(
            payload,
            payload_type=payload_type,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
        )
        self.sequence += 1
        return datagram

"""Audio to RTP datagrams: blocks of any size are cut into packets, packets are numbered and encoded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.wire.payload_map import DYNAMIC, STATIC, check_format
from plcd.wire.pcm import CODECS
from plcd.wire.rtp import build


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

    def __post_init__(self) -> None:
        check_format(self.stream)
        if not 0 <= self.ssrc < 1 << 32:
            raise ValueError(f"the SSRC must fit 32 bits, and {self.ssrc} does not")
        if self.payload_type not in DYNAMIC and STATIC.get(self.payload_type) != self.stream:
            raise ValueError(
                f"payload type {self.payload_type} does not stand for {self.stream}: "
                f"use {choose_payload_type(self.stream)}, or one of {DYNAMIC[0]} to {DYNAMIC[-1]}"
            )

    def packet(self, samples: Samples) -> bytes:
        """The next datagram, with ``samples`` of shape ``(n, channels)``."""
        datagram = build(
            CODECS[self.stream.encoding].encode(samples),
            payload_type=self.payload_type,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
        )
        self.sequence += 1
        self.timestamp += len(samples)
        return datagram

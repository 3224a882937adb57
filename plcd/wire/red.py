"""Packets that repeat earlier ones (RFC 2198): a payload of blocks, the copies first, the packet's own audio last.

A copy's length has ten bits, which 512 samples in 16 bits exceed by one byte: long copies travel as several blocks, each with a
timestamp of its own.
"""

from collections import deque
from typing import NamedTuple

from plcd.wire.errors import Reason, WireError

MAX_BLOCK_BYTES = (1 << 10) - 1
MAX_OFFSET = (1 << 14) - 1
"""Samples by which a copy may be older than the packet it travels in."""
MAX_BLOCKS = 64
"""Blocks in a packet: as many of the longest as a datagram holds."""

_FOLLOWED = 0x80
_COPY_HEADER_BYTES = 4


class Block(NamedTuple):
    """``payload[start:stop]``, of its own ``payload_type``, ``offset`` samples older than the packet's timestamp (0: its own)."""

    payload_type: int
    offset: int
    start: int
    stop: int


def parse(payload: bytes) -> tuple[Block, ...]:
    """The blocks of ``payload``; the last is the packet's own audio. Copies without audio are left out.

    Raises WireError, and nothing else, whatever the bytes.
    """
    heads: list[tuple[int, int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & _FOLLOWED:
        if at + _COPY_HEADER_BYTES > len(payload) or len(heads) == MAX_BLOCKS:
            raise WireError(Reason.RED_LENGTH, f"{len(heads)} blocks' headers fill {len(payload)} bytes")
        packed = int.from_bytes(payload[at + 1 : at + _COPY_HEADER_BYTES], "big")
        heads.append((payload[at] & 0x7F, packed >> 10, packed & MAX_BLOCK_BYTES))
        at += _COPY_HEADER_BYTES
    if at >= len(payload):
        raise WireError(Reason.RED_LENGTH, f"no block of its own in {len(payload)} bytes")
    own = payload[at]
    at += 1
    blocks = []
    for payload_type, offset, length in heads:
        if length:
            blocks.append(Block(payload_type, offset, at, at + length))
        at += length
    if at > len(payload):
        raise WireError(Reason.RED_LENGTH, f"blocks of {at} bytes in a payload of {len(payload)}")
    return (*blocks, Block(own, 0, at, len(payload)))


class Repeater:
    """Makes such payloads: each repeats the ``copies`` before it. ``payload_type`` is the audio's, of ``frame_bytes`` a frame."""

    def __init__(self, copies: int, payload_type: int, frame_bytes: int) -> None:
        self.copies = copies
        self._earlier: deque[tuple[int, bytes]] = deque(maxlen=copies)
        self._payload_type = payload_type
        self._frame_bytes = frame_bytes
        self._block_bytes = MAX_BLOCK_BYTES // frame_bytes * frame_bytes

    def payload(self, audio: bytes, timestamp: int) -> bytes:
        """The next packet's. ``timestamp`` counts samples and never wraps."""
        heads, bodies = [], []
        for then, copy in self._earlier:
            for start in range(0, len(copy), self._block_bytes):
                part = copy[start : start + self._block_bytes]
                offset = timestamp - then - start // self._frame_bytes
                packed = (_FOLLOWED | self._payload_type) << 24 | offset << 10 | len(part)
                heads.append(packed.to_bytes(_COPY_HEADER_BYTES, "big"))
                bodies.append(part)
        self._earlier.append((timestamp, audio))
        return b"".join((*heads, bytes([self._payload_type]), *bodies, audio))

    def size(self, packet: int) -> int:
        """Bytes of the largest payload. Raises ValueError where packets of so many samples cannot be repeated."""
        if self.copies * packet > MAX_OFFSET:
            raise ValueError(
                f"{self.copies} copies of {packet} samples reach too far back: RFC 2198 has room for {MAX_OFFSET} samples"
            )
        audio = packet * self._frame_bytes
        blocks = self.copies * -(-audio // self._block_bytes)
        if blocks > MAX_BLOCKS:
            raise ValueError(f"{self.copies} copies make {blocks} blocks, at most {MAX_BLOCKS} are sent")
        return audio * (self.copies + 1) + blocks * _COPY_HEADER_BYTES + 1

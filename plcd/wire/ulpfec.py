"""Parity over packets (RFC 5109, ULPFEC, level 0): from all of a group but one, and the parity, that one can be rebuilt.

Parity travels in the stream of the packets it protects, under numbers of the same sequence, as GStreamer and WebRTC send it: no
number is ever used twice (SRTP needs that), and who does not know parity misses nothing but a number.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import HEADER_BYTES

MAX_GROUP = 48
"""Packets that one parity packet can protect (section 7.4: a mask of 16 bits or 48)."""

_HEADER = Struct("!BBHIH")
_LEVEL = Struct("!HH")
MAX_HEADER_BYTES = _HEADER.size + _LEVEL.size + 4
_LONG_MASK = 0x40
_SEQUENCE = Struct("!H")
_RTP = Struct("!BBHI")
_SHORT = 16


class Parity(NamedTuple):
    """One parity packet's content."""

    numbers: frozenset[int]
    """The 16-bit sequence numbers it protects."""
    head: int
    """XOR of the packets' first two bytes, timestamps and lengths behind the fixed header, 8 bytes in one number."""
    body: bytes
    """XOR of what follows the fixed header, short packets padded with zeros."""


def parse(payload: bytes) -> Parity:
    """The parity in an RTP payload. Raises WireError, and nothing else, whatever the bytes."""
    if len(payload) < _HEADER.size + _LEVEL.size:
        raise WireError(Reason.PARITY, f"{len(payload)} bytes, its headers have {_HEADER.size + _LEVEL.size}")
    flags, kind, base, timestamp, length = _HEADER.unpack_from(payload)
    if flags & 0x80:
        raise WireError(Reason.PARITY, "an extension that RFC 5109 leaves to the future")
    protected, mask = _LEVEL.unpack_from(payload, _HEADER.size)
    start, bits = _HEADER.size + _LEVEL.size, _SHORT
    if flags & _LONG_MASK:
        mask = mask << 32 | int.from_bytes(payload[start : start + 4], "big")
        start, bits = start + 4, MAX_GROUP
    body = payload[start : start + protected]
    if len(body) < protected:
        raise WireError(Reason.PARITY, f"{len(payload)} bytes do not hold {protected} of parity")
    numbers = frozenset((base + bit) & 0xFFFF for bit in range(bits) if mask >> (bits - 1 - bit) & 1)
    if not numbers:
        raise WireError(Reason.PARITY, "it protects nothing")
    return Parity(numbers, (flags & 0x3F) << 56 | kind << 48 | timestamp << 16 | length, body)


def build(datagrams: Sequence[bytes]) -> bytes:
    """The RTP payload that protects ``datagrams``, at most 48 RTP packets within 48 numbers, the first one first."""
    base = _SEQUENCE.unpack_from(datagrams[0], 2)[0]
    steps = [(_SEQUENCE.unpack_from(datagram, 2)[0] - base) & 0xFFFF for datagram in datagrams]
    bits = _SHORT if max(steps) < _SHORT else MAX_GROUP
    if max(steps) >= MAX_GROUP:
        raise ValueError(f"packets {max(steps)} numbers apart do not fit one mask of {MAX_GROUP}")
    mask = sum(1 << (bits - 1 - step) for step in set(steps))
    head, size = 0, max(map(len, datagrams)) - HEADER_BYTES
    for datagram in datagrams:
        head ^= _head(datagram)
    flags = head >> 56 & 0x3F | (_LONG_MASK if bits > _SHORT else 0)
    header = _HEADER.pack(flags, head >> 48 & 0xFF, base, head >> 16 & 0xFFFFFFFF, head & 0xFFFF)
    body = _xor([datagram[HEADER_BYTES:] for datagram in datagrams], size)
    return b"".join((header, size.to_bytes(2, "big"), mask.to_bytes(bits // 8, "big"), body))


def rebuild(parity: Parity, others: Sequence[bytes], number: int, ssrc: int) -> bytes | None:
    """The missing packet ``number`` from ``others``, all else that ``parity`` protects; None if it is longer than protected."""
    head = parity.head
    for datagram in others:
        head ^= _head(datagram)
    length = head & 0xFFFF
    if length > len(parity.body):
        return None
    body = _xor([parity.body, *(datagram[HEADER_BYTES:] for datagram in others)], len(parity.body))[:length]
    fixed: bytes = _RTP.pack(0x80 | (head >> 56 & 0x3F), head >> 48 & 0xFF, number, head >> 16 & 0xFFFFFFFF)
    return fixed + ssrc.to_bytes(4, "big") + body


def _head(datagram: bytes) -> int:
    flags, kind, _, timestamp = _RTP.unpack_from(datagram)
    return int((flags & 0x3F) << 56 | kind << 48 | timestamp << 16 | (len(datagram) - HEADER_BYTES) & 0xFFFF)


def _xor(parts: Sequence[bytes], size: int) -> bytes:
    total = 0
    for part in parts:
        total ^= int.from_bytes(part[:size].ljust(size, b"\0"), "big")
    return total.to_bytes(size, "big")

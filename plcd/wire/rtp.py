"""RTP datagrams (RFC 3550 section 5.1): where the payload lies, and the header's fields."""

from struct import Struct
from typing import NamedTuple

from plcd.wire.errors import Reason, WireError

HEADER_BYTES = 12
"""The fixed header, without contributing sources and extension."""

_HEADER = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_VERSION = 2
RTCP_TYPES = range(192, 224)
"""Second byte of RTCP packets: kept free of RTP by RFC 5761 section 4 (200 to 204 in RFC 3550)."""


class RtpHeader(NamedTuple):
    """The fields of one datagram. Payload: ``datagram[payload_start:payload_stop]``, which may be empty."""

    payload_type: int
    marker: bool
    sequence: int
    """16 bits, unsigned."""
    timestamp: int
    """32 bits, unsigned, in samples."""
    ssrc: int
    payload_start: int
    payload_stop: int


def parse_header(datagram: bytes) -> RtpHeader:
    """Read the header of ``datagram``; contributing sources, extension and padding are checked and skipped.

    Raises WireError, and nothing else, whatever the bytes.
    """
    stop = len(datagram)
    if stop < HEADER_BYTES:
        if stop >= 2 and datagram[0] >> 6 == _VERSION and datagram[1] in RTCP_TYPES:
            raise WireError(Reason.RTCP)
        raise WireError(Reason.TOO_SHORT, f"{stop} bytes, an RTP header has {HEADER_BYTES}")
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if flags >> 6 != _VERSION:
        raise WireError(Reason.VERSION, f"version {flags >> 6}, expected {_VERSION}")
    if kind in RTCP_TYPES:
        raise WireError(Reason.RTCP)
    start = HEADER_BYTES
    if flags & 0x3F:
        start, stop = _payload_bounds(datagram, flags)
    return RtpHeader(kind & 0x7F, kind >= 0x80, sequence, timestamp, ssrc, start, stop)


def _payload_bounds(datagram: bytes, flags: int) -> tuple[int, int]:
    stop = len(datagram)
    start = HEADER_BYTES + 4 * (flags & 0x0F)
    if start > stop:
        raise WireError(Reason.CSRC_LENGTH, f"{flags & 0x0F} contributing sources in {stop} bytes")
    if flags & 0x10:
        if start + _EXTENSION.size > stop:
            raise WireError(Reason.EXTENSION_LENGTH, "no room for the extension's own header")
        words = _EXTENSION.unpack_from(datagram, start)[1]
        start += _EXTENSION.size + 4 * words
        if start > stop:
            raise WireError(Reason.EXTENSION_LENGTH, f"{words} words of extension in {stop} bytes")
    if flags & 0x20:
        # The last byte counts the padding, itself included.
        padding = datagram[-1]
        if not 1 <= padding <= stop - start:
            raise WireError(Reason.PADDING, f"{padding} bytes of padding, {stop - start} after the header")
        stop -= padding
    return start, stop


def build(
    payload: bytes,
    *,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    marker: bool = False,
    csrcs: tuple[int, ...] = (),
    extension: tuple[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    """One datagram. ``sequence`` and ``timestamp`` are taken modulo 2^16 and 2^32.

    ``extension`` is its profile number and its body, a whole number of 4-byte words; ``padding`` is the
    number of bytes appended, its count byte included (0: none, at most 255). Raises ValueError where a field
    cannot hold its value.
    """
    if not (0 <= payload_type <= 127 and 0 <= ssrc < 1 << 32 and len(csrcs) <= 15 and 0 <= padding <= 255):
        raise ValueError("payload type, SSRC, number of contributing sources or padding out of range")
    kind = payload_type | marker << 7
    if kind in RTCP_TYPES:
        raise ValueError(f"payload type {payload_type} with the marker set would read as RTCP")
    flags = _VERSION << 6 | (padding > 0) << 5 | (extension is not None) << 4 | len(csrcs)
    header = _HEADER.pack(flags, kind, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, ssrc)
    if flags & 0x3F == 0:
        return header + payload
    parts = [header, *(csrc.to_bytes(4, "big") for csrc in csrcs)]
    if extension is not None:
        profile, body = extension
        if len(body) % 4 or len(body) > 4 * 0xFFFF:
            raise ValueError(f"an extension of {len(body)} bytes is no whole number of words, or too long")
        parts += [_EXTENSION.pack(profile, len(body) // 4), body]
    parts.append(payload)
    if padding:
        parts.append(bytes(padding - 1) + bytes([padding]))
    return b"".join(parts)

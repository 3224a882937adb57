"""UDP in IP (RFC 768, 791, 8200): datagrams out of captured packets, pieced together where they travelled in fragments, and
packets around datagrams.
"""

import struct
from collections import OrderedDict
from ipaddress import ip_address
from typing import NamedTuple

UDP = 17
MAX_PENDING = 64
"""Datagrams of which only some fragments have come; a lost fragment leaves one for ever."""
MAX_BYTES = 65_535
MAX_FRAGMENTS = 128
"""Of one datagram: 65,535 bytes in pieces of 576, the least that IPv4 must carry."""
HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS = 0, 43, 44, 60
"""IPv6 headers that may stand before UDP's (RFC 8200 section 4)."""
MAX_EXTENSIONS = 8


class UdpDatagram(NamedTuple):
    """What one program sent another. Hosts in their numeric form."""

    host: str
    port: int
    to_host: str
    to_port: int
    data: bytes


class _Piece(NamedTuple):
    """An IP packet's payload, or a fragment of it."""

    key: tuple[bytes, bytes, int]
    """Source, destination, identification."""
    protocol: int
    offset: int
    more: bool
    data: bytes


class UdpExtractor:
    """Takes IP packets in the order in which they came. Bounded by :data:`MAX_PENDING` datagrams."""

    def __init__(self) -> None:
        self.cut = 0
        """UDP packets that the capture did not keep to their end."""
        self._pending: OrderedDict[tuple[bytes, bytes, int], dict[int, _Piece]] = OrderedDict()

    def extract(self, packet: bytes) -> UdpDatagram | None:
        """The datagram that ``packet`` brings or completes; None where there is none, or it is not all there."""
        version = packet[0] >> 4 if packet else 0
        piece = _read_v4(packet) if version == 4 else _read_v6(packet) if version == 6 else None
        if piece is None or piece.protocol != UDP:
            return None
        if piece.offset or piece.more:
            whole = self._join(piece)
            if whole is None:
                return None
            piece = piece._replace(data=whole)
        return self._datagram(piece)

    def _datagram(self, piece: _Piece) -> UdpDatagram | None:
        data = piece.data
        if len(data) < 8:
            self.cut += 1
            return None
        port, to_port, length = struct.unpack_from("!HHH", data)
        if length > len(data):
            self.cut += 1
            return None
        if length < 8:
            return None
        source, destination, _ = piece.key
        return UdpDatagram(
            str(ip_address(source)), port, str(ip_address(destination)), to_port, data[8:length]
        )

    def _join(self, piece: _Piece) -> bytes | None:
        """The whole payload, once ``piece`` was the last that lacked."""
        pieces = self._pending.setdefault(piece.key, {})
        pieces[piece.offset] = piece
        if len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)
        whole = bytearray()
        for _ in range(len(pieces)):
            found = pieces.get(len(whole))
            if found is None:
                break
            whole += found.data
            if not found.more:
                self._pending.pop(piece.key, None)
                return bytes(whole)
        if len(pieces) >= MAX_FRAGMENTS or len(whole) > MAX_BYTES:
            self._pending.pop(piece.key, None)
        return None


def _read_v4(packet: bytes) -> _Piece | None:
    """What an IPv4 packet carries, as far as it is there; None for something else."""
    if len(packet) < 20:
        return None
    header = 4 * (packet[0] & 15)
    total, number, flags = struct.unpack_from("!HHH", packet, 2)
    if header < 20 or total < header or len(packet) < header:
        return None
    key = packet[12:16], packet[16:20], number
    return _Piece(key, packet[9], 8 * (flags & 0x1FFF), bool(flags & 0x2000), packet[header:total])


def _read_v6(packet: bytes) -> _Piece | None:
    """Likewise of an IPv6 packet."""
    if len(packet) < 40:
        return None
    length, following = struct.unpack_from("!HB", packet, 4)
    source, destination, end = packet[8:24], packet[24:40], 40 + length
    at, offset, more, number = 40, 0, False, 0
    for _ in range(MAX_EXTENSIONS):
        if following not in (HOP_BY_HOP, ROUTING, OPTIONS, FRAGMENT):
            return _Piece((source, destination, number), following, offset, more, packet[at:end])
        if len(packet) < at + 8:
            return None
        if following == FRAGMENT:
            place, number = struct.unpack_from("!HI", packet, at + 2)
            offset, more = place & 0xFFF8, bool(place & 1)
            following, at = packet[at], at + 8
            if offset:
                return _Piece((source, destination, number), following, offset, more, packet[at:end])
        else:
            following, at = packet[at], at + 8 + 8 * packet[at + 1]
    return None


def build(source: bytes, port: int, destination: bytes, to_port: int, data: bytes) -> bytes:
    """The IP packet around a datagram; addresses of 4 or of 16 bytes both. Raises ValueError for data that no packet holds."""
    length = 8 + len(data)
    v6 = len(source) == 16
    if length + (0 if v6 else 20) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes are more than a datagram holds")
    udp = struct.pack("!HHHH", port, to_port, length, 0)
    if v6:
        udp = udp[:6] + _checksum(source + destination + struct.pack("!II", length, UDP) + udp + data)
        return struct.pack("!IHBB", 6 << 28, length, UDP, 64) + source + destination + udp + data
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, UDP, 0) + source + destination
    return (
        header[:10] + _checksum(header) + header[12:] + udp + data
    )  # IPv4's UDP needs no checksum: 0 is none


def _checksum(content: bytes) -> bytes:
    """RFC 1071: one's complement of the one's complement sum of 16-bit words, which is the number modulo 65535."""
    padded = content + b"\0" if len(content) % 2 else content
    return (0xFFFF - int.from_bytes(padded, "big") % 0xFFFF).to_bytes(2, "big")

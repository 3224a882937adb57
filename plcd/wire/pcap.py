"""Files of captured packets: pcapng (draft-ietf-opsawg-pcapng) read and written, pcap (draft-ietf-opsawg-pcap) read.

Stamps are integers of nanoseconds throughout; the Python packages for these files (dpkt, python-pcapng) round them to floating
point, a quarter of a microsecond, and do without several interfaces or sections.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from plcd.wire.link_layer import RAW

SECOND_NS = 1_000_000_000
MAX_BLOCK = 1 << 24
"""Bytes of one block: what Wireshark takes too; a packet has at most 256 KiB."""
MAX_INTERFACES = 1024
SECTION, INTERFACE, OLD_PACKET, PACKET, STATISTICS = 0x0A0D0D0A, 1, 2, 6, 5
BYTE_ORDER: Final = 0x1A2B3C4D
_PCAP: Final = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}
"""pcap's magic numbers, and the nanoseconds of one unit of its stamps' fraction."""


class PcapError(ValueError):
    """No such file. The message says what is wrong with it."""


class TruncatedError(PcapError):
    """The file ends in the middle of something."""


class Readable(Protocol):
    """A file open for reading bytes."""

    def read(self, count: int, /) -> bytes:
        """At most ``count`` bytes; fewer at the end only."""


class Frame(NamedTuple):
    """A captured packet: its stamp in ns of Unix time, the link type it is to be read by, and its bytes."""

    ns: int
    link: int
    data: bytes


def read_frames(file: Readable) -> Iterator[Frame]:
    """All packets, in the file's order. Raises PcapError, and nothing else, whatever the bytes; TruncatedError behind the
    last packet that is whole.
    """
    magic = file.read(4)
    if not magic:
        raise PcapError("is empty")
    for order in "<>":
        number = struct.unpack(order + "I", magic)[0] if len(magic) == 4 else 0
        if number in _PCAP:
            return _read_pcap(file, order, _PCAP[number])
        if number == SECTION:
            return _read_pcapng(file)
    raise PcapError("is no capture: expected pcapng or pcap")


def _read_pcap(file: Readable, order: str, unit_ns: int) -> Iterator[Frame]:
    header = _exactly(file, 20)
    (link,) = struct.unpack_from(order + "I", header, 16)
    while head := _exactly(file, 16, may_end=True):
        seconds, fraction, length, _ = struct.unpack(order + "IIII", head)
        if length > MAX_BLOCK:
            raise PcapError(f"has a packet of {length} bytes: it is damaged")
        # The upper bits may tell the length of a check sum.
        yield Frame(seconds * SECOND_NS + fraction * unit_ns, link & 0xFFFF, _exactly(file, length))


class _Interface(NamedTuple):
    """What stamps mean: ``units`` a second, from ``offset_s`` on."""

    link: int
    units: int
    offset_s: int


def _read_pcapng(file: Readable) -> Iterator[Frame]:
    """Behind the first four bytes."""
    order, interfaces = "<", list[_Interface]()
    kind = SECTION
    while True:
        if kind == SECTION:
            interfaces = []
            order, body = _read_section(file)
        else:
            body = _read_body(file, order)
        if kind == INTERFACE:
            if len(interfaces) >= MAX_INTERFACES:
                raise PcapError(f"names more than {MAX_INTERFACES} interfaces: it is damaged")
            interfaces.append(_read_interface(body, order))
        elif kind in (PACKET, OLD_PACKET):
            yield _read_packet(body, order, kind, interfaces)
        head = _exactly(file, 4, may_end=True)
        if not head:
            return
        (kind,) = struct.unpack(order + "I", head)


def _read_section(file: Readable) -> tuple[str, bytes]:
    """The byte order of what follows; behind the block's type, which reads the same in both."""
    head = _exactly(file, 8)
    for order in "<>":
        length, magic = struct.unpack(order + "II", head)
        if magic == BYTE_ORDER:
            return order, _read_rest(file, length - 12, length, order)
    raise PcapError("has a section without a byte order: it is damaged")


def _read_body(file: Readable, order: str) -> bytes:
    (length,) = struct.unpack(order + "I", _exactly(file, 4))
    return _read_rest(file, length - 8, length, order)


def _read_rest(file: Readable, count: int, length: int, order: str) -> bytes:
    """``count`` bytes, of which the last four say the block's ``length`` again."""
    if count < 4 or length % 4 or length > MAX_BLOCK:
        raise PcapError(f"has a block of {length} bytes: it is damaged")
    body = _exactly(file, count)
    if struct.unpack(order + "I", body[-4:])[0] != length:
        raise PcapError("has a block with two lengths: it is damaged")
    return body[:-4]


def _read_interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:
        raise PcapError("has an interface of too few bytes: it is damaged")
    (link,) = struct.unpack_from(order + "H", body)
    units, offset_s, at = 1_000_000, 0, 8
    while len(body) >= at + 4:
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0:
            break
        if code == 9 and len(value) == 1:
            units = (2 if value[0] & 0x80 else 10) ** (value[0] & 0x7F)
        elif code == 14 and len(value) == 8:
            (offset_s,) = struct.unpack(order + "q", value)
        at += 4 + length + -length % 4
    return _Interface(link, units, offset_s)


def _read_packet(body: bytes, order: str, kind: int, interfaces: list[_Interface]) -> Frame:
    if len(body) < 20:
        raise PcapError("has a packet of too few bytes: it is damaged")
    number, high, low, length = struct.unpack_from(order + "IIII", body)
    if kind == OLD_PACKET:
        (number,) = struct.unpack_from(order + "H", body)
    if number >= len(interfaces) or length > len(body) - 20:
        raise PcapError("has a packet of no interface, or longer than its block: it is damaged")
    link, units, offset_s = interfaces[number]
    ns = offset_s * SECOND_NS + ((high << 32) + low) * SECOND_NS // units
    return Frame(ns, link, body[20 : 20 + length])


def _exactly(file: Readable, count: int, may_end: bool = False) -> bytes:
    data = file.read(count)
    if len(data) < count and not (may_end and not data):
        raise TruncatedError("ends in the middle of a packet")
    return data


def section(application: str, interface: str) -> bytes:
    """What a pcapng file begins with: packets are bare IP packets, stamps are in nanoseconds."""
    header = struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1) + _option(4, application.encode()) + _option(0, b"")
    # 0: packets are kept to their end.
    options = _option(2, interface.encode()) + _option(9, b"\x09") + _option(0, b"")
    return _block(SECTION, header) + _block(INTERFACE, struct.pack("<HHI", RAW, 0, 0) + options)


def packet(ns: int, data: bytes) -> bytes:
    """A packet that came at ``ns`` of Unix time."""
    head = struct.pack("<IIIII", 0, ns >> 32, ns & 0xFFFFFFFF, len(data), len(data))
    return _block(PACKET, head + data)


def statistics(ns: int, received: int, dropped: int) -> bytes:
    """What a file may end with: how many packets came up to ``ns``, and how many of them are not in it."""
    counts = _option(4, struct.pack("<Q", received)) + _option(5, struct.pack("<Q", dropped))
    return _block(STATISTICS, struct.pack("<III", 0, ns >> 32, ns & 0xFFFFFFFF) + counts + _option(0, b""))


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    padded = body + bytes(-len(body) % 4)
    length = struct.pack("<I", len(padded) + 12)
    return struct.pack("<I", kind) + length + padded + length

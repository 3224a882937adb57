import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.ip_udp import MAX_FRAGMENTS, MAX_PENDING, UdpDatagram, UdpExtractor, build

V4, V4_TO = bytes([192, 0, 2, 7]), bytes([198, 51, 100, 1])
V6, V6_TO = bytes.fromhex("20010db8" + "00" * 11 + "07"), bytes.fromhex("20010db8" + "00" * 11 + "01")
ENDS = {4: (V4, V4_TO, "192.0.2.7", "198.51.100.1"), 6: (V6, V6_TO, "2001:db8::7", "2001:db8::1")}


def extract(*packets: bytes) -> list[UdpDatagram]:
    extractor = UdpExtractor()
    return [found for packet in packets if (found := extractor.extract(packet)) is not None]


def sum_of(content: bytes) -> int:
    """RFC 1071, as written there."""
    content += bytes(len(content) % 2)
    total: int = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def fragments(packet: bytes, size: int) -> list[bytes]:
    """An IPv4 packet cut after every ``size`` bytes of its payload."""
    header, payload = packet[:20], packet[20:]
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at : at + size]
        flags = (at // 8) | (0x2000 if at + size < len(payload) else 0)
        pieces.append(header[:2] + struct.pack("!HHH", 20 + len(piece), 77, flags) + header[8:] + piece)
    return pieces


def fragments_v6(packet: bytes, size: int) -> list[bytes]:
    payload = packet[40:]
    pieces = []
    for at in range(0, len(payload), size):
        piece = payload[at : at + size]
        extension = struct.pack("!BBHI", 17, 0, at | (at + size < len(payload)), 77)
        pieces.append(
            packet[:4] + struct.pack("!HBB", len(piece) + 8, 44, 64) + packet[8:40] + extension + piece
        )
    return pieces


@pytest.mark.parametrize("version", [4, 6])
@given(data=st.binary(max_size=2100), port=st.integers(0, 65535), to=st.integers(0, 65535))
def test_what_is_built_is_read(version: int, data: bytes, port: int, to: int) -> None:
    source, destination, host, to_host = ENDS[version]
    packet = build(source, port, destination, to, data)
    assert extract(packet) == [UdpDatagram(host, port, to_host, to, data)]
    assert extract(packet + b"padding of an Ethernet frame") == [UdpDatagram(host, port, to_host, to, data)]


def test_checksums_are_right() -> None:
    packet = build(V4, 1, V4_TO, 2, b"odd")
    assert sum_of(packet[:20]) == 0xFFFF
    packet = build(V6, 1, V6_TO, 2, b"odd")
    pseudo = V6 + V6_TO + struct.pack("!II", 11, 17)
    assert sum_of(pseudo + packet[40:]) == 0xFFFF


def test_no_packet_is_larger_than_its_length_field() -> None:
    build(V4, 1, V4_TO, 2, bytes(65_507))
    for ends in (V4, V4_TO, 65_508), (V6, V6_TO, 65_528):
        with pytest.raises(ValueError, match="more than a datagram holds"):
            build(ends[0], 1, ends[1], 2, bytes(ends[2]))


@pytest.mark.parametrize("version", [4, 6])
@given(st.data())
def test_fragments_are_joined_in_any_order(version: int, data: st.DataObject) -> None:
    source, destination, host, to_host = ENDS[version]
    content = data.draw(st.binary(min_size=100, max_size=400))
    cut = fragments if version == 4 else fragments_v6
    pieces = cut(build(source, 5, destination, 6, content), 8 * data.draw(st.integers(2, 20)))
    other = build(source, 5, destination, 7, b"between")
    mixed = data.draw(st.permutations([*pieces, other, pieces[0]]))
    found = extract(*mixed)
    assert UdpDatagram(host, 5, to_host, 6, content) in found
    assert UdpDatagram(host, 5, to_host, 7, b"between") in found
    lacking = [piece for piece in mixed if piece != pieces[-1]]
    assert len(pieces) == 1 or all(one.data == b"between" for one in extract(*lacking))


def test_fragments_that_never_meet_take_no_memory() -> None:
    extractor = UdpExtractor()
    for number in range(1000):
        first = bytearray(fragments(build(V4, 1, V4_TO, 2, bytes(100)), 64)[0])
        first[4:6] = struct.pack("!H", number)
        assert extractor.extract(bytes(first)) is None
    assert len(extractor._pending) <= MAX_PENDING
    for offset in range(2 * MAX_FRAGMENTS):
        packet = fragments(build(V4, 1, V4_TO, 2, bytes(100)), 64)[0]
        extractor.extract(packet[:6] + struct.pack("!H", 0x2000 | (8 * offset + 1)) + packet[8:])
    assert all(len(pieces) < MAX_FRAGMENTS for pieces in extractor._pending.values())


@pytest.mark.parametrize("version", [4, 6])
def test_what_was_not_captured_to_its_end_is_counted(version: int) -> None:
    source, destination, *_ = ENDS[version]
    extractor = UdpExtractor()
    packet = build(source, 1, destination, 2, bytes(100))
    assert extractor.extract(packet[:-1]) is None
    assert extractor.extract(packet[:-105]) is None
    assert extractor.cut == 2


def test_extension_headers_are_passed_over() -> None:
    packet = build(V6, 1, V6_TO, 2, b"hello")
    hop = struct.pack("!BBHI", 17, 0, 0, 0)
    longer = packet[:4] + struct.pack("!HBB", len(packet) - 40 + 8, 0, 64) + packet[8:40] + hop + packet[40:]
    assert extract(longer)[0].data == b"hello"
    endless = packet[:6] + b"\0" + packet[7:40] + struct.pack("!BBHI", 0, 0, 0, 0) * 100
    assert extract(endless) == []


def test_other_things_are_no_datagrams() -> None:
    udp = build(V4, 1, V4_TO, 2, b"x")
    tcp = udp[:9] + b"\x06" + udp[10:]
    short = udp[:24] + struct.pack("!H", 7) + udp[26:]
    assert extract(tcp, short, b"", b"\x00", b"\x45", b"\x60", udp[:19], b"\x41" + udp[1:]) == []


@given(st.data())
def test_whatever_the_bytes_nothing_is_raised(data: st.DataObject) -> None:
    extractor = UdpExtractor()
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    for start in (
        *fragments(build(V4, 5, V4_TO, 6, bytes(300)), 64),
        *fragments_v6(build(V6, 5, V6_TO, 6, bytes(300)), 64),
        data.draw(st.binary(max_size=80)),
    ):
        packet = bytearray(start)
        for _ in range(rng.randrange(4)):
            if packet:
                packet[rng.randrange(len(packet))] = rng.randrange(256)
        found = extractor.extract(bytes(packet[: rng.randrange(len(packet) + 1)]))
        assert found is None or len(found.data) <= 600

import contextlib
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire import pcap
from plcd.wire.link_layer import ETHERNET, RAW
from plcd.wire.pcap import Frame, PcapError, TruncatedError, read_frames

NS = 1_760_000_000_123_456_789
PACKETS = [(NS, b"\x45one"), (NS + 1, b""), (NS + 10**9, bytes(range(256)))]


def written(packets: list[tuple[int, bytes]] = PACKETS) -> bytes:
    body = b"".join(pcap.packet(ns, data) for ns, data in packets)
    return pcap.section("plcd 1", "plcd") + body + pcap.statistics(NS + 10**9, 5, 2)


def read(content: bytes) -> list[Frame]:
    return list(read_frames(io.BytesIO(content)))


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def ng(*blocks: bytes, order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order) + b"".join(blocks)


def interface(link: int = ETHERNET, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)


def enhanced(data: bytes, stamp: int, number: int = 0, order: str = "<") -> bytes:
    head = struct.pack(order + "IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + data + bytes(-len(data) % 4), order)


def classic(magic: int, order: str, packets: list[tuple[int, int, bytes]]) -> bytes:
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, ETHERNET)
    return head + b"".join(
        struct.pack(order + "IIII", seconds, fraction, len(data), len(data)) + data
        for seconds, fraction, data in packets
    )


def test_what_was_written_is_read_to_the_nanosecond() -> None:
    assert read(written()) == [Frame(ns, RAW, data) for ns, data in PACKETS]


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.binary(max_size=300)), max_size=5))
def test_any_packets_survive(packets: list[tuple[int, bytes]]) -> None:
    assert read(written(packets)) == [Frame(ns, RAW, data) for ns, data in packets]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_classic_files_of_both_orders_and_resolutions(order: str, magic: int, unit: int) -> None:
    content = classic(magic, order, [(7, 5, b"abc"), (8, 0, b"")])
    assert read(content) == [Frame(7 * 10**9 + 5 * unit, ETHERNET, b"abc"), Frame(8 * 10**9, ETHERNET, b"")]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("resolution", "stamp", "ns"),
    [
        (None, 1_500_000, 1_500_000_000),  # microseconds where nothing is said
        (6, 1_500_000, 1_500_000_000),
        (9, 1_500_000_000, 1_500_000_000),
        (3, 1500, 1_500_000_000),
        (0x80 | 10, 1536, 1_500_000_000),  # 1024ths
        (12, 1_500_000_000_000, 1_500_000_000),
        (127, 1, 0),
    ],
)
def test_stamps_mean_what_the_interface_says(order: str, resolution: int | None, stamp: int, ns: int) -> None:
    option = b"" if resolution is None else struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
    content = ng(interface(options=option, order=order), enhanced(b"x", stamp, order=order), order=order)
    assert read(content) == [Frame(ns, ETHERNET, b"x")]


def test_an_offset_of_seconds_is_added() -> None:
    option = struct.pack("<HHq", 14, 8, -3)
    assert read(ng(interface(options=option), enhanced(b"", 10_000_000)))[0].ns == 7_000_000_000


def test_several_interfaces_sections_and_what_nobody_asked_for() -> None:
    names = block(4, bytes(8))
    one = ng(interface(), interface(RAW), names, enhanced(b"a", 1, 1), enhanced(b"b", 2, 0))
    two = ng(interface(RAW, order=">"), enhanced(b"c", 3, order=">"), order=">")
    assert [(frame.link, frame.data) for frame in read(one + two)] == [
        (RAW, b"a"),
        (ETHERNET, b"b"),
        (RAW, b"c"),
    ]


def test_packet_blocks_of_old_files() -> None:
    old = block(2, struct.pack("<HHIIII", 0, 7, 0, 5, 3, 3) + b"abc\0")
    assert read(ng(interface(), old)) == [Frame(5000, ETHERNET, b"abc")]


def test_a_file_cut_anywhere_gives_what_is_whole_and_says_so() -> None:
    content, whole = written(), read(written())
    begin = len(pcap.section("plcd 1", "plcd"))
    ends = [begin + sum(len(pcap.packet(*one)) for one in PACKETS[: n + 1]) for n in range(len(PACKETS))]
    borders = {struct.unpack_from("<I", content, 4)[0], begin, *ends, len(content)}
    for length in range(4, len(content) + 1):
        frames, truncated = list[Frame](), True
        with contextlib.suppress(TruncatedError):
            for frame in read_frames(io.BytesIO(content[:length])):
                frames.append(frame)
            truncated = False
        assert frames == whole[: sum(end <= length for end in ends)]
        assert truncated == (length not in borders)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"RIFF" + bytes(100), "is no capture"),
        (b"\x0a\x0d", "is no capture"),
        (ng(enhanced(b"x", 1)), "no interface"),
        (ng(interface(), block(6, bytes(8))), "too few bytes"),
        (ng(interface(), block(6, struct.pack("<IIIII", 0, 0, 0, 99, 99))), "longer than its block"),
        (ng(block(1, b"\0\0\0\0")), "too few bytes"),
        (ng() + struct.pack("<II", 6, 0x7FFFFFFC), "has a block of 2147483644 bytes"),
        (ng() + struct.pack("<II", 6, 13) + bytes(5), "has a block of 13 bytes"),
        (ng() + struct.pack("<II", 6, 16) + bytes(8), "two lengths"),
        (struct.pack("<III", 0x0A0D0D0A, 28, 0) + bytes(16), "byte order"),
        (classic(0xA1B2C3D4, "<", []) + struct.pack("<IIII", 0, 0, 2**31, 2**31), "2147483648 bytes"),
    ],
)
def test_bad_files_are_told_what_is_wrong(content: bytes, says: str) -> None:
    with pytest.raises(PcapError, match=says):
        read(content)


def test_interfaces_are_bounded() -> None:
    with pytest.raises(PcapError, match="more than 1024 interfaces"):
        read(ng(interface() * 1025))


@given(st.data())
def test_whatever_the_bytes_nothing_else_is_raised(data: st.DataObject) -> None:
    start = data.draw(
        st.sampled_from([b"", written(), ng(interface()), classic(0xA1B2C3D4, ">", [(1, 2, b"abc")])])
    )
    content = bytearray(start + data.draw(st.binary(max_size=64)))
    for _ in range(data.draw(st.integers(0, 6))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PcapError):
        frames = read(bytes(content))
        assert sum(len(frame.data) for frame in frames) <= len(content)

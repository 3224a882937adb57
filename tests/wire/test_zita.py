import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.wire import zita
from plcd.wire.errors import Reason, WireError
from plcd.wire.zita import ZitaParser


def descriptor(rate: int = 44100, period: int = 1024, flags: int = 0) -> bytes:
    head = struct.pack(">4sBBBBiii", b"znjb", 0, flags, 0, 1, 1500, rate, period)
    return head + bytes(12)


def data(first: int, audio: bytes, form: int = 0, channels: int = 1, flags: int = 0) -> bytes:
    frames = len(audio) // (channels * (2, 3, 4)[form])
    return struct.pack(">4sBBBBIii", b"znjb", 1, flags, form, channels, first, frames, 9) + audio


def told(period: int = 1024) -> ZitaParser:
    parser = ZitaParser()
    assert parser.parse(descriptor(period=period), "a", 1) is None
    return parser


def parsed(parser: ZitaParser, datagram: bytes) -> AudioPacket:
    packet = parser.parse(datagram, "a", 1)
    assert packet is not None
    return packet


def reason_of(datagram: bytes, parser: ZitaParser | None = None) -> Reason:
    with pytest.raises(WireError) as caught:
        (parser or told()).parse(datagram, "a", 1)
    return caught.value.reason


@pytest.mark.parametrize(
    ("form", "audio", "name", "samples"),
    [
        (0, "7fff 8001 0000 0001", "zita-16", [[1.0, -1.0], [0.0, 1 / 32767]]),
        (1, "7fffff 800001 000000 000001", "zita-24", [[1.0, -1.0], [0.0, 1 / 8388607]]),
        (2, "3f800000 c0000000 00000000 3f000000", "zita-float", [[1.0, -2.0], [0.0, 0.5]]),
    ],
)
def test_a_packet_of_each_form(form: int, audio: str, name: str, samples: list[list[float]]) -> None:
    packet = parsed(told(), data(77, bytes.fromhex(audio), form, 2))
    assert packet.source == SourceId("a", 1, 0)
    assert packet.format == StreamFormat(name, 44100, 2)
    assert packet.timestamp == 77
    np.testing.assert_array_equal(packet.samples, np.array(samples, np.float32))


def test_what_is_no_number_is_silenced_and_counted() -> None:
    parser = told()
    wild = np.array([np.nan, np.inf, -np.inf, 0.25], ">f4").tobytes()
    assert parsed(parser, data(0, wild, 2)).samples.tolist() == [[0.0], [0.0], [0.0], [0.25]]
    assert parser.zeroed == 3


def test_the_rate_comes_with_the_descriptor() -> None:
    parser = ZitaParser()
    assert reason_of(data(0, bytes(4)), parser) is Reason.NO_DESCRIPTOR
    assert parsed(ZitaParser(48000), data(0, bytes(4))).format.rate == 48000
    parser.parse(descriptor(96000), "b", 1)
    assert reason_of(data(0, bytes(4)), parser) is Reason.NO_DESCRIPTOR
    parser.parse(descriptor(96000), "a", 1)
    assert parsed(parser, data(0, bytes(4))).format.rate == 96000


def test_suspended_and_skipped_carry_nothing_and_the_end_is_said() -> None:
    parser = told()
    assert parser.parse(data(0, b"", flags=2), "a", 1) is None
    assert parser.parse(data(0, bytes(4), flags=4), "a", 1) is None
    assert reason_of(descriptor(flags=0x80)) is Reason.GOODBYE


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"znjb", Reason.TOO_SHORT),
        (data(0, bytes(4))[:19], Reason.TOO_SHORT),
        (b"znja" + data(0, bytes(4))[4:], Reason.HEADER),
        (struct.pack(">4sBBBB", b"znjb", 2, 0, 0, 1), Reason.HEADER),
        (data(0, bytes(4))[:6] + b"\x03" + data(0, bytes(4))[7:], Reason.HEADER),
        (data(0, bytes(4))[:7] + b"\x00" + data(0, bytes(4))[8:], Reason.HEADER),
        (data(0, bytes(4)) + b"x", Reason.PACKET_LENGTH),
        (data(0, b""), Reason.HEADER),
        (data(0, bytes(4))[:12] + b"\xff\xff\xff\xff" + data(0, bytes(4))[16:], Reason.HEADER),
        (descriptor()[:16], Reason.TOO_SHORT),
        (descriptor(rate=1), Reason.HEADER),
    ],
)
def test_what_is_rejected(datagram: bytes, reason: Reason) -> None:
    assert reason_of(datagram) is reason
    assert not reason.refused


def sizes(period: int, packets: int) -> list[int]:
    """How zita-j2n cuts a period: as evenly as can be."""
    cuts = [round(i * period / packets) for i in range(packets + 1)]
    return [after - before for before, after in pairwise(cuts)]


@pytest.mark.parametrize(("period", "packets"), [(1024, 1), (1024, 3), (512, 2), (256, 5), (480, 7)])
@pytest.mark.parametrize("begin", [0, 12_345, 2**32 - 30_000])
def test_every_packet_is_numbered_one_further(period: int, packets: int, begin: int) -> None:
    """However a period is cut, and across the wrap."""
    parser = told(period)
    first = begin
    for number in range(200):
        frames = sizes(period, packets)[number % packets]
        packet = parsed(parser, data(first % 2**32, bytes(2 * frames)))
        assert (packet.sequence, packet.timestamp) == (number, first % 2**32)
        first += frames


def test_numbers_of_lost_swapped_and_repeated_packets() -> None:
    parser = told(341)
    numbers = [parsed(parser, data(341 * i, bytes(682))).sequence for i in (0, 1, 4, 3, 4, 5, 905, 906)]
    assert numbers == [0, 1, 4, 3, 4, 5, 905, 906]


def test_a_restart_is_a_jump_and_a_stray_packet_disturbs_nothing() -> None:
    parser = told()
    assert [parsed(parser, data(10**9 + 512 * i, bytes(1024))).sequence for i in range(3)] == [0, 1, 2]
    restarted = [parsed(parser, data(512 * i, bytes(1024))).sequence for i in range(3)]
    assert restarted == [restarted[0] + i for i in range(3)]
    assert restarted[0] > 3000
    assert parsed(parser, data(10**9 + 512 * 3, bytes(1024))).sequence == 3


def test_any_number_of_stray_packets_disturb_nothing() -> None:
    parser = told()
    numbers = []
    for index in range(40):
        numbers.append(parsed(parser, data(10**9 + 512 * index, bytes(1024))).sequence)
        for stray in range(index):
            parsed(parser, data((index * 40 + stray) * 1_900_001 % 2**32, bytes(1024)))
    assert numbers == list(range(40))


def test_a_restart_among_stray_packets_is_numbered_on() -> None:
    parser = told()
    for index in range(200):
        parsed(parser, data(10**9 + 512 * index, bytes(1024)))
    for stray in range(10):
        parsed(parser, data(stray * 100_000_007 + 5, bytes(1024)))
    restarted = [parsed(parser, data(512 * index, bytes(1024))).sequence for index in range(10)]
    assert restarted == [(restarted[0] + index) % 2**16 for index in range(10)]


def test_a_stray_descriptor_changes_nothing_and_two_do() -> None:
    parser = told()
    for _ in range(5):
        parser.parse(descriptor(rate=48000), "a", 1)
        assert parsed(parser, data(0, bytes(4))).format.rate == 44100
        parser.parse(descriptor(), "a", 1)
    parser.parse(descriptor(rate=48000), "a", 1)
    parser.parse(descriptor(rate=48000), "a", 1)
    assert parsed(parser, data(0, bytes(4))).format.rate == 48000


def test_the_bit_that_zita_j2n_flips_is_none() -> None:
    """When JACK begins a period early its count jumps by 2^31, and the audio goes on."""
    parser = told(512)
    counts = [512 * i + (2**31 if 3 <= i < 6 else 0) for i in range(9)]
    packets = [parsed(parser, data(count, bytes(1024))) for count in counts]
    assert [packet.sequence for packet in packets] == list(range(9))
    assert [packet.timestamp for packet in packets] == [512 * i for i in range(9)]


def test_senders_are_bounded() -> None:
    parser = ZitaParser()
    for port in range(200):
        parser.parse(descriptor(), "a", port)
    assert len(parser._senders) == zita.MAX_SENDERS


@given(st.binary(max_size=120))
def test_any_bytes_give_a_packet_or_the_one_error(datagram: bytes) -> None:
    assert_sound(datagram)


@given(
    st.integers(0, 2),
    st.sampled_from([0, 1, 2, 4, 0x80]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 2**32 - 1),
    st.integers(-2, 40),
    st.binary(max_size=120),
)
def test_nearly_good_bytes_give_a_packet_or_the_one_error(
    kind: int, flags: int, form: int, channels: int, first: int, frames: int, rest: bytes
) -> None:
    assert_sound(struct.pack(">4sBBBBIii", b"znjb", kind, flags, form, channels, first, frames, 0) + rest)


def assert_sound(datagram: bytes) -> None:
    zita.looks_like(datagram)
    try:
        packet = ZitaParser(44100).parse(datagram, "a", 1)
    except WireError:
        return
    if packet is not None:
        assert packet.samples.shape[1] == packet.format.channels
        assert len(packet.samples) >= 1
        assert np.isfinite(packet.samples).all()

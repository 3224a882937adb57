import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.wire import jacktrip
from plcd.wire.errors import Reason, WireError
from plcd.wire.jacktrip import HEADER_BYTES, RATES_HZ, STOP, build, format_of, looks_like, parse
from plcd.wire.jacktrip_pcm import CODECS

STEREO = StreamFormat("JackTrip-16", 44100, 2)


def header(
    sequence: int = 7,
    samples: int = 2,
    rate: int = 2,
    bits: int = 16,
    wanted: int = 2,
    sent: int = 0,
    time_us: int = 1_760_000_000_000_000,
) -> bytes:
    return struct.pack("<QHHBBBB", time_us, sequence, samples, rate, bits, wanted, sent)


def reason_of(datagram: bytes) -> Reason:
    with pytest.raises(WireError) as caught:
        parse(datagram)
    return caught.value.reason


def test_the_header_is_laid_out_as_jacktrip_does() -> None:
    built = build(b"abcdefgh", STEREO, sequence=0x1_0007, samples=2, time_us=1_760_000_000_000_000, wanted=2)
    assert built == header() + b"abcdefgh"
    (slot,) = parse(built)
    assert slot.header == (1_760_000_000_000_000, 7, 2, 2, 16, 2, 0)
    assert built[slot.start : slot.stop] == b"abcdefgh"
    assert format_of(slot.header) == STEREO


@pytest.mark.parametrize(
    ("channels", "bits", "size"), [(1, 16, 1040), (2, 16, 2064), (2, 24, 3088), (1, 8, 528)]
)
def test_sizes_of_packets_of_512(channels: int, bits: int, size: int) -> None:
    stream = StreamFormat(f"JackTrip-{bits}", 48000, channels)
    audio = CODECS[bits].encode(np.zeros((512, channels), np.float32))
    assert len(build(audio, stream, sequence=0, samples=512, time_us=0, wanted=channels)) == size


@pytest.mark.parametrize(("wanted", "sent", "channels"), [(2, 0, 2), (2, 1, 1), (1, 6, 6)])
def test_asymmetric_channels(wanted: int, sent: int, channels: int) -> None:
    audio = bytes(2 * 2 * channels)
    (slot,) = parse(header(wanted=wanted, sent=sent) + audio)
    assert slot.header.channels == channels
    stream = StreamFormat("JackTrip-16", 44100, channels)
    built = build(audio, stream, sequence=7, samples=2, time_us=1_760_000_000_000_000, wanted=wanted)
    assert built == header(wanted=wanted, sent=sent) + audio


def test_the_newest_is_first_and_empty_slots_are_left_out() -> None:
    packets = [header(sequence=number) + bytes([number] * 8) for number in (2, 1, 0)]
    slots = parse(b"".join([*packets, bytes(24)]))
    assert [slot.header.sequence for slot in slots] == [2, 1, 0]
    datagram = b"".join(packets)
    assert [datagram[slot.start] for slot in slots] == [2, 1, 0]
    assert [slot.header.sequence for slot in parse(packets[2] + bytes(48))] == [0]


def test_packets_of_two_kinds_in_one() -> None:
    assert reason_of(header() + bytes(8) + header(samples=1, bits=24) + bytes(8)) is Reason.HEADER


def test_more_packets_than_anybody_sends() -> None:
    assert reason_of((header() + bytes(8)) * 17) is Reason.PACKET_LENGTH


def test_goodbye_is_a_reason_of_its_own() -> None:
    assert reason_of(STOP) is Reason.GOODBYE
    assert len(STOP) == 63
    assert looks_like(STOP)
    assert reason_of(STOP[:-1]) is not Reason.GOODBYE


def test_32_bits_are_refused_with_the_remedy() -> None:
    datagram = header(bits=32) + bytes(16)
    assert looks_like(datagram)
    with pytest.raises(WireError) as caught:
        parse(datagram)
    assert caught.value.reason is Reason.JACKTRIP_32_BITS
    assert caught.value.reason.refused
    assert "-b 24" in caught.value.detail


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", Reason.TOO_SHORT),
        (header()[:-1], Reason.TOO_SHORT),
        (header() + bytes(7), Reason.PACKET_LENGTH),
        (header() + bytes(9), Reason.PACKET_LENGTH),
        (header(rate=8) + bytes(8), Reason.HEADER),
        (header(bits=12) + bytes(8), Reason.HEADER),
        (header(samples=0), Reason.HEADER),
        (header(samples=8193) + bytes(4 * 8193), Reason.HEADER),
        (header(wanted=65) + bytes(2 * 2 * 65), Reason.HEADER),
        (header(wanted=0), Reason.EMPTY_PAYLOAD),
        (header(sent=255), Reason.EMPTY_PAYLOAD),
    ],
)
def test_what_is_rejected(datagram: bytes, reason: Reason) -> None:
    assert reason_of(datagram) is reason
    assert not reason.refused


def test_rates_by_their_codes() -> None:
    for code, rate in RATES_HZ.items():
        (slot,) = parse(header(rate=code) + bytes(8))
        assert format_of(slot.header).rate == rate
        assert jacktrip.rate_code(rate) == code


def test_a_rate_without_a_code_has_to_be_told() -> None:
    (slot,) = parse(header(rate=7) + bytes(8))
    assert format_of(slot.header, 192_000).rate == 192_000
    with pytest.raises(WireError) as caught:
        format_of(slot.header)
    assert caught.value.reason is Reason.JACKTRIP_RATE
    with pytest.raises(ValueError, match="22050"):
        jacktrip.rate_code(44000)


@pytest.mark.parametrize(
    ("stream", "samples", "wanted"),
    [
        (StreamFormat("JackTrip-32", 44100, 1), 2, 1),
        (StreamFormat("L16", 44100, 1), 2, 1),
        (StreamFormat("JackTrip-16", 44101, 1), 2, 1),
        (STEREO, 0, 1),
        (STEREO, 2, 0),
        (STEREO, 2, 255),
    ],
)
def test_what_cannot_be_built(stream: StreamFormat, samples: int, wanted: int) -> None:
    with pytest.raises(ValueError, match=r"JackTrip|fit the header"):
        build(b"", stream, sequence=0, samples=samples, time_us=0, wanted=wanted)


@pytest.mark.parametrize(
    ("bits", "data", "samples"),
    [
        (8, "40 80 c0 7f", [[0.5, -0.5], [-1.0, 127 / 128]]),
        (16, "0040 0080 00c0 ff7f", [[0.5, -0.5], [-1.0, 32767 / 32768]]),
        (24, "004000 008000 ffff80 ff7fff", [[0.5, -0.5 / 32768], [-1.0, 1 - 2.0**-23]]),
    ],
)
def test_planes_and_byte_order(bits: int, data: str, samples: list[list[float]]) -> None:
    """Channel 0 is the first half; 24 bits are 16 of them, little-endian, and the lowest byte behind."""
    decoded = CODECS[bits].decode(bytes.fromhex(data), 2)
    assert decoded.dtype == np.float32
    assert decoded.tolist() == samples
    assert CODECS[bits].encode(decoded) == bytes.fromhex(data)


def test_24_bits_are_what_jacktrip_computes() -> None:
    """Its own arithmetic: floor to 16 bits, the remainder in 256ths."""
    values = np.linspace(-1, 1, 999, dtype=np.float32)[:-1, None]
    whole = np.rint(values * 2**23) / 2**23
    expected = b"".join(
        struct.pack("<hB", int(np.floor(x * 32768)), int((x * 32768 - np.floor(x * 32768)) * 256))
        for x in whole[:, 0]
    )
    assert CODECS[24].encode(values) == expected


def test_clipping_and_what_is_no_number() -> None:
    wild = np.array([[2.0], [-2.0], [np.inf], [np.nan]], np.float32)
    for bits, codec in CODECS.items():
        back = codec.decode(codec.encode(wild), 1)[:, 0]
        top = 1 - 2.0 ** (1 - bits)
        assert back.tolist() == [top, -1.0, top, 0.0]


@given(bits=st.sampled_from([8, 16, 24]), channels=st.integers(1, 8), data=st.data())
def test_any_audio_survives_the_way_there_and_back(bits: int, channels: int, data: st.DataObject) -> None:
    frames = data.draw(st.integers(1, 30))
    count = frames * channels * bits // 8
    payload = data.draw(st.binary(min_size=count, max_size=count))
    samples: Samples = CODECS[bits].decode(payload, channels)
    assert samples.shape == (frames, channels)
    assert np.abs(samples).max() <= 1.0
    assert CODECS[bits].encode(samples) == payload


@given(
    sequence=st.integers(0, 70_000),
    samples=st.integers(1, 64),
    rate=st.sampled_from(sorted(RATES_HZ.values())),
    bits=st.sampled_from([8, 16, 24]),
    channels=st.integers(1, 64),
    wanted=st.integers(1, 254),
    redundancy=st.integers(1, 5),
)
def test_what_is_built_is_parsed_and_told_apart(
    sequence: int, samples: int, rate: int, bits: int, channels: int, wanted: int, redundancy: int
) -> None:
    stream = StreamFormat(f"JackTrip-{bits}", rate, channels)
    audio = bytes(samples * channels * bits // 8)
    packets = [
        build(audio, stream, sequence=sequence - i, samples=samples, time_us=5, wanted=wanted)
        for i in range(redundancy)
    ]
    datagram = b"".join(packets)
    assert looks_like(datagram)
    slots = parse(datagram)
    assert [slot.header.sequence for slot in slots] == [(sequence - i) % 65536 for i in range(redundancy)]
    for slot in slots:
        assert format_of(slot.header) == stream
        assert (slot.header.samples, slot.stop - slot.start) == (samples, len(audio))


@given(st.binary(max_size=120))
def test_any_bytes_give_packets_or_the_one_error(datagram: bytes) -> None:
    assert_sound(datagram)


@given(
    st.binary(min_size=10, max_size=10),
    st.integers(0, 3),
    st.integers(0, 8),
    st.sampled_from([0, 8, 16, 24, 32]),
    st.integers(0, 5),
    st.sampled_from([0, 1, 2, 255]),
    st.binary(max_size=120),
)
def test_nearly_good_bytes_give_packets_or_the_one_error(
    start: bytes, samples: int, rate: int, bits: int, wanted: int, sent: int, rest: bytes
) -> None:
    assert_sound(start + struct.pack("<HBBBB", samples, rate, bits, wanted, sent) + rest)


def assert_sound(datagram: bytes) -> None:
    looks_like(datagram)
    try:
        slots = parse(datagram)
    except WireError:
        return
    assert slots[0].header.sequence == int.from_bytes(datagram[8:10], "little")
    for head, start, stop in slots:
        assert HEADER_BYTES <= start < stop <= len(datagram)
        assert len(CODECS[head.bits].decode(datagram[start:stop], head.channels)) == head.samples

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import HEADER_BYTES, RtpHeader, build, parse_header

PLAIN = build(b"abcd", payload_type=11, sequence=7, timestamp=9, ssrc=5)


def reason_of(datagram: bytes) -> Reason:
    with pytest.raises(WireError) as caught:
        parse_header(datagram)
    return caught.value.reason


def test_the_fixed_header_is_laid_out_as_the_rfc_says() -> None:
    assert struct.pack("!BBHII", 0x80, 11, 7, 9, 5) + b"abcd" == PLAIN
    assert parse_header(PLAIN) == RtpHeader(11, False, 7, 9, 5, 12, 16)


@given(
    payload=st.binary(max_size=40),
    payload_type=st.integers(0, 127),
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFF_FFFF),
    ssrc=st.integers(0, 0xFFFF_FFFF),
    csrcs=st.lists(st.integers(0, 0xFFFF_FFFF), max_size=15).map(tuple),
    extension=st.none() | st.tuples(st.integers(0, 0xFFFF), st.integers(0, 5).map(lambda n: b"word" * n)),
    padding=st.integers(0, 255),
)
def test_what_is_built_is_parsed(
    payload: bytes,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    csrcs: tuple[int, ...],
    extension: tuple[int, bytes] | None,
    padding: int,
) -> None:
    marker = not 64 <= payload_type <= 95
    datagram = build(
        payload,
        payload_type=payload_type,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        marker=marker,
        csrcs=csrcs,
        extension=extension,
        padding=padding,
    )
    header = parse_header(datagram)
    assert header[:5] == (payload_type, marker, sequence, timestamp, ssrc)
    assert datagram[header.payload_start : header.payload_stop] == payload


def test_the_counters_wrap_on_the_wire() -> None:
    header = parse_header(build(b"", payload_type=10, sequence=0x1_0001, timestamp=0x1_0000_0002, ssrc=0))
    assert (header.sequence, header.timestamp) == (1, 2)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_header_or_the_one_error(datagram: bytes) -> None:
    try:
        header = parse_header(datagram)
    except WireError:
        return
    assert HEADER_BYTES <= header.payload_start <= header.payload_stop <= len(datagram)


@given(st.integers(0x80, 0xBF), st.binary(min_size=11, max_size=80))
def test_any_flags_give_a_header_or_the_one_error(flags: int, rest: bytes) -> None:
    datagram = bytes([flags]) + rest
    try:
        header = parse_header(datagram)
    except WireError:
        return
    assert HEADER_BYTES <= header.payload_start <= header.payload_stop <= len(datagram)


@pytest.mark.parametrize("length", range(HEADER_BYTES))
def test_a_truncated_header_is_too_short(length: int) -> None:
    assert reason_of(PLAIN[:length]) is Reason.TOO_SHORT


@pytest.mark.parametrize("version", [0, 1, 3])
def test_other_versions_are_rejected(version: int) -> None:
    assert reason_of(bytes([version << 6]) + PLAIN[1:]) is Reason.VERSION


@pytest.mark.parametrize("kind", [192, 200, 201, 202, 203, 204, 205, 207, 223])
def test_control_packets_are_told_apart(kind: int) -> None:
    assert reason_of(bytes([0x81, kind]) + PLAIN[2:]) is Reason.RTCP


def test_an_empty_receiver_report_is_a_control_packet_though_it_is_short() -> None:
    assert reason_of(struct.pack("!BBHI", 0x80, 201, 1, 5)) is Reason.RTCP


@pytest.mark.parametrize("kind", [11, 127, 0x80 | 11, 0x80 | 96, 72])
def test_audio_is_not_taken_for_control(kind: int) -> None:
    assert parse_header(bytes([0x80, kind]) + PLAIN[2:]).payload_type == kind & 0x7F


def test_contributing_sources_past_the_end() -> None:
    assert reason_of(bytes([0x82]) + PLAIN[1:]) is Reason.CSRC_LENGTH


def test_extension_past_the_end() -> None:
    assert reason_of(bytes([0x90]) + PLAIN[1:HEADER_BYTES] + b"abc") is Reason.EXTENSION_LENGTH
    lying = bytes([0x90]) + PLAIN[1:HEADER_BYTES] + struct.pack("!HH", 0xBEDE, 0xFFFF) + b"word"
    assert reason_of(lying) is Reason.EXTENSION_LENGTH


@pytest.mark.parametrize("count", [0, 5, 255])
def test_padding_of_no_byte_or_more_than_there_is(count: int) -> None:
    assert reason_of(bytes([0xA0]) + PLAIN[1:-1] + bytes([count])) is Reason.PADDING


def test_padding_flag_with_nothing_behind_the_header() -> None:
    assert reason_of(bytes([0xA0]) + PLAIN[1:HEADER_BYTES]) is Reason.PADDING


def test_padding_may_leave_an_empty_payload() -> None:
    header = parse_header(bytes([0xA0]) + PLAIN[1:-1] + bytes([4]))
    assert header.payload_start == header.payload_stop == HEADER_BYTES


@pytest.mark.parametrize(
    "field",
    [
        {"payload_type": 128},
        {"ssrc": 1 << 32},
        {"csrcs": (0,) * 16},
        {"padding": 256},
        {"extension": (0, b"abc")},
        {"payload_type": 72, "marker": True},
    ],
)
def test_fields_that_cannot_hold_their_value(field: dict[str, object]) -> None:
    values: dict[str, object] = {"payload_type": 11, "sequence": 0, "timestamp": 0, "ssrc": 0, **field}
    with pytest.raises(ValueError, match=r"range|words|RTCP"):
        build(b"", **values)  # type: ignore[arg-type]

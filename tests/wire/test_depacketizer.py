import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import SourceId, StreamFormat
from plcd.wire.depacketizer import Depacketizer
from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import build

L24 = StreamFormat("L24", 48000, 2)
DEPACKETIZER = Depacketizer({96: L24})


def datagram(payload: bytes, payload_type: int = 11) -> bytes:
    return build(payload, payload_type=payload_type, sequence=65535, timestamp=1 << 31, ssrc=0xABCD)


def rejection(payload: bytes, payload_type: int = 11) -> WireError:
    with pytest.raises(WireError) as caught:
        DEPACKETIZER.parse(datagram(payload, payload_type), "::1", 9)
    return caught.value


def test_a_mono_packet() -> None:
    packet = DEPACKETIZER.parse(datagram(bytes.fromhex("4000 8000")), "127.0.0.1", 5004)
    assert packet.source == SourceId("127.0.0.1", 5004, 0xABCD)
    assert (packet.sequence, packet.timestamp) == (65535, 1 << 31)
    assert packet.format == StreamFormat("L16", 44100, 1)
    assert packet.samples.tolist() == [[0.5], [-1.0]]


def test_static_stereo_and_a_mapped_type() -> None:
    stereo = DEPACKETIZER.parse(datagram(bytes(8), 10), "a", 1)
    assert (stereo.format, stereo.samples.shape) == (("L16", 44100, 2), (2, 2))
    mapped = DEPACKETIZER.parse(datagram(bytes.fromhex("400000 c00000"), 96), "a", 1)
    assert mapped.format == L24
    assert mapped.samples.tolist() == [[0.5, -0.5]]


def test_an_unmapped_dynamic_type_is_refused_with_the_remedy() -> None:
    error = rejection(bytes(4), 97)
    assert error.reason is Reason.UNMAPPED_PAYLOAD_TYPE
    assert error.reason.refused
    assert "--rtp-map 97=" in error.detail


def test_another_static_type_is_refused_without_that_remedy() -> None:
    error = rejection(bytes(4), 0)
    assert error.reason is Reason.UNMAPPED_PAYLOAD_TYPE
    assert "--rtp-map" not in error.detail


@pytest.mark.parametrize(
    ("payload", "payload_type", "reason"),
    [
        (b"", 11, Reason.EMPTY_PAYLOAD),
        (bytes(3), 11, Reason.PARTIAL_FRAME),
        (bytes(6), 10, Reason.PARTIAL_FRAME),
        (bytes(8), 96, Reason.PARTIAL_FRAME),
    ],
)
def test_payloads_that_are_no_audio(payload: bytes, payload_type: int, reason: Reason) -> None:
    error = rejection(payload, payload_type)
    assert error.reason is reason
    assert not error.reason.refused


@given(st.binary(max_size=200))
def test_any_bytes_give_a_packet_or_the_one_error(data: bytes) -> None:
    try:
        packet = DEPACKETIZER.parse(data, "127.0.0.1", 1)
    except WireError:
        return
    assert packet.samples.ndim == 2


@given(st.sampled_from([10, 11, 96, 97]), st.integers(0, 0x3F), st.binary(min_size=10, max_size=200))
def test_nearly_good_bytes_give_a_packet_or_the_one_error(payload_type: int, flags: int, rest: bytes) -> None:
    try:
        packet = DEPACKETIZER.parse(bytes([0x80 | flags, payload_type]) + rest, "127.0.0.1", 1)
    except WireError:
        return
    assert len(packet.samples) >= 1
    assert packet.samples.shape[1] == packet.format.channels
    assert np.isfinite(packet.samples).all()


@pytest.mark.parametrize(
    "rtp_map", [{11: L24}, {96: StreamFormat("OPUS", 48000, 2)}, {96: StreamFormat("L16", 1, 2)}]
)
def test_impossible_maps(rtp_map: dict[int, StreamFormat]) -> None:
    with pytest.raises(ValueError, match=r"mapped|encoding|rate"):
        Depacketizer(rtp_map)

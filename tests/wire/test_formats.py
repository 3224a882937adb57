import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import Recovery, SourceId, StreamFormat
from plcd.wire import jacktrip, rtp
from plcd.wire.errors import Reason, WireError
from plcd.wire.formats import FORMATS, Formats, detect

STEREO = StreamFormat("JackTrip-16", 48000, 2)


def jacktrip_packet(sequence: int, time_us: int = 1_760_000_000_000_000, value: int = 0) -> bytes:
    audio = np.full(8, value, "<i2").tobytes()
    return jacktrip.build(audio, STEREO, sequence=sequence, samples=4, time_us=time_us, wanted=2)


def rtp_packet(payload: bytes = bytes(8)) -> bytes:
    return rtp.build(payload, payload_type=11, sequence=3, timestamp=4, ssrc=5)


def test_jacktrip_comes_with_its_copies_the_oldest_first() -> None:
    datagram = jacktrip_packet(9, value=9) + jacktrip_packet(8, value=8) + bytes(32)
    packets = Formats({}).parse(datagram, "192.0.2.1", 4464)
    assert [packet.sequence for packet in packets] == [8, 9]
    assert [packet.recovered for packet in packets] == [Recovery.COPY, None]
    for packet in packets:
        assert packet.source == SourceId("192.0.2.1", 4464, 0)
        assert packet.timestamp is None
        assert packet.format == STEREO
        np.testing.assert_array_equal(packet.samples, np.full((4, 2), packet.sequence / 32768, np.float32))


def test_a_jacktrip_rate_without_a_code_is_the_one_that_was_told() -> None:
    datagram = bytearray(jacktrip_packet(1))
    datagram[12] = 7
    (packet,) = Formats({}, rate=192_000).parse(bytes(datagram), "a", 1)
    assert packet.format.rate == 192_000
    with pytest.raises(WireError) as caught:
        Formats({}).parse(bytes(datagram), "a", 1)
    assert caught.value.reason is Reason.JACKTRIP_RATE


def test_zita_needs_its_descriptor_and_rtp_is_as_before() -> None:
    formats = Formats({96: StreamFormat("L24", 48000, 1)})
    describing = struct.pack(">4sBBBBiii", b"znjb", 0, 0, 0, 1, 1500, 44100, 512) + bytes(12)
    sounding = struct.pack(">4sBBBBIii", b"znjb", 1, 1, 0, 1, 0, 2, 0) + bytes(4)
    assert formats.parse(describing, "a", 1) == ()
    (packet,) = formats.parse(sounding, "a", 1)
    assert packet.format == StreamFormat("zita-16", 44100, 1)
    assert not packet.recovered
    (packet,) = formats.parse(rtp_packet(), "a", 1)
    assert packet.timestamp == 4


@given(st.integers(0, 2**63 - 1), st.integers(0, 65535))
def test_jacktrips_clock_may_look_like_anything(time_us: int, sequence: int) -> None:
    """A quarter of all microseconds begin like RTP."""
    assert detect(jacktrip_packet(sequence, time_us)) == "jacktrip"


@given(st.binary(max_size=300).filter(lambda payload: len(payload) % 2 == 0))
def test_rtp_stays_rtp(payload: bytes) -> None:
    assert detect(rtp_packet(payload)) == "rtp"


def test_goodbye_and_what_is_nothing() -> None:
    assert detect(jacktrip.STOP) == "jacktrip"
    assert detect(b"") == "rtp"
    assert detect(b"znjb\x01\x00\x00\x01") == "zita"


def test_a_format_that_was_named_is_not_guessed() -> None:
    with pytest.raises(WireError):
        Formats({}, "jacktrip").parse(rtp_packet(), "a", 1)
    with pytest.raises(WireError):
        Formats({}, "zita").parse(rtp_packet(), "a", 1)
    with pytest.raises(WireError):
        Formats({}, "rtp").parse(jacktrip_packet(1, time_us=0), "a", 1)


@given(st.sampled_from(FORMATS), st.binary(max_size=200))
def test_any_bytes_give_packets_or_the_one_error(form: str, datagram: bytes) -> None:
    try:
        packets = Formats({}, form, 44100).parse(datagram, "127.0.0.1", 1)
    except WireError:
        return
    assert all(packet.recovered for packet in packets[:-1])
    assert all(np.isfinite(packet.samples).all() for packet in packets)

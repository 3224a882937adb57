import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import Recovery, StreamFormat
from plcd.wire.formats import Formats
from plcd.wire.jacktrip import STOP
from plcd.wire.jacktrip_packetizer import JackTripPacketizer

MONO = StreamFormat("JackTrip-16", 48000, 1)


@given(
    bits=st.sampled_from([8, 16, 24]),
    channels=st.integers(1, 4),
    samples=st.integers(1, 40),
    redundancy=st.integers(0, 4),
    first=st.integers(0, 70_000),
)
def test_what_is_packed_is_heard(bits: int, channels: int, samples: int, redundancy: int, first: int) -> None:
    stream = StreamFormat(f"JackTrip-{bits}", 44100, channels)
    packetizer = JackTripPacketizer(stream, samples, lambda: 5, redundancy=redundancy, sequence=first)
    audio = np.arange(8 * samples * channels).reshape(8, samples, channels) % 128 / np.float32(128)
    formats = Formats({})
    for number in range(8):
        datagram = packetizer.packet(audio[number].astype(np.float32))
        assert len(datagram) == packetizer.datagram_bytes
        packets = formats.parse(datagram, "a", 1)
        oldest = max(0, number - redundancy)
        assert [packet.sequence for packet in packets] == [
            (first + k) % 65536 for k in range(oldest, number + 1)
        ]
        assert [packet.recovered for packet in packets] == [Recovery.COPY] * (number - oldest) + [None]
        for packet, k in zip(packets, range(oldest, number + 1), strict=True):
            np.testing.assert_array_equal(packet.samples, audio[k])
            assert packet.format == stream


def test_a_short_packet_is_filled_up() -> None:
    packetizer = JackTripPacketizer(MONO, 4, lambda: 5)
    (packet,) = Formats({}).parse(packetizer.packet(np.full((1, 1), 0.5, np.float32)), "a", 1)
    assert packet.samples[:, 0].tolist() == [0.5, 0, 0, 0]


def test_its_clock_and_channels_are_in_the_header() -> None:
    packetizer = JackTripPacketizer(MONO, 4, lambda: 77, wanted=2)
    datagram = packetizer.packet(np.zeros((4, 1), np.float32))
    assert datagram[:8] == (77).to_bytes(8, "little")
    assert datagram[14:16] == bytes([2, 1])
    assert packetizer.farewell == (STOP, STOP)


@pytest.mark.parametrize(
    ("stream", "redundancy"),
    [
        (StreamFormat("L16", 48000, 1), 0),
        (StreamFormat("JackTrip-32", 48000, 1), 0),
        (StreamFormat("JackTrip-16", 47999, 1), 0),
        (MONO, 16),
        (MONO, -1),
    ],
)
def test_what_jacktrip_cannot_send(stream: StreamFormat, redundancy: int) -> None:
    with pytest.raises(ValueError, match=r"JackTrip"):
        JackTripPacketizer(stream, 64, lambda: 5, redundancy=redundancy)

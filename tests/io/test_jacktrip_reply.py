import numpy as np
import pytest

from plcd.core.packet import StreamFormat
from plcd.io.jacktrip_reply import FED_NS, JackTripReply
from plcd.wire.formats import Formats
from plcd.wire.jacktrip import STOP, parse
from plcd.wire.jacktrip_packetizer import JackTripPacketizer

PEER = ("192.0.2.1", 4470)
SECOND_NS = 1_000_000_000


class Net:
    """What a reply sends, and the peer it is for."""

    def __init__(self, channels: int = 2, wanted: int = 2, redundancy: int = 0, rate: int = 48000) -> None:
        self.sent: list[tuple[bytes, str, int]] = []
        self.reply = JackTripReply(lambda *datagram: self.sent.append(datagram))
        stream = StreamFormat("JackTrip-16", rate, channels)
        self.peer = JackTripPacketizer(stream, 64, lambda: 5, wanted=wanted, redundancy=redundancy)

    def hear(self, count: int = 1, now_ns: int = 0) -> None:
        for _ in range(count):
            samples = np.zeros((64, self.peer.stream.channels), np.float32)
            self.reply.heard(self.peer.packet(samples), *PEER, now_ns)


def test_silence_in_the_peers_own_format_one_packet_for_one() -> None:
    net = Net(channels=2, wanted=1)
    net.hear(2)
    assert net.sent == []
    net.hear(8)
    assert len(net.sent) == 8 == net.reply.sent
    assert {(host, port) for _, host, port in net.sent} == {PEER}
    headers = [parse(datagram)[0].header for datagram, _, _ in net.sent]
    assert [header.sequence for header in headers] == list(range(8))
    assert {(h.samples, h.rate_code, h.bits, h.channels, h.wanted_channels) for h in headers} == {
        (64, 3, 16, 1, 2)
    }
    assert not any(any(datagram[16:]) for datagram, _, _ in net.sent)


@pytest.mark.parametrize(("channels", "wanted", "redundancy"), [(1, 64, 0), (2, 2, 3), (4, 1, 0)])
def test_never_longer_than_what_it_answers(channels: int, wanted: int, redundancy: int) -> None:
    net = Net(channels, wanted, redundancy)
    net.hear(10)
    assert 0 < len(net.sent) <= 10
    assert all(len(datagram) <= net.peer.datagram_bytes for datagram, _, _ in net.sent)


def test_what_is_no_jacktrip_gets_no_answer() -> None:
    net = Net()
    for datagram in (b"", bytes(100), STOP, b"\x80\x0b" + bytes(50)):
        for _ in range(5):
            net.reply.heard(datagram, *PEER, 0)
    assert net.sent == []


def test_captured_audio_goes_in_place_of_silence() -> None:
    net = Net()
    net.reply.feed(np.ones((64, 1), np.float32), 0)  # nobody to send it to
    net.hear(20)
    assert len(net.sent) == 18
    net.sent.clear()
    audio = (np.arange(128) / 128).astype(np.float32)[:, None]
    for start in range(0, 128, 32):
        net.reply.feed(audio[start : start + 32], 0)
    # Two replies were saved up, from before the third packet.
    packets = [Formats({}).parse(datagram, "a", 1)[-1] for datagram, _, _ in net.sent]
    np.testing.assert_array_equal(
        np.concatenate([packet.samples for packet in packets]), np.repeat(audio, 2, 1)
    )
    net.hear(5)
    assert len(net.sent) == 2  # no silence beside it
    net.hear(1, FED_NS + 1)
    assert len(net.sent) == 3


def test_fed_audio_too_is_bound_by_what_comes() -> None:
    net = Net()
    net.hear(10)
    net.reply.feed(np.zeros((64 * 100, 2), np.float32), 0)
    assert len(net.sent) <= 10
    net.reply.feed(np.zeros((64 * 100, 2), np.float32), 3 * SECOND_NS)
    assert len(net.sent) <= 10


def test_goodbye_to_whoever_was_answered() -> None:
    silent = Net()
    silent.reply.close(0)
    assert silent.sent == []
    net = Net()
    net.hear(9)
    net.reply.close(0)
    assert [datagram for datagram, _, _ in net.sent[-2:]] == [STOP, STOP]
    assert len(net.sent) <= 9
    late = Net()
    late.hear(9)
    before = len(late.sent)
    late.reply.close(3 * SECOND_NS)
    assert len(late.sent) == before


def test_a_peer_that_changes_its_packets_is_answered_in_the_new_ones() -> None:
    net = Net()
    net.hear(5)
    net.peer = JackTripPacketizer(StreamFormat("JackTrip-24", 44100, 1), 64, lambda: 5)
    net.hear(5)
    assert parse(net.sent[-1][0])[0].header[2:] == (64, 2, 24, 1, 0)

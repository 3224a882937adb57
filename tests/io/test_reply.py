import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.core.reply_allowance import SILENCE_NS
from plcd.io.outgoing import Repair
from plcd.io.reply import SAVED_S, STEADY, Reply, ReplyOptions
from plcd.io.srtp import Protector, Unprotector
from plcd.io.srtp_key import SrtpKey
from plcd.wire.answering import Answer, AnswerReader, Sighting
from plcd.wire.formats import Formats
from plcd.wire.jacktrip import STOP, parse
from plcd.wire.jacktrip_packetizer import JackTripPacketizer
from plcd.wire.packetizer import Packetizer
from plcd.wire.rtp import parse_header

PEER = ("192.0.2.1", 4470)
SECOND_NS = 1_000_000_000
KEY = SrtpKey(bytes(range(30)))
RTP = StreamFormat("L16", 44100, 1)
SAVED = int(SAVED_S * 48000 / 64)
"""Packets before the input is sent."""
LIVE = ReplyOptions(live=True)


class Net:
    """What a reply sends, and the peer it is for."""

    def __init__(
        self, peer: JackTripPacketizer | Packetizer, options: ReplyOptions | None = None, samples: int = 64
    ) -> None:
        self.sent: list[bytes] = []
        self.came = 0
        self.peer = peer
        self.samples = samples
        self.reply = Reply(self._note, PEER, options or ReplyOptions())
        self.reader = AnswerReader({96: StreamFormat("L24", 48000, 2)})

    def _note(self, datagram: bytes, host: str, port: int) -> None:
        assert (host, port) == PEER
        self.sent.append(datagram)

    def hear(self, count: int = 1, now_ns: int = 0, lost: int = 0) -> None:
        """So many packets come, after as many that were ``lost``."""
        for number in range(count + lost):
            datagram = self.peer.packet(np.zeros((self.samples, self.peer.stream.channels), np.float32))
            if number >= lost:
                self.take(datagram, now_ns)
            if isinstance(self.peer, Packetizer) and (parity := self.peer.parity()) is not None:
                self.take(parity, now_ns)

    def take(self, datagram: bytes, now_ns: int = 0) -> None:
        sighting = self.reader.read(datagram)
        assert sighting is not None
        self.reply.heard(sighting, len(datagram), now_ns)
        self.came += len(datagram)

    def played(self) -> Samples:
        """What the peer gets to hear, copies and parity apart."""
        formats = Formats({96: StreamFormat("L24", 48000, 2)})
        packets = [packet for datagram in self.sent for packet in formats.parse(datagram, "a", 1)[-1:]]
        return np.concatenate([packet.samples for packet in packets])


def jacktrip(channels: int = 2, wanted: int = 2, redundancy: int = 0) -> JackTripPacketizer:
    return JackTripPacketizer(
        StreamFormat("JackTrip-16", 48000, channels), 64, lambda: 5, wanted=wanted, redundancy=redundancy
    )


def rtp(copies: int = 0, group: int = 0) -> Packetizer:
    return Packetizer(RTP, 11, 1, copies=copies, group=group)


def ramp(count: int, channels: int = 1) -> Samples:
    """Every sample another, on the grid of 16 bits."""
    numbers = np.arange(1, count * channels + 1, dtype=np.float32)
    return (numbers / np.float32(32768)).reshape(count, channels)


def test_silence_in_the_peers_own_format_one_packet_for_one() -> None:
    net = Net(jacktrip(2, wanted=1))
    net.hear(2)
    assert net.sent == []
    net.hear(8)
    assert len(net.sent) == 8 == net.reply.sent
    headers = [parse(datagram)[0].header for datagram in net.sent]
    assert [header.sequence for header in headers] == list(range(8))
    assert {(h.samples, h.rate_code, h.bits, h.channels, h.wanted_channels) for h in headers} == {
        (64, 3, 16, 1, 2)
    }
    assert not any(any(datagram[16:]) for datagram in net.sent)


@pytest.mark.parametrize(("channels", "wanted", "redundancy"), [(1, 64, 0), (2, 2, 3), (4, 1, 0)])
@pytest.mark.parametrize("live", [False, True])
def test_never_longer_than_what_it_answers(channels: int, wanted: int, redundancy: int, live: bool) -> None:
    peer = jacktrip(channels, wanted, redundancy)
    net = Net(peer, ReplyOptions(Repair(8), live=live))
    net.hear(100)
    net.reply.feed(ramp(640), 48000, 0)
    assert len(net.sent) >= 10
    longest = max(map(len, net.sent))
    assert longest <= peer.datagram_bytes
    if live and channels == wanted:
        assert longest == peer.datagram_bytes  # as many copies as it sends itself


def test_captured_audio_goes_out_as_it_comes_once_enough_is_saved_up() -> None:
    net = Net(jacktrip(), LIVE)
    net.reply.feed(ramp(64), 48000, 0)  # nobody to send it to
    net.hear(SAVED - 1)
    net.reply.feed(ramp(64), 48000, 0)
    assert net.sent == []
    net.hear(1)
    audio = ramp(128)
    for start in range(0, 128, 32):
        net.reply.feed(audio[start : start + 32], 48000, 0)
    np.testing.assert_array_equal(net.played(), np.repeat(audio, 2, 1))
    net.hear(5)
    assert len(net.sent) == 2  # no silence beside it


def test_what_is_sent_is_bound_by_what_comes() -> None:
    net = Net(jacktrip(), LIVE)
    net.hear(SAVED + 5)
    for _ in range(10):
        net.reply.feed(np.zeros((64 * 50, 2), np.float32), 48000, 0)
    assert SAVED <= len(net.sent) <= SAVED + 5
    assert sum(map(len, net.sent)) <= net.came
    assert net.reply.sent == len(net.sent)
    assert net.reply.withheld > 0
    before = len(net.sent)
    net.reply.feed(np.zeros((64 * 10, 2), np.float32), 48000, SILENCE_NS + 1)
    assert len(net.sent) == before


def test_what_is_withheld_leaves_a_gap_in_the_numbers() -> None:
    net = Net(jacktrip(1, 1), LIVE)
    net.hear(SAVED)
    for _ in range(2):
        net.reply.feed(ramp(64 * 60), 48000, 0)
    net.hear(1)
    net.reply.feed(ramp(64), 48000, 0)
    numbers = [parse(datagram)[0].header.sequence for datagram in net.sent]
    assert numbers[:SAVED] == list(range(SAVED))
    assert numbers[SAVED:] == [120]


def test_packets_that_were_lost_on_their_way_are_answered_too() -> None:
    net = Net(jacktrip(1, 1), LIVE)
    for _ in range(20):
        net.hear(9, lost=1)
    net.reply.feed(ramp(64 * 400)[:, :1], 48000, 0)
    assert len(net.sent) == 64  # what the feed holds at most
    net.reply.feed(ramp(64 * 64), 48000, 0)
    net.reply.feed(ramp(64 * 64), 48000, 0)
    net.reply.feed(ramp(64 * 64), 48000, 0)
    assert 195 <= len(net.sent) <= 200


@pytest.mark.parametrize(("rate", "channels"), [(44100, 1), (96000, 3), (16000, 2)])
def test_other_rates_are_resampled_and_channels_mapped(rate: int, channels: int) -> None:
    net = Net(jacktrip(), LIVE)
    net.hear(250)
    time = np.arange(rate // 4) / rate
    tone = np.zeros((len(time), channels), np.float32)
    tone[:, 0] = 0.5 * np.sin(2 * np.pi * 1000 * time)
    for start in range(0, len(tone), 60):
        net.reply.feed(tone[start : start + 60], rate, 0)
    heard = net.played()
    assert len(heard) == pytest.approx(12000, abs=300)
    spectrum = np.abs(np.fft.rfft(heard[2000:6800, 0] * np.hanning(4800)))
    assert spectrum.argmax() == 100
    assert spectrum[98:103].sum() > 0.99 * spectrum.sum()
    if channels == 1:
        np.testing.assert_array_equal(heard[:, 1], heard[:, 0])
    else:
        assert not heard[:, 1].any()


def test_an_rtp_sender_gets_nothing_without_an_input() -> None:
    net = Net(rtp(), samples=512)
    net.hear(100)
    assert net.sent == []


@pytest.mark.parametrize(("kind", "form"), [(11, RTP), (96, StreamFormat("L24", 48000, 2))])
def test_an_rtp_peer_gets_its_own_form_under_another_ssrc(kind: int, form: StreamFormat) -> None:
    net = Net(Packetizer(form, kind, 1), LIVE, samples=100)
    net.hear(100)
    audio = ramp(1000, form.channels)
    net.reply.feed(audio, form.rate, 0)
    headers = [parse_header(datagram) for datagram in net.sent]
    assert len(headers) == 10
    assert {header.payload_type for header in headers} == {kind}
    assert headers[0].ssrc != 1
    assert len({header.ssrc for header in headers}) == 1
    numbers = [(header.sequence - headers[0].sequence) % 2**16 for header in headers]
    stamps = [(header.timestamp - headers[0].timestamp) % 2**32 for header in headers]
    assert numbers == list(range(10))
    assert stamps == [100 * number for number in numbers]
    np.testing.assert_array_equal(net.played(), audio)


def test_packets_of_changing_size_do_not_change_the_answers() -> None:
    net = Net(rtp(), LIVE)
    for _ in range(100):
        for net.samples in (300, 400):
            net.hear()
    net.reply.feed(ramp(3000), 44100, 0)
    size = {len(Formats({}).parse(datagram, "a", 1)[0].samples) for datagram in net.sent}
    assert len(size) == 1
    assert size <= {300, 400}
    before, net.samples = len(net.sent), 200
    net.hear(STEADY + 50)
    net.reply.feed(ramp(200), 44100, 0)
    assert len(net.sent) > before
    assert len(Formats({}).parse(net.sent[-1], "a", 1)[0].samples) == 200
    assert net.reply.sent == len(net.sent)


def test_copies_and_parity_as_the_peer_sends_them_itself(caplog: pytest.LogCaptureFixture) -> None:
    asked = ReplyOptions(Repair(2, 4), live=True)
    plain, same = Net(rtp(), asked), Net(rtp(copies=2, group=4), asked)
    for net in (plain, same):
        net.hear(200)
        net.reply.feed(ramp(64 * 40), 44100, 0)
        assert sum(map(len, net.sent)) <= net.came
        assert net.reply.withheld == 0
    assert {parse_header(datagram).payload_type for datagram in plain.sent} == {11}
    assert {parse_header(datagram).payload_type for datagram in same.sent} == {121, 122}
    assert len(same.sent) == 50
    assert caplog.text.count("--allow") == 1


def test_those_who_are_vouched_for_get_what_was_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    net = Net(rtp(), ReplyOptions(Repair(2, 4), vouched=True, live=True))
    net.hear(200)
    net.reply.feed(ramp(64 * 40), 44100, 0)
    assert {parse_header(datagram).payload_type for datagram in net.sent} == {121, 122}
    assert net.reply.withheld == 0
    assert caplog.text == ""


def test_copies_that_rtp_has_no_room_for_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    net = Net(rtp(), ReplyOptions(Repair(15), vouched=True, live=True), samples=2048)
    net.hear(50)
    net.reply.feed(ramp(2048), 44100, 0)
    assert len(net.sent) == 1
    assert "RFC 2198" in caplog.text


def test_under_a_key_what_goes_back_is_protected_too() -> None:
    net = Net(rtp(), ReplyOptions(vouched=True, key=KEY, live=True), samples=512)
    protector = Protector(KEY, 1)
    for _ in range(20):
        datagram = net.peer.packet(np.zeros((512, 1), np.float32))
        sighting = net.reader.read(datagram)
        assert sighting is not None
        net.reply.heard(sighting, len(protector.protect(datagram)), 0)
    audio = ramp(512 * 10)
    net.reply.feed(audio, 44100, 0)
    assert audio[:512].astype(">f4").tobytes()[:16] not in net.sent[0]
    opened = [Unprotector(KEY).unprotect(datagram, 0) for datagram in net.sent]
    samples = [Formats({}).parse(datagram, "a", 1)[0].samples for datagram in opened]
    np.testing.assert_array_equal(np.concatenate(samples), audio)


def test_goodbye_to_whoever_was_answered() -> None:
    silent = Net(jacktrip())
    silent.reply.close(0)
    assert silent.sent == []
    net = Net(jacktrip())
    net.hear(9)
    net.reply.close(0)
    assert net.sent[-2:] == [STOP, STOP]
    assert len(net.sent) <= 9
    late = Net(jacktrip())
    late.hear(9)
    before = len(late.sent)
    late.reply.close(3 * SECOND_NS)
    assert len(late.sent) == before


def test_a_peer_that_changes_its_packets_is_answered_in_the_new_ones() -> None:
    net = Net(jacktrip())
    net.hear(5)
    net.peer = JackTripPacketizer(StreamFormat("JackTrip-24", 44100, 1), 64, lambda: 5)
    net.hear(5)
    assert parse(net.sent[-1])[0].header[2:] == (64, 2, 24, 1, 0)
    assert net.reply.sent == len(net.sent)


FORMS = [
    Answer(StreamFormat("JackTrip-16", 48000, 2), 64, None, 2),
    Answer(StreamFormat("JackTrip-8", 192000, 1), 1, None, 7),
    Answer(StreamFormat("L16", 44100, 1), 512, 11),
    Answer(StreamFormat("L24", 8000, 64), 300, 121),
    Answer(StreamFormat("L24", 96000, 2), 8192, 96),
    None,
]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FORMS),
            st.integers(0, 65535),
            st.integers(1, 65507),
            st.integers(0, 10**9),
            st.booleans(),
        ),
        max_size=60,
    ),
    st.sampled_from([Repair(), Repair(1, 3), Repair(15, 48)]),
)
def test_whatever_a_peer_does(
    events: list[tuple[Answer | None, int, int, int, bool]], repair: Repair
) -> None:
    """Forms, numbers and sizes that change with every packet: nothing raises, and little more is sent than came."""
    sent: list[bytes] = []
    reply = Reply(lambda datagram, host, port: sent.append(datagram), PEER, ReplyOptions(repair, live=True))
    came, now_ns = [], 0
    for answer, sequence, size, wait_ns, many in events:
        now_ns += wait_ns
        for number in range(100 if many else 1):
            reply.heard(Sighting((sequence + number) % 65536, answer), size, now_ns)
            came.append(size)
        reply.feed(ramp(700, 2), 44100, now_ns)
        assert len(sent) <= 1.251 * len(came)
        assert len(sent) == reply.sent
    reply.close(now_ns)

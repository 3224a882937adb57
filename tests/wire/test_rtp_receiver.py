import contextlib
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.frame import Samples
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.wire.errors import WireError
from plcd.wire.packetizer import Packetizer
from plcd.wire.rebuilding import MAX_PACKETS, MAX_PARITIES, MAX_SOURCES, Rebuilder
from plcd.wire.rtp import build, parse_header
from plcd.wire.rtp_receiver import MAX_BLANKS, RtpReceiver
from plcd.wire.ulpfec import Parity

MONO = StreamFormat("L16", 44100, 1)
FORMS = [(MONO, 11), (StreamFormat("L16", 44100, 2), 10), (StreamFormat("L24", 48000, 3), 96)]


def numbered(packets: int, size: int, channels: int) -> Samples:
    count = np.arange(packets * size * channels) % 65536 - 32768
    return (count / 32768).astype(np.float32).reshape(-1, channels)


def stream(
    form: StreamFormat, payload_type: int, packets: int, size: int, copies: int, group: int
) -> tuple[Samples, list[bytes]]:
    """The audio, and all datagrams: parity behind the packets it protects."""
    audio = numbered(packets, size, form.channels)
    packetizer = Packetizer(form, payload_type, 7, 65530, 2**32 - 100, copies, group)
    datagrams = []
    for first in range(0, len(audio), size):
        datagrams.append(packetizer.packet(audio[first : first + size]))
        parity = packetizer.parity(last=first + size == len(audio))
        datagrams += [parity] if parity else []
    return audio, datagrams


def heard(receiver: RtpReceiver, datagrams: list[bytes], audio: Samples, size: int) -> dict[int, AudioPacket]:
    """The first packet heard of each stretch of audio, by its place. Whatever is brought is right."""
    found: dict[int, AudioPacket] = {}
    for datagram in datagrams:
        for packet in receiver.parse(datagram, "192.0.2.1", 9):
            assert packet.timestamp is not None
            start = (packet.timestamp - (2**32 - 100)) % 2**32
            np.testing.assert_array_equal(packet.samples, audio[start : start + len(packet.samples)])
            for sample in range(start, start + len(packet.samples), size):
                found.setdefault(sample // size, packet)
    return found


@given(
    st.sampled_from(FORMS),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=150)
def test_what_comes_is_right_whatever_is_lost_and_swapped(
    form: tuple[StreamFormat, int], size: int, copies: int, group: int, seed: int
) -> None:
    rng = random.Random(seed)
    audio, datagrams = stream(*form, 20, size, copies, group)
    kept = [datagram for datagram in datagrams if rng.random() < 0.8]
    kept.sort(key=lambda datagram: datagrams.index(datagram) + rng.random() * 3)
    receiver = RtpReceiver({96: FORMS[2][0]})
    found = heard(receiver, kept, audio, size)
    own = {index for index, packet in found.items() if not packet.recovered}
    assert len(own) <= sum(parse_header(datagram).payload_type != 122 for datagram in kept)
    assert receiver.spoiled == 0


@pytest.mark.parametrize("size", [8, 512, 700])
@pytest.mark.parametrize("form", FORMS)
def test_copies_cover_bursts_as_long_as_there_are(form: tuple[StreamFormat, int], size: int) -> None:
    audio, datagrams = stream(*form, 20, size, copies=2, group=0)
    kept = [datagram for index, datagram in enumerate(datagrams) if index % 5 not in (1, 2)]
    found = heard(RtpReceiver({96: FORMS[2][0]}), kept, audio, size)
    assert set(found) == set(range(20))
    assert {index for index, packet in found.items() if packet.recovered} >= {1, 2, 6, 7, 11, 12, 16, 17}


@pytest.mark.parametrize("group", [1, 2, 4, 10, 20])
def test_parity_covers_one_loss_in_each_group_parity_included(group: int) -> None:
    for lost in range(group + 1):
        audio, datagrams = stream(*FORMS[0], 20, 64, copies=0, group=group)
        assert len(datagrams) == 20 + 20 // group
        kept = [datagram for index, datagram in enumerate(datagrams) if index % (group + 1) != lost]
        receiver = RtpReceiver({})
        found = heard(receiver, kept, audio, 64)
        assert set(found) == set(range(20))
        assert receiver.parity == (20 // group if lost < group else 0)


def test_an_unfinished_group_is_protected_too() -> None:
    audio, datagrams = stream(*FORMS[0], 7, 64, copies=0, group=5)
    assert len(datagrams) == 9
    del datagrams[6]
    assert set(heard(RtpReceiver({}), datagrams, audio, 64)) == set(range(7))


def test_parity_before_its_packets_and_packets_twice() -> None:
    audio, datagrams = stream(*FORMS[0], 4, 64, copies=0, group=4)
    order = [datagrams[4], datagrams[0], datagrams[0], datagrams[3], datagrams[1]]
    receiver = RtpReceiver({})
    assert set(heard(receiver, order, audio, 64)) == {0, 1, 2, 3}
    assert receiver.parse(datagrams[4], "192.0.2.1", 9) == ()


def test_parity_rebuilds_packets_with_copies_which_help_other_parity() -> None:
    """Two lost of a group of four: the copies bring the audio of one. Of the other, copies in the packet rebuilt from parity."""
    audio, datagrams = stream(*FORMS[0], 8, 64, copies=1, group=4)
    kept = [datagram for index, datagram in enumerate(datagrams) if index not in (2, 3, 8)]
    found = heard(RtpReceiver({}), kept, audio, 64)
    assert set(found) == {0, 1, 3, 4, 5, 6, 7}


def test_paritys_numbers_are_told() -> None:
    _, datagrams = stream(*FORMS[0], 4, 64, copies=0, group=2)
    receiver = RtpReceiver({})
    for datagram in datagrams:
        receiver.parse(datagram, "192.0.2.1", 9)
    source = SourceId("192.0.2.1", 9, 7)
    assert receiver.take_blanks() == [(source, 65532), (source, 65535)]
    assert receiver.take_blanks() == []
    for _ in range(2 * MAX_BLANKS):
        receiver.parse(datagrams[2], "192.0.2.1", 9)
    assert len(receiver.take_blanks()) == MAX_BLANKS


def test_another_sender_with_the_same_numbers_rebuilds_nothing() -> None:
    _, datagrams = stream(*FORMS[0], 4, 64, copies=0, group=4)
    receiver = RtpReceiver({})
    for datagram in datagrams[1:4]:
        receiver.parse(datagram, "192.0.2.66", 9)
    assert receiver.parse(datagrams[4], "192.0.2.1", 9) == ()


def test_types_can_be_mapped_and_mapped_away() -> None:
    payload = bytes([11]) + bytes(6)
    datagram = build(payload, payload_type=100, sequence=1, timestamp=2, ssrc=3)
    (packet,) = RtpReceiver({100: StreamFormat("RED", 44100, 1)}).parse(datagram, "a", 1)
    assert packet.samples.shape == (3, 1)
    audio = build(bytes(6), payload_type=121, sequence=1, timestamp=2, ssrc=3)
    (packet,) = RtpReceiver({121: StreamFormat("L24", 48000, 2)}).parse(audio, "a", 1)
    assert packet.samples.shape == (1, 2)


def test_copies_in_an_encoding_of_their_own_are_passed_over() -> None:
    payload = bytes([0x80 | 3, 0, 0, 2, 11]) + b"zz" + bytes(4)
    (packet,) = RtpReceiver({}).parse(
        build(payload, payload_type=121, sequence=1, timestamp=2, ssrc=3), "a", 1
    )
    assert packet.samples.shape == (2, 1)


def test_parity_that_rebuilds_nonsense_is_counted() -> None:
    _, datagrams = stream(*FORMS[0], 4, 64, copies=0, group=4)
    spoiled = bytearray(datagrams[4])
    spoiled[12 + 9] ^= 0xFF  # the length: 127 bytes of 16-bit samples
    receiver = RtpReceiver({})
    for datagram in datagrams[:3]:
        receiver.parse(datagram, "a", 1)
    assert receiver.parse(bytes(spoiled), "a", 1) == ()
    assert receiver.spoiled == 1


@given(
    st.lists(
        st.tuples(st.sampled_from([11, 121, 122]), st.integers(0, 9), st.binary(max_size=80)), max_size=40
    )
)
def test_any_payloads_give_packets_or_the_one_error(fields: list[tuple[int, int, bytes]]) -> None:
    receiver = RtpReceiver({})
    for payload_type, number, payload in fields:
        datagram = build(payload, payload_type=payload_type, sequence=number, timestamp=0, ssrc=1)
        with contextlib.suppress(WireError):
            packets = receiver.parse(datagram, "a", 1)
            assert all(packet.samples.shape[0] >= 1 for packet in packets)


def test_what_is_remembered_is_bounded() -> None:
    rebuilder = Rebuilder()
    for host in range(3 * MAX_SOURCES):
        source = SourceId(f"192.0.2.{host}", 1, 1)
        for number in range(3 * MAX_PACKETS):
            rebuilder.packet(source, number, bytes(12))
            rebuilder.parity(source, number, Parity(frozenset({number + 1000, number + 1001}), 0, b""))
    assert len(rebuilder._windows) == MAX_SOURCES
    for window in rebuilder._windows.values():
        assert len(window.packets) == MAX_PACKETS
        assert len(window.parities) == MAX_PARITIES

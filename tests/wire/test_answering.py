import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import StreamFormat
from plcd.wire.answering import Answer, AnswerReader, Sighting
from plcd.wire.formats import FORMATS
from plcd.wire.jacktrip import STOP
from plcd.wire.jacktrip_packetizer import JackTripPacketizer
from plcd.wire.packetizer import Packetizer

L24 = StreamFormat("L24", 48000, 2)
MAP = {96: L24, 97: StreamFormat("RED", 48000, 1)}


def rtp(**settings: int) -> Packetizer:
    return Packetizer(L24, 96, 7, sequence=65535, **settings)


def samples(count: int, channels: int = 2) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.zeros((count, channels), np.float32)


@pytest.mark.parametrize("copies", [0, 2])
def test_rtp(copies: int) -> None:
    packetizer = rtp(copies=copies)
    packetizer.packet(samples(48))
    assert AnswerReader(MAP).read(packetizer.packet(samples(48))) == Sighting(0, Answer(L24, 48, 96))


def test_parity_is_a_number_and_no_more() -> None:
    packetizer = rtp(group=1)
    packetizer.packet(samples(48))
    parity = packetizer.parity()
    assert parity is not None
    assert AnswerReader(MAP).read(parity) == Sighting(0, None)


@pytest.mark.parametrize(("sends", "wants", "gets"), [(2, 2, 2), (2, 1, 1), (2, 8, 2), (1, 2, 1)])
def test_jacktrip_gets_what_it_wants_but_no_more_than_it_sends(sends: int, wants: int, gets: int) -> None:
    stream = StreamFormat("JackTrip-24", 96000, sends)
    packetizer = JackTripPacketizer(stream, 128, lambda: 5, wanted=wants, redundancy=1, sequence=9)
    sighting = AnswerReader({}).read(packetizer.packet(samples(128, sends)))
    assert sighting == Sighting(9, Answer(stream._replace(channels=gets), 128, None, sends))


def test_what_is_no_audio_of_a_peer_that_can_hear() -> None:
    unmapped = Packetizer(StreamFormat("L16", 8000, 1), 100, 7).packet(samples(48, 1))
    partial = rtp().packet(samples(48))[:-1]
    empty = rtp().packet(samples(0))
    zita = b"\x08\x1a\x00\x00" + bytes(28)
    for datagram in (b"", bytes(100), STOP, unmapped, partial, empty, zita):
        assert AnswerReader(MAP).read(datagram) is None


def test_only_the_format_that_was_named() -> None:
    jacktrip = JackTripPacketizer(StreamFormat("JackTrip-16", 48000, 1), 64, lambda: 5).packet(samples(64, 1))
    assert AnswerReader(MAP, "jacktrip").read(jacktrip) is not None
    assert AnswerReader(MAP, "rtp").read(jacktrip) is None
    assert AnswerReader(MAP, "zita").read(jacktrip) is None
    assert AnswerReader(MAP, "jacktrip").read(rtp().packet(samples(48))) is None


@given(st.binary(max_size=200), st.sampled_from(FORMATS))
def test_whatever_the_bytes(datagram: bytes, form: str) -> None:
    AnswerReader(MAP, form).read(datagram)


@given(st.binary(max_size=60), st.sampled_from([96, 97, 121, 122, 11]))
def test_whatever_the_bytes_behind_a_header(payload: bytes, kind: int) -> None:
    sighting = AnswerReader(MAP).read(b"\x80" + bytes([kind]) + bytes(10) + payload)
    if sighting is not None and sighting.answer is not None:
        assert sighting.answer.samples >= 1

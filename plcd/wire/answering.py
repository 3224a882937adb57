"""How a peer wants to be answered: what its datagrams say of the form in which it sends, and so can hear."""

from collections.abc import Mapping
from typing import NamedTuple

from plcd.core.packet import StreamFormat
from plcd.core.sources import LARGEST_PACKET
from plcd.wire import jacktrip, red
from plcd.wire.errors import WireError
from plcd.wire.formats import detect
from plcd.wire.payload_map import RED, REPAIR, STATIC, ULPFEC
from plcd.wire.pcm import CODECS
from plcd.wire.rtp import parse_header


class Answer(NamedTuple):
    """The form of an answer."""

    stream: StreamFormat
    """Of what is to be sent: as many channels as the peer sends, or JackTrip's wants if those are fewer."""
    samples: int
    """In a packet."""
    payload_type: int | None = None
    """In RTP; None: it is JackTrip."""
    heard_channels: int = 0
    """That the peer sends, for JackTrip's header."""


class Sighting(NamedTuple):
    """What one valid datagram of a peer says."""

    sequence: int
    """16 bits."""
    answer: Answer | None
    """None for parity, which says nothing of audio."""


class AnswerReader:
    """Reads datagrams of ``form``, one of :data:`plcd.wire.formats.FORMATS`; ``rtp_map`` and ``rate`` as for its ``Formats``."""

    def __init__(
        self, rtp_map: Mapping[int, StreamFormat], form: str = "auto", rate: int | None = None
    ) -> None:
        self._form = form
        self._rate = rate
        repair = {**REPAIR, **{number: stream.encoding for number, stream in rtp_map.items()}}
        self._repair = {number: name for number, name in repair.items() if name in REPAIR.values()}
        self._audio = {n: s for n, s in {**STATIC, **rtp_map}.items() if n not in self._repair}

    def read(self, datagram: bytes) -> Sighting | None:
        """What ``datagram`` says, whatever its bytes; None where it is no packet of a peer that can be answered."""
        form = self._form if self._form != "auto" else detect(datagram)
        try:
            if form == "jacktrip":
                return self._read_jacktrip(datagram)
            return self._read_rtp(datagram) if form == "rtp" else None
        except WireError:
            return None

    def _read_jacktrip(self, datagram: bytes) -> Sighting | None:
        header = jacktrip.parse(datagram)[0].header
        stream = jacktrip.format_of(header, self._rate)
        # No more channels than it sends, though it may want more: a reply is never longer than what it answers.
        channels = min(header.wanted_channels, stream.channels)
        if not channels or stream.rate not in jacktrip.RATES_HZ.values():
            return None
        answer = Answer(stream._replace(channels=channels), header.samples, None, stream.channels)
        return Sighting(header.sequence, answer)

    def _read_rtp(self, datagram: bytes) -> Sighting | None:
        header = parse_header(datagram)
        kind, payload = header.payload_type, datagram[header.payload_start : header.payload_stop]
        if self._repair.get(kind) == ULPFEC:
            return Sighting(header.sequence, None)
        size = len(payload)
        if self._repair.get(kind) == RED:
            own = red.parse(payload)[-1]
            kind, size = own.payload_type, own.stop - own.start
        stream = self._audio.get(kind)
        if stream is None:
            return None
        frame = CODECS[stream.encoding].width * stream.channels
        samples, rest = divmod(size, frame)
        if rest or not 1 <= samples <= LARGEST_PACKET:
            return None
        return Sighting(header.sequence, Answer(stream, samples, kind))

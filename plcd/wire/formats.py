"""Every wire format that plcd hears, told apart datagram by datagram."""

from collections.abc import Mapping
from typing import Final

from plcd.core.packet import AudioPacket, Recovery, SourceId, StreamFormat
from plcd.wire import jacktrip, zita
from plcd.wire.errors import Reason, WireError
from plcd.wire.jacktrip_pcm import CODECS
from plcd.wire.payload_map import RATES_HZ
from plcd.wire.rtp_receiver import RtpReceiver

FORMATS: Final = ("auto", "rtp", "jacktrip", "zita")


class Formats:
    """Parses datagrams of ``form``, one of :data:`FORMATS`; ``auto`` looks at each.

    ``rtp_map`` as for :class:`RtpReceiver`. ``rate``: Hz of streams whose packets do not
    say it. Raises ValueError as it does.
    """

    def __init__(
        self, rtp_map: Mapping[int, StreamFormat], form: str = "auto", rate: int | None = None
    ) -> None:
        self._form = form
        self._rate = rate
        self.rtp = RtpReceiver(rtp_map)
        self._zita = zita.ZitaParser(rate)

    @property
    def zeroed(self) -> int:
        """Samples so far that were no number, or infinite, and were silenced."""
        return self._zita.zeroed

    def parse(self, datagram: bytes, host: str, port: int) -> tuple[AudioPacket, ...]:
        """The packets that ``datagram``, which came from ``host`` and ``port``, brings, the oldest first.

        None where it is sound but carries no audio.

        All but its own are marked as recovered. Raises WireError, and nothing else, whatever the bytes.
        """
        form = self._form if self._form != "auto" else detect(datagram)
        if form == "jacktrip":
            return self._parse_jacktrip(datagram, host, port)
        if form == "zita":
            packet = self._zita.parse(datagram, host, port)
            return () if packet is None else (packet,)
        return self.rtp.parse(datagram, host, port)

    def _parse_jacktrip(self, datagram: bytes, host: str, port: int) -> tuple[AudioPacket, ...]:
        slots = jacktrip.parse(datagram)
        newest = slots[0].header
        stream = jacktrip.format_of(newest, self._rate)
        if stream.rate not in RATES_HZ:
            raise WireError(Reason.HEADER, f"a rate of {stream.rate} Hz")
        decode = CODECS[newest.bits].decode
        source = SourceId(host, port, 0)
        return tuple(
            AudioPacket(
                source,
                header.sequence,
                None,
                stream,
                decode(datagram[start:stop], stream.channels),
                recovered=None if header is newest else Recovery.COPY,
            )
            for header, start, stop in reversed(slots)
        )


def detect(datagram: bytes) -> str:
    """``jacktrip`` or ``zita`` where it can be nothing else, else ``rtp``, whose parser says what is wrong with the rest.

    A JackTrip header begins with a clock, whose bytes may look like anything; but its length is what its fields say, which RTP
    meets by accident only.
    """
    if jacktrip.looks_like(datagram):
        return "jacktrip"
    return "zita" if zita.looks_like(datagram) else "rtp"

"""JackTrip datagrams: one or more packets of header and planar audio, the newest first; and the one that says goodbye.

Source: JackTrip's ``DefaultHeaderStruct``, ``UdpDataProtocol::sendPacketRedundancy`` and its docs on the protocol, checked
against what JackTrip 1.7.0 sends.
"""

from collections.abc import Mapping
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple

from plcd.core.packet import StreamFormat
from plcd.core.sources import LARGEST_PACKET
from plcd.wire.errors import Reason, WireError
from plcd.wire.jacktrip_pcm import CODECS
from plcd.wire.payload_map import CHANNELS

HEADER_BYTES = 16
STOP = b"\xff" * 63
"""A peer that ends sends this, twice."""
RATES_HZ: Mapping[int, int] = MappingProxyType(
    {0: 22050, 1: 32000, 2: 44100, 3: 48000, 4: 88200, 5: 96000, 6: 192_000}
)
UNDEFINED_RATE = 7
"""What a sender says whose rate has no code of its own (JackTrip's 192 kHz among them: its table has a typing error there)."""
MAX_REDUNDANCY = 16
"""Packets in a datagram: more than anybody sends."""

_HEADER = Struct("<QHHBBBB")
_RATE_CODES = {rate: code for code, rate in RATES_HZ.items()}
_NONE_SENT = 255
_NAME = "JackTrip-"


class JackTripHeader(NamedTuple):
    """The fields of one packet, as they are on the wire."""

    time_us: int
    """The sender's wall clock. It can step, so nothing is played by it."""
    sequence: int
    samples: int
    """In each channel."""
    rate_code: int
    bits: int
    wanted_channels: int
    """How many channels the sender plays, and so wants to be sent."""
    sent_channels: int
    """How many it sends; 0: as many as it wants; 255: none."""

    @property
    def channels(self) -> int:
        """In the payload."""
        if self.sent_channels == 0:
            return self.wanted_channels
        return 0 if self.sent_channels == _NONE_SENT else self.sent_channels

    @property
    def packet_bytes(self) -> int:
        """Header and audio."""
        return HEADER_BYTES + self.samples * self.channels * (self.bits // 8)


class Slot(NamedTuple):
    """One packet of a datagram; its audio is ``datagram[start:stop]``."""

    header: JackTripHeader
    start: int
    stop: int


def looks_like(datagram: bytes) -> bool:
    """Whether this can only be JackTrip's: the length is what the header says, or it says goodbye."""
    if datagram == STOP:
        return True
    if len(datagram) < HEADER_BYTES:
        return False
    header = JackTripHeader._make(_HEADER.unpack_from(datagram))
    return (
        header.rate_code <= UNDEFINED_RATE
        and header.bits in (8, 16, 24, 32)
        and header.samples > 0
        and len(datagram) % header.packet_bytes == 0
    )


def parse(datagram: bytes) -> tuple[Slot, ...]:
    """The packets of ``datagram``, the newest first; empty slots, of a sender that has just begun, are left out.

    Raises WireError, and nothing else, whatever the bytes.
    """
    if datagram == STOP:
        raise WireError(Reason.GOODBYE)
    if len(datagram) < HEADER_BYTES:
        raise WireError(Reason.TOO_SHORT, f"{len(datagram)} bytes, a JackTrip header has {HEADER_BYTES}")
    newest = JackTripHeader._make(_HEADER.unpack_from(datagram))
    _check(newest)
    size = newest.packet_bytes
    if len(datagram) % size:
        raise WireError(Reason.PACKET_LENGTH, f"{len(datagram)} bytes, no whole number of packets of {size}")
    if len(datagram) // size > MAX_REDUNDANCY:
        raise WireError(
            Reason.PACKET_LENGTH, f"{len(datagram) // size} packets in one, at most {MAX_REDUNDANCY}"
        )
    slots = [Slot(newest, HEADER_BYTES, size)]
    for start in range(size, len(datagram), size):
        header = JackTripHeader._make(_HEADER.unpack_from(datagram, start))
        if header[2:] == newest[2:]:
            slots.append(Slot(header, start + HEADER_BYTES, start + size))
        elif header.samples:
            raise WireError(Reason.HEADER, f"packets of two kinds in one: {newest[2:]} and {header[2:]}")
    return tuple(slots)


def _check(header: JackTripHeader) -> None:
    """Raise WireError unless such packets can be played."""
    if header.rate_code > UNDEFINED_RATE:
        raise WireError(
            Reason.HEADER, f"sample rate code {header.rate_code}, known are 0 to {UNDEFINED_RATE}"
        )
    if header.bits == 32:
        raise WireError(Reason.JACKTRIP_32_BITS)
    if header.bits not in CODECS:
        raise WireError(Reason.HEADER, f"{header.bits} bits a sample, known are 8, 16 and 24")
    if header.channels == 0:
        raise WireError(Reason.EMPTY_PAYLOAD, "a peer that sends no channels, and only listens")
    if header.channels not in CHANNELS:
        raise WireError(Reason.HEADER, f"{header.channels} channels, at most {CHANNELS[-1]}")
    if not 1 <= header.samples <= LARGEST_PACKET:
        raise WireError(
            Reason.HEADER, f"{header.samples} samples a packet, 1 to {LARGEST_PACKET} are allowed"
        )


def format_of(header: JackTripHeader, undefined_hz: int | None = None) -> StreamFormat:
    """What ``header`` announces; ``undefined_hz`` is what a rate without a code stands for. Raises WireError without it."""
    rate = RATES_HZ.get(header.rate_code, undefined_hz)
    if rate is None:
        raise WireError(Reason.JACKTRIP_RATE)
    return StreamFormat(f"{_NAME}{header.bits}", rate, header.channels)


def bits_of(stream: StreamFormat) -> int | None:
    """Bits a sample if ``stream`` is JackTrip's, else None."""
    name, _, bits = stream.encoding.partition("-")
    return int(bits) if f"{name}-" == _NAME else None


def build(
    audio: bytes, stream: StreamFormat, *, sequence: int, samples: int, time_us: int, wanted: int
) -> bytes:
    """One packet. ``wanted``: channels that the other side is to send, 1 to 254; ``sequence`` is taken modulo 2^16.

    Raises ValueError where a field cannot hold its value.
    """
    bits = bits_of(stream)
    if bits not in CODECS:
        raise ValueError(f"JackTrip sends 8, 16 or 24 bits a sample, not {stream.encoding}")
    code = rate_code(stream.rate)
    if not (
        1 <= stream.channels < _NONE_SENT and 1 <= wanted < _NONE_SENT and 1 <= samples <= LARGEST_PACKET
    ):
        raise ValueError(
            f"{stream.channels} channels out, {wanted} in and packets of {samples} do not fit the header"
        )
    sent = 0 if wanted == stream.channels else stream.channels
    header = _HEADER.pack(time_us, sequence & 0xFFFF, samples, code, bits, wanted, sent)
    return header + audio


def rate_code(rate: int) -> int:
    """The header's code. Raises ValueError for a rate that has none."""
    if rate not in _RATE_CODES:
        known = ", ".join(map(str, RATES_HZ.values()))
        raise ValueError(f"JackTrip has no code for {rate} Hz: it plays {known}")
    return _RATE_CODES[rate]


def encoding(bits: int) -> str:
    """The name of JackTrip's encoding in so many bits."""
    return f"{_NAME}{bits}"

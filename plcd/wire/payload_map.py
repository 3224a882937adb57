"""What an RTP payload type stands for: two static types, and a map given by the user for the dynamic ones."""

from collections.abc import Mapping
from types import MappingProxyType

from plcd.core.packet import StreamFormat
from plcd.wire.pcm import CODECS

STATIC: Mapping[int, StreamFormat] = MappingProxyType(
    {
        10: StreamFormat("L16", 44100, 2),
        11: StreamFormat("L16", 44100, 1),
    }
)
"""The static types for linear PCM (RFC 3551, table 4)."""

DYNAMIC = range(96, 128)
"""The types whose meaning is agreed outside RTP (RFC 3551 section 3)."""

RED = "RED"
ULPFEC = "ULPFEC"
RED_TYPE, ULPFEC_TYPE = 121, 122
REPAIR: Mapping[int, str] = MappingProxyType({RED_TYPE: RED, ULPFEC_TYPE: ULPFEC})
"""What is no audio of its own: packets that repeat others (RFC 2198), and parity (RFC 5109). These are the types that plcd sends
them under, and knows unless they are mapped to something else."""

RATES_HZ = range(8000, 192_001)
"""From narrow-band speech to the highest rate of common sound devices."""

CHANNELS = range(1, 65)
"""64 channels is the most that AES67 and MADI equipment sends in one stream."""


def check_format(stream: StreamFormat) -> None:
    """Raise ValueError, saying which limit, unless ``stream`` is one that plcd can receive and send."""
    if stream.encoding not in CODECS:
        raise ValueError(f"unknown encoding {stream.encoding}, known are {' and '.join(CODECS)}")
    if stream.rate not in RATES_HZ:
        raise ValueError(f"the rate must be {RATES_HZ[0]} to {RATES_HZ[-1]} Hz, not {stream.rate}")
    if stream.channels not in CHANNELS:
        raise ValueError(f"there must be {CHANNELS[0]} to {CHANNELS[-1]} channels, not {stream.channels}")


def parse_rtp_map(text: str) -> tuple[int, StreamFormat]:
    """Read ``PT=ENCODING/RATE[/CHANNELS]``, such as ``96=L24/48000/2``; without channels it is one, as in
    SDP.

    Raises ValueError with a message for the user.
    """
    number, equals, rest = text.strip().partition("=")
    fields = rest.split("/")
    numbers = [number, *fields[1:]]
    if not equals or len(fields) not in (2, 3) or not all(_is_number(field) for field in numbers):
        raise ValueError(f"cannot read the payload map {text!r}: write it as 96=L24/48000/2")
    payload_type = int(number)
    if payload_type not in DYNAMIC:
        raise ValueError(
            f"payload type {payload_type} in {text!r} cannot be mapped: "
            f"dynamic types are {DYNAMIC[0]} to {DYNAMIC[-1]}"
        )
    stream = StreamFormat(fields[0].upper(), int(fields[1]), int(fields[2]) if len(fields) == 3 else 1)
    try:
        check_format(stream._replace(encoding="L16") if stream.encoding in REPAIR.values() else stream)
    except ValueError as error:
        raise ValueError(f"payload map {text!r}: {error}") from None
    return payload_type, stream


def _is_number(text: str) -> bool:
    """Up to nine digits: enough for every field, and int() stays cheap."""
    return text.isascii() and text.isdigit() and len(text) <= 9

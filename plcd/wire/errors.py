"""The one error that parsing a datagram can raise, and its closed set of reasons."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a datagram gave no packet. The value is the name used in counters and the log."""

    TOO_SHORT = "too_short"
    """Shorter than the fixed header."""
    VERSION = "version"
    """Not RTP version 2: most likely not RTP at all."""
    RTCP = "rtcp"
    """A control packet, sent to the audio port by a sender that multiplexes both."""
    CSRC_LENGTH = "csrc_length"
    """The list of contributing sources runs past the end."""
    EXTENSION_LENGTH = "extension_length"
    """The header extension runs past the end."""
    PADDING = "padding"
    """The padding count is zero or larger than what follows the header."""
    EMPTY_PAYLOAD = "empty_payload"
    """A good header with no audio behind it."""
    PARTIAL_FRAME = "partial_frame"
    """The payload is no whole number of frames (one sample of every channel)."""
    UNMAPPED_PAYLOAD_TYPE = "unmapped_payload_type"
    """Well formed, but nothing says what its payload type stands for."""
    RED_LENGTH = "red_length"
    """The blocks of a packet with copies run past its end."""
    PARITY = "parity"
    """No parity packet, or one that rebuilt something else than a packet."""
    UNAUTHENTIC = "unauthentic"
    """Not signed with the key: from someone without it, or changed on its way."""
    REPLAYED = "replayed"
    """Under a number that was heard before, or is too old to tell."""
    HEADER = "header"
    """A field of the header holds what no sender would write, or plcd cannot play."""
    PACKET_LENGTH = "packet_length"
    """The length is not what the header says."""
    JACKTRIP_32_BITS = "jacktrip_32_bits"
    """Audio that was damaged by its sender."""
    JACKTRIP_RATE = "jacktrip_rate"
    """A rate that the header cannot name."""
    NO_DESCRIPTOR = "no_descriptor"
    """zita-njbridge's audio before its descriptor, which tells the rate."""
    GOODBYE = "goodbye"
    """The sender says that it ends."""

    @property
    def refused(self) -> bool:
        """True for a sound datagram that this receiver is not set up to play, false for a malformed one."""
        return self in _REFUSED

    @property
    def harmless(self) -> bool:
        """True for what is part of a session, though it is not played."""
        return self in (Reason.RTCP, Reason.GOODBYE)


_REFUSED = frozenset(
    {
        Reason.RTCP,
        Reason.UNMAPPED_PAYLOAD_TYPE,
        Reason.JACKTRIP_32_BITS,
        Reason.JACKTRIP_RATE,
        Reason.NO_DESCRIPTOR,
        Reason.GOODBYE,
        Reason.UNAUTHENTIC,
        Reason.REPLAYED,
    }
)

_USUAL_DETAIL = {
    Reason.RTCP: "a control packet, which plcd does not use: harmless",
    Reason.EMPTY_PAYLOAD: "a header with no audio behind it, which plays nothing",
    Reason.JACKTRIP_32_BITS: "JackTrip damages what it sends in 32 bits (its issue 1469): start it with -b 24 or -b 16",
    Reason.JACKTRIP_RATE: "JackTrip does not name its rate: tell plcd, as in --rate 192000",
    Reason.NO_DESCRIPTOR: "audio before the descriptor that tells its rate; it comes within a second",
    Reason.UNAUTHENTIC: "not SRTP under this key: another key, none at all, or changed on its way",
    Reason.REPLAYED: "heard before under this number: a duplicate, or recorded and sent again",
    Reason.GOODBYE: "the sender has ended: nothing is wrong",
}
"""Of the reasons that are the same whatever the datagram."""


class WireError(Exception):
    """A datagram that is no audio packet. ``reason`` is for counting, ``detail`` for one line of the log."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        detail = detail or _USUAL_DETAIL.get(reason, "")
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)

"""An audio packet as the core sees it, whatever wire format it came in."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from plcd.core.frame import Samples


class StreamFormat(NamedTuple):
    """What a stream carries. ``encoding`` is a name such as ``L16``; ``rate`` in hertz."""

    encoding: str
    rate: int
    channels: int

    def __str__(self) -> str:
        return f"{self.encoding}/{self.rate}/{self.channels}"


class SourceId(NamedTuple):
    """A sender: its address as the socket gives it (host, port), and its stream (SSRC in RTP, else 0)."""

    host: str
    port: int
    stream: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port} (stream {self.stream:08x})"


class Recovery(Enum):
    """How the audio of a packet came that did not come itself."""

    COPY = "copy"
    """Repeated in another packet."""
    PARITY = "parity"
    """Rebuilt from parity over packets."""


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """One packet's audio.

    ``sequence`` is the wire's 16-bit number and ``timestamp`` its 32-bit sample clock, both unsigned and wrapping;
    ``samples`` has shape ``(n, channels)`` with n >= 1. A timestamp of None: the wire has no sample clock; its packets are of one
    size, and each begins at its sequence number times that size.
    """

    source: SourceId
    sequence: int
    timestamp: int | None
    format: StreamFormat
    samples: Samples
    recovered: Recovery | None = None
    """Where it did not come itself: how its audio came. It fills a gap then, and is no sign of life; beside a timestamp its
    sequence number need only be near."""


class BlankPacket(NamedTuple):
    """A number of the stream that has no audio of its own, such as parity: nothing is missing there."""

    source: SourceId
    sequence: int

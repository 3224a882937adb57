"""Audio to JackTrip datagrams: packets of one size are numbered, encoded, and repeated in those that follow."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.wire.jacktrip import HEADER_BYTES, MAX_REDUNDANCY, STOP, bits_of, build
from plcd.wire.jacktrip_pcm import CODECS


@dataclass(slots=True)
class JackTripPacketizer:
    """The packets of one stream, the first numbered ``sequence``.

    Raises ValueError for a format that JackTrip cannot send, or too many repetitions.
    """

    stream: StreamFormat
    samples: int
    """In each packet and channel."""
    clock_us: Callable[[], int]
    """The wall clock that goes into the headers; nobody plays by it."""
    wanted: int | None = None
    """Channels that the other side is to send; None: as many as it gets."""
    redundancy: int = 0
    """How many earlier packets are repeated in each datagram: JackTrip's ``-r`` less one."""
    sequence: int = 0
    """Number of the next packet; wraps at 2^16 on the wire."""
    _sent: list[bytes] = field(default_factory=list)

    farewell = (STOP, STOP)
    """What JackTrip sends when it ends."""

    def __post_init__(self) -> None:
        if not 0 <= self.redundancy < MAX_REDUNDANCY:
            raise ValueError(
                f"a JackTrip datagram repeats 0 to {MAX_REDUNDANCY - 1} packets, not {self.redundancy}"
            )
        self._sent = [
            bytes(len(self._build(np.zeros((1, self.stream.channels), np.float32))))
        ] * self.redundancy

    @property
    def datagram_bytes(self) -> int:
        """Of every datagram."""
        bits = bits_of(self.stream) or 0
        return (HEADER_BYTES + self.samples * self.stream.channels * bits // 8) * (self.redundancy + 1)

    def packet(self, samples: Samples) -> bytes:
        """The next datagram, with ``samples`` of shape ``(n, channels)``; a short packet is filled up with silence."""
        newest = self._build(samples)
        self.sequence += 1
        self._sent = [newest, *self._sent][: self.redundancy + 1]
        datagram = b"".join(self._sent)
        del self._sent[self.redundancy :]
        return datagram

    def _build(self, samples: Samples) -> bytes:
        codec = CODECS.get(bits_of(self.stream) or 0)
        if len(samples) < self.samples:
            samples = np.pad(samples, ((0, self.samples - len(samples)), (0, 0)))
        return build(
            codec.encode(samples) if codec else b"",
            self.stream,
            sequence=self.sequence,
            samples=self.samples,
            time_us=self.clock_us(),
            wanted=self.stream.channels if self.wanted is None else self.wanted,
        )

"""zita-njbridge packets (Fons Adriaensen's ``netdata.h``): big-endian, interleaved, a frame count instead of a sequence number.

Only descriptors, sent a few times a second, tell the rate, and nothing numbers the packets: both are kept per sender.
"""

from collections import OrderedDict
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.positions import SEQUENCE_BITS, TIMESTAMP_BITS, difference
from plcd.core.sources import LARGEST_PACKET
from plcd.wire.errors import Reason, WireError
from plcd.wire.payload_map import CHANNELS, RATES_HZ

MAGIC = b"znjb"
MAX_SENDERS = 64
"""Senders remembered; the one unheard of for longest gives way."""

_DESCRIPTOR, _DATA = 0, 1
_SUSPENDED, _SKIPPED, _TERMINATED = 0x02, 0x04, 0x80
_HEAD = Struct(">4sBBBB")
_DESCRIPTION = Struct(">iii")
_COUNTS = Struct(">Iii")
_AUDIO = _HEAD.size + _COUNTS.size
_WIDTHS = (2, 3, 4)
_NAMES = ("zita-16", "zita-24", "zita-float")
_NEAR = 3000
"""Packets: farther away, the core takes it for a restart as well."""
_MAX_ANCHORS = 4
_MOST_SERVED = 64
"""Packets that count for a numbering, so that one which is over does not keep the next from being the strongest for long."""
_COUNT_BITS = 31
"""Of the 32: when a period begins early, zita-j2n turns a negative time into its largest integer, and the topmost bit flips."""
_R16, _R24 = np.float32(32767), np.float32(8388607)  # its own scale, symmetric


class ZitaData(NamedTuple):
    """A packet of audio."""

    form: int
    """0, 1, 2: 16 bits, 24 bits, float32."""
    channels: int
    first_frame: int
    """Its number, modulo 2^32."""
    samples: Samples
    zeroed: int
    """Samples that were no number, or infinite, and are silence now."""


class _Anchor(NamedTuple):
    """A packet that was numbered."""

    first_frame: int
    sequence: int
    packets: int
    """Numbered by this and those before it."""


class _Sender:
    """What is known of one sender: its rate and period, and by which frame counts its packets were numbered."""

    def __init__(self, rate: int | None) -> None:
        self.rate = rate
        self.period: int | None = None
        self._told: tuple[int, int | None] | None = None
        self._anchors: list[_Anchor] = []

    def describe(self, rate: int, period: int | None) -> None:
        """A descriptor came. Where it contradicts what is known, it must come twice in a row: a stray one changes nothing."""
        if self._told is None or (rate, period) in (self._told, (self.rate, self.period)):
            self.rate, self.period = rate, period
        self._told = (rate, period)

    def number(self, count: int, frames: int) -> tuple[int, int]:
        """Sequence number and timestamp of the packet of ``frames`` from ``count`` on, by its distance from a numbered one.

        A count far from all those seen begins a numbering of its own, beside the others: stray packets disturb none, since the
        numbering that has served for fewest packets gives way.
        """
        spacing: float = frames
        if (
            self.period is not None and self.period >= frames
        ):  # cut into packets of one size, give or take a frame
            spacing = self.period / round(self.period / frames)
        for i, (known, sequence, served) in enumerate(self._anchors):
            ahead = difference(count, known, _COUNT_BITS)
            packets = round(ahead / spacing)
            if abs(packets) <= _NEAR:
                newest = (known + ahead, sequence + packets) if packets > 0 else (known, sequence)
                del self._anchors[i]
                self._anchors.insert(0, _Anchor(*newest, min(served + 1, _MOST_SERVED)))
                return (sequence + packets) % (1 << SEQUENCE_BITS), (known + ahead) % (1 << TIMESTAMP_BITS)
        sequence = max((anchor.sequence + 10 * _NEAR for anchor in self._anchors), default=0)
        if len(self._anchors) == _MAX_ANCHORS:
            self._anchors.remove(min(reversed(self._anchors), key=lambda anchor: anchor.packets))
        self._anchors.append(_Anchor(count, sequence, 1))
        return sequence % (1 << SEQUENCE_BITS), count


class ZitaParser:
    """Parses the packets of any number of senders. ``rate``: until a sender's descriptor comes; None: it is refused till then."""

    def __init__(self, rate: int | None = None) -> None:
        self.zeroed = 0
        """Samples so far that were no number, or infinite."""
        self._rate = rate
        self._senders: OrderedDict[tuple[str, int], _Sender] = OrderedDict()

    def parse(self, datagram: bytes, host: str, port: int) -> AudioPacket | None:
        """The packet in ``datagram``; None for one without audio. Raises WireError, and nothing else, whatever the bytes."""
        kind, flags = _head(datagram)[:2]
        if flags & _TERMINATED:
            raise WireError(Reason.GOODBYE)
        if kind == _DESCRIPTOR:
            described = _described(datagram)
            self._sender(host, port).describe(*described)
            return None
        if flags & (_SUSPENDED | _SKIPPED):
            return None
        data = parse_data(datagram)
        sender = self._sender(host, port)
        if sender.rate is None:
            raise WireError(Reason.NO_DESCRIPTOR)
        self.zeroed += data.zeroed
        sequence, timestamp = sender.number(data.first_frame, len(data.samples))
        return AudioPacket(
            SourceId(host, port, 0),
            sequence,
            timestamp,
            StreamFormat(_NAMES[data.form], sender.rate, data.channels),
            data.samples,
        )

    def _sender(self, host: str, port: int) -> _Sender:
        key = (host, port)
        if key not in self._senders:
            self._senders[key] = _Sender(self._rate)
            if len(self._senders) > MAX_SENDERS:
                self._senders.popitem(last=False)
        self._senders.move_to_end(key)
        return self._senders[key]


def looks_like(datagram: bytes) -> bool:
    """Whether this can only be zita-njbridge's."""
    return datagram[:4] == MAGIC and len(datagram) >= _HEAD.size


def parse_data(datagram: bytes) -> ZitaData:
    """An audio packet. Raises WireError."""
    _, _, form, channels = _head(datagram)
    if len(datagram) < _AUDIO:
        raise WireError(Reason.TOO_SHORT, f"{len(datagram)} bytes, a zita-njbridge packet has {_AUDIO}")
    if form >= len(_WIDTHS):
        raise WireError(Reason.HEADER, f"sample format {form}, known are 0, 1 and 2")
    if channels not in CHANNELS:
        raise WireError(Reason.HEADER, f"{channels} channels, 1 to {CHANNELS[-1]} are allowed")
    count, frames, _ = _COUNTS.unpack_from(datagram, _HEAD.size)
    if not 1 <= frames <= LARGEST_PACKET:
        raise WireError(Reason.HEADER, f"{frames} samples a packet, 1 to {LARGEST_PACKET} are allowed")
    expected = _AUDIO + frames * channels * _WIDTHS[form]
    if len(datagram) != expected:
        raise WireError(Reason.PACKET_LENGTH, f"{len(datagram)} bytes, the header tells of {expected}")
    samples, zeroed = _decode(datagram[_AUDIO:], form)
    return ZitaData(form, channels, count, samples.reshape(-1, channels), zeroed)


def _head(datagram: bytes) -> tuple[int, int, int, int]:
    """Type, flags, sample format, channels."""
    if len(datagram) < _HEAD.size:
        raise WireError(Reason.TOO_SHORT, f"{len(datagram)} bytes, a zita-njbridge packet has {_AUDIO}")
    magic, kind, flags, form, channels = _HEAD.unpack_from(datagram)
    if magic != MAGIC or kind not in (_DESCRIPTOR, _DATA):
        raise WireError(Reason.HEADER, f"not zita-njbridge, or of unknown type {kind}")
    return kind, flags, form, channels


def _described(datagram: bytes) -> tuple[int, int | None]:
    """Rate, and period where it is plausible."""
    if len(datagram) < _HEAD.size + _DESCRIPTION.size:
        raise WireError(Reason.TOO_SHORT, f"a descriptor of {len(datagram)} bytes")
    _, rate, period = _DESCRIPTION.unpack_from(datagram, _HEAD.size)
    if rate not in RATES_HZ:
        raise WireError(Reason.HEADER, f"a rate of {rate} Hz, {RATES_HZ[0]} to {RATES_HZ[-1]} are allowed")
    return rate, period if 0 < period <= LARGEST_PACKET else None


def _decode(data: bytes, form: int) -> tuple[NDArray[np.float32], int]:
    """float32, and how many of the samples were no numbers; those of floats beyond full scale stay as they are."""
    if form == 0:
        return np.frombuffer(data, ">i2").astype(np.float32) / _R16, 0
    if form == 1:
        words = np.zeros((len(data) // 3, 4), np.uint8)
        words[:, :3] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return (words.view(">i4")[:, 0] >> 8).astype(np.float32) / _R24, 0
    samples = np.frombuffer(data, ">f4").astype(np.float32)
    bad = ~np.isfinite(samples)
    samples[bad] = 0.0
    return samples, int(np.count_nonzero(bad))

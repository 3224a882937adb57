"""Whose packets are played: a source must show three packets that agree before it is heard.

Theory of operation. Packets that do not continue the accepted stream form a run per source; each must agree
with the others of its run, else the run begins anew with it. Three make the source accepted and are handed over, so that no
audio is lost. A packet of the accepted stream in between ends the runs of its own address: one stray datagram,
or an old stream's stragglers, never seize or reset anything. Nor do many at once under a forged address: a run from the accepted
address waits until the accepted stream has been silent for 30 ms, and grows meanwhile. Another address is foreign until the
accepted source has been silent for a second.

Neighbours whose timestamps are less apart than the first one's samples overlap: something in them is not audio, such as the tag
of SRTP for which there is no key. Losses hide that, so a source that overlapped once must show two neighbours that fit.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from plcd.core.packet import AudioPacket, SourceId
from plcd.core.positions import SEQUENCE_BITS, TIMESTAMP_BITS, difference

RUN_LENGTH = 3
LARGEST_GAP = 64
"""Sequence numbers that may be missing within a run: longer than any measured burst (16)."""
MAX_RUNS = 8
"""Sources that may be on trial at a time, so that strangers cannot fill memory. The oldest one of the address that has most
gives way: a flood under ever new SSRCs ousts only itself."""
SILENCE_NS = 1_000_000_000
TAKEOVER_NS = 30_000_000
"""Silence of the accepted stream before another from its own address may follow it: more than there is between the packets of a
stream that is alive, bunched ones too (ffmpeg's come 30 ms apart), less than the usual depth, so that a restart loses nothing."""
MAX_RUN = 64
"""Packets of a run that waits for that: 30 ms of packets of 32 samples at 48 kHz, and more."""
LARGEST_PACKET = 8192
"""Samples a packet may plausibly hold; a UDP datagram of 64 KiB holds 32,000 of one channel, which nobody sends."""


class Arrival(NamedTuple):
    """A packet and when it came (monotonic, ns)."""

    packet: AudioPacket
    ns: int


class Verdict(Enum):
    """What a packet is to the receiver."""

    CURRENT = "current"
    """It belongs to the accepted stream."""
    ACCEPTED = "accepted"
    """It completes a run: its source is accepted now."""
    ON_TRIAL = "on_trial"
    """It is kept in a run that is not complete."""
    FOREIGN = "foreign"
    """It comes from another address while the accepted source is alive."""


class Candidates:
    """Sources that are not heard yet, each with its run. Bounded: at most ``most`` runs of at most :data:`MAX_RUN` packets."""

    def __init__(self, most: int = MAX_RUNS) -> None:
        self.discarded = 0
        """Packets of runs that came to nothing."""
        self.overlapping: dict[SourceId, tuple[int, int]] = {}
        """Of runs whose neighbours overlapped: a packet's samples, and how far its neighbour's timestamp was ahead."""
        self._told_overlap = False
        self._most = most
        self._runs: dict[SourceId, list[Arrival]] = {}

    def add(self, arrival: Arrival) -> list[Arrival]:
        """The run of the packet's source with it in its place, in order of sequence."""
        source = arrival.packet.source
        run = self._runs.pop(source, [])
        self._note_overlap(run, arrival.packet)
        agreed = _agreeing(run, arrival)[-MAX_RUN:]
        self.discarded += len(run) + 1 - len(agreed)
        if len(self._runs) >= self._most:
            crowd = Counter(other[:2] for other in self._runs)
            self.drop([max(self._runs, key=lambda other: crowd[other[:2]])])
        self._runs[source] = agreed
        return agreed

    def complete(self, run: list[Arrival]) -> bool:
        """Whether ``run`` is enough to hear its source."""
        if len(run) < RUN_LENGTH:
            return False
        return run[0].packet.source not in self.overlapping or any(
            _steps(one.packet, two.packet) == 1 for one, two in pairwise(run)
        )

    def remark(self, source: SourceId) -> str | None:
        """What a person should know of ``source``, which is not heard: once, that packets overlap."""
        if self._told_overlap or source not in self.overlapping:
            return None
        self._told_overlap = True
        samples, ahead = self.overlapping[source]
        return (
            f"{source}: not heard: packets of {samples} samples whose timestamps say {ahead}. Is this SRTP? Then give the key "
            "with --srtp-key; else see --rtp-map"
        )

    def accept(self, source: SourceId) -> None:
        """Its run is over, and came to something."""
        del self._runs[source]
        self.overlapping.pop(source, None)

    def drop(self, sources: Iterable[SourceId]) -> None:
        """Their runs come to nothing."""
        for source in sources:
            self.discarded += len(self._runs.pop(source))
            self.overlapping.pop(source, None)

    def _note_overlap(self, run: list[Arrival], new: AudioPacket) -> None:
        for packet, _ in run:
            if _steps(packet, new) == 1 and packet.timestamp is not None and new.timestamp is not None:
                ahead = difference(new.timestamp, packet.timestamp, TIMESTAMP_BITS)
                if 0 < ahead < packet.samples.shape[0]:
                    self.overlapping[new.source] = packet.samples.shape[0], ahead

    def __iter__(self) -> Iterator[SourceId]:
        return iter(list(self._runs))


class SourceGate:
    """Decides for each packet."""

    def __init__(self) -> None:
        self.accepted: SourceId | None = None
        self.heard_ns = 0
        """When the newest packet of the accepted stream came."""
        self._candidates = Candidates()

    @property
    def discarded(self) -> int:
        """Packets of runs that came to nothing."""
        return self._candidates.discarded

    @property
    def overlapping(self) -> Mapping[SourceId, tuple[int, int]]:
        """See :attr:`Candidates.overlapping`."""
        return self._candidates.overlapping

    def remark(self, source: SourceId) -> str | None:
        """See :meth:`Candidates.remark`."""
        return self._candidates.remark(source)

    def judge(self, arrival: Arrival, continues: bool) -> tuple[Verdict, list[Arrival]]:
        """``continues``: the packet would fit the accepted stream. With ACCEPTED comes the run, in order of sequence."""
        source = arrival.packet.source
        accepted = self.accepted
        if accepted is not None:
            if source == accepted and continues:
                self.heard_ns = arrival.ns
                self._candidates.drop(run for run in self._candidates if run[:2] == accepted[:2])
                return Verdict.CURRENT, []
            if source[:2] != accepted[:2] and arrival.ns - self.heard_ns < SILENCE_NS:
                return Verdict.FOREIGN, []
        run = self._candidates.add(arrival)
        too_soon = accepted is not None and arrival.ns - self.heard_ns < TAKEOVER_NS
        if not self._candidates.complete(run) or too_soon:
            return Verdict.ON_TRIAL, []
        self.accepted = source
        self.heard_ns = arrival.ns
        self._candidates.accept(source)
        self._candidates.drop(self._candidates)
        return Verdict.ACCEPTED, run


def _agreeing(run: list[Arrival], arrival: Arrival) -> list[Arrival]:
    """The run with ``arrival`` in its place, or only ``arrival`` if they do not agree. A repeated packet changes nothing."""
    new = arrival.packet
    place = len(run)
    for i, (packet, _) in enumerate(run):
        ahead = difference(new.sequence, packet.sequence, SEQUENCE_BITS)
        if ahead == 0 and new.timestamp == packet.timestamp:
            return run
        if ahead <= 0:
            place = i
            break
    joined = [*run[:place], arrival, *run[place:]]
    if all(_follows(one.packet, two.packet) for one, two in pairwise(joined)):
        return joined
    return [arrival]


def _follows(first: AudioPacket, second: AudioPacket) -> bool:
    """The second packet's timestamp is what its sequence number says, as far as missing packets' sizes are known."""
    if first.format != second.format:
        return False
    steps = _steps(first, second)
    if first.timestamp is None or second.timestamp is None:
        return 1 <= steps <= LARGEST_GAP and first.samples.shape == second.samples.shape
    samples = difference(second.timestamp, first.timestamp, TIMESTAMP_BITS)
    size: int = first.samples.shape[0]
    if steps == 1:
        return samples == size
    # Numbers between them may have no audio: parity among the packets it protects.
    return 1 < steps <= LARGEST_GAP and size <= samples <= size + (steps - 1) * LARGEST_PACKET


def _steps(first: AudioPacket, second: AudioPacket) -> int:
    """Sequence numbers from the first to the second."""
    return difference(second.sequence, first.sequence, SEQUENCE_BITS)

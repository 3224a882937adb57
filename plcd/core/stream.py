"""One accepted stream: its clock in absolute positions, its jitter buffer, and what became of its packets."""

from collections import deque
from typing import NamedTuple

import numpy as np

from plcd.core.jitter_buffer import JitterBuffer
from plcd.core.packet import AudioPacket, BlankPacket, SourceId, StreamFormat
from plcd.core.packet_ledger import PacketLedger
from plcd.core.positions import SEQUENCE_BITS, TIMESTAMP_BITS, unwrap
from plcd.core.sources import Arrival

SECOND_NS = 1_000_000_000
MAX_SEQUENCE_JUMP = 3000
"""A larger step of the sequence number is a restart (RFC 3550 appendix A.1, MAX_DROPOUT)."""
LEADS = 128
"""Packets over which the level is judged: 1.5 s of packets of 512 at 44.1 kHz."""
LATE_RUN = 8
"""Packets in a row that came equally late: the anchor is wrong, not one packet delayed. A queue that empties itself after
a stall makes packets late too, but each by a packet less than the one before."""
JUDGE_EVERY = 8
"""Packets between two judgements, which cost a partition of the leads each."""


class News(NamedTuple):
    """When a packet came. ``lead``: samples before its first sample is due; it is decided on ``phase`` samples earlier."""

    lead: float
    phase: int
    arrival_ns: int


class Stream:
    """A source's audio on its way to the output.

    ``start_ns`` is when its first sample should be asked for. Until ``begin`` the start may still move to earlier samples.
    """

    def __init__(self, run: list[Arrival], depth: int, frame: int) -> None:
        """``run``: the packets that made the source accepted, in order; ``depth`` in samples; the output asks for ``frame``."""
        first = run[0].packet
        self.source: SourceId = first.source
        self.format: StreamFormat = first.format
        self.packet_samples = first.samples.shape[0]
        self.usual_samples = self.packet_samples
        """The larger of the two newest packets: a last one may be short."""
        self.arrived_ns = min(arrival.ns for arrival in run)
        self.depth = depth
        self.wraps = 0
        """How often sequence number or timestamp wrapped around."""
        self._sequence = first.sequence + (1 << SEQUENCE_BITS)
        self._position = (
            self._sequence * self.packet_samples
            if first.timestamp is None
            else first.timestamp + (1 << TIMESTAMP_BITS)
        )
        self.ledger = PacketLedger(self._sequence)
        self.buffer = JitterBuffer(self._capacity(), self.format.channels, self._position)
        self.newest_end = self._position
        """Behind the newest sample ever received."""
        self.begun = False
        self._frame = frame
        self._next_ask_ns = 0
        self._leads = np.zeros(LEADS)
        self._lead_count = 0
        self._judge_at = LEADS
        self._late_run = 0
        self.news: deque[News] = deque(maxlen=LEADS)
        """Packets that came since somebody took note of them."""
        for arrival in run:
            self.insert(arrival.packet, arrival.ns)

    @property
    def start_ns(self) -> int:
        """The first arrival plus the depth."""
        return self.arrived_ns + self.depth * SECOND_NS // self.format.rate

    def set_depth(self, depth: int) -> None:
        """Change the depth, in samples, for the start and the judgement of the level."""
        self.depth = depth
        if self._capacity() > self.buffer.capacity:
            self.buffer = self.buffer.resized(self._capacity())

    def _capacity(self) -> int:
        """Of the buffer: the highest level allowed, twice the depth, and two seconds for jitter beyond that."""
        return 2 * self.depth + 2 * self.format.rate

    def locate(self, packet: AudioPacket) -> tuple[int, int]:
        """Absolute sequence number and position. The cursor goes on while the sender is silent, for hours maybe."""
        sequence = unwrap(packet.sequence, self._sequence, SEQUENCE_BITS)
        if packet.timestamp is None:
            return sequence, sequence * packet.samples.shape[0]
        return sequence, unwrap(packet.timestamp, max(self._position, self.buffer.cursor), TIMESTAMP_BITS)

    def continues(self, packet: AudioPacket) -> bool:
        """The packet fits this stream: its sequence is near, and its audio not a second past nor beyond the buffer."""
        sequence, position = self.locate(packet)
        behind = self.buffer.cursor - position
        return (
            packet.format == self.format
            and (packet.timestamp is not None or packet.samples.shape[0] == self.packet_samples)
            and abs(sequence - self._sequence) <= MAX_SEQUENCE_JUMP
            and behind <= self.format.rate
            and position + packet.samples.shape[0] <= self.buffer.cursor + self.buffer.capacity
        )

    def goes_on_with(self, packet: AudioPacket) -> bool:
        """The packet fits, and lies as far ahead in time as in numbers: nobody knows that who did not hear the stream.

        By half as far at least: parity has numbers too.
        """
        if not self.continues(packet):
            return False
        sequence, position = self.locate(packet)
        steps, samples = sequence - self._sequence, position - self._position
        size = max(self.packet_samples, packet.samples.shape[0])
        return steps > 0 and (
            packet.timestamp is None or steps * self.packet_samples <= 2 * samples <= 2 * steps * size
        )

    def insert(self, packet: AudioPacket, arrival_ns: int) -> None:
        """Take a packet that continues this stream."""
        sequence, position = self.locate(packet)
        if self.ledger.is_known(sequence):
            self.ledger.duplicate += 1
            return
        if sequence > self._sequence:
            self.wraps += (sequence >> SEQUENCE_BITS) - (self._sequence >> SEQUENCE_BITS)
            self._sequence = sequence
        if position > self._position:
            if packet.timestamp is not None:
                self.wraps += (position >> TIMESTAMP_BITS) - (self._position >> TIMESTAMP_BITS)
            self._position = position
        if not self.begun and position < self.buffer.cursor:
            self.buffer.rewind(position)
        end = position + packet.samples.shape[0]
        self.ledger.arrived(sequence, position, end, late=position < self.buffer.cursor)
        self.buffer.insert(position, packet.samples)
        self.newest_end = max(self.newest_end, end)
        self.usual_samples = max(self.packet_samples, packet.samples.shape[0])
        self.packet_samples = packet.samples.shape[0]
        if self.begun:
            frames, phase = divmod(position - self.buffer.cursor, self._frame)
            asked_ns = self._next_ask_ns + frames * self._frame * SECOND_NS // self.format.rate
            lead = (asked_ns - arrival_ns) * self.format.rate / SECOND_NS
            self.news.append(News(lead + phase, phase, arrival_ns))
            self._leads[self._lead_count % LEADS] = lead
            self._lead_count += 1
            self._late_run = self._late_run + 1 if lead < 0 else 0

    def fill(self, packet: AudioPacket) -> None:
        """Take a recovered packet that continues this stream, as far as its audio is missing and not played yet.

        It says nothing of the network's delay, and never makes a stream begin earlier.
        """
        assert packet.recovered is not None
        _, position = self.locate(packet)
        end = position + packet.samples.shape[0]
        if self.buffer.insert(position, packet.samples):
            self.ledger.brought(position, end, packet.recovered)
            self.newest_end = max(self.newest_end, end)

    def note(self, blank: BlankPacket) -> None:
        """A packet without audio came under one of this stream's numbers."""
        sequence = unwrap(blank.sequence, self._sequence, SEQUENCE_BITS)
        if abs(sequence - self._sequence) <= MAX_SEQUENCE_JUMP:
            self.ledger.blank(sequence)

    def asked(self, frames: int, next_ns: int) -> None:
        """The next ``frames`` samples are played; those that follow will be asked for at ``next_ns``."""
        self.begun = True
        self.skip(frames)
        self.ledger.played_to(self.buffer.cursor)
        self._next_ask_ns = next_ns

    def skip(self, frames: int) -> None:
        """Move the cursor on."""
        self.ledger.played(self.buffer.cursor, self.buffer.peek(frames)[1])
        if frames > self.buffer.capacity:
            self.ledger.unheard(self.buffer.cursor + self.buffer.capacity, self.buffer.cursor + frames)
        self.buffer.advance(frames)

    @property
    def phase(self) -> int:
        """Where in the next frame asked for packets begin, if they are whole frames long."""
        return (self.newest_end - self.buffer.cursor) % self._frame

    def level(self) -> int:
        """Samples between the cursor and the newest one received; negative when it is behind."""
        return self.newest_end - self.buffer.cursor

    def excess(self) -> int:
        """By how many samples the level left 0 .. 2 x depth, counted from depth; 0 while it is inside.

        The level is the lower quartile of the leads: a few late packets are jitter, a quarter of them is a wrong anchor.
        So are some late ones in a row by the same time, of which the listener should not have to hear a quarter.
        Up to a packet above the depth is no excess, however small that is: a running output may begin so much later.
        """
        if self._late_run >= LATE_RUN:
            newest = self._leads[np.arange(self._lead_count - LATE_RUN, self._lead_count) % LEADS]
            if np.ptp(newest) < self.packet_samples:
                return round(float(np.median(newest))) - self.depth
        if self._lead_count < self._judge_at:
            return 0
        self._judge_at = self._lead_count + JUDGE_EVERY
        quartile = float(np.partition(self._leads, LEADS // 4)[LEADS // 4])
        highest = self.depth + max(self.depth, self.packet_samples)
        return 0 if 0.0 <= quartile <= highest else round(quartile) - self.depth

    def moved(self, inserted: int) -> None:
        """The playout point was moved: the cursor's sample plays ``inserted`` samples later. Old leads say nothing any more."""
        self._next_ask_ns += inserted * SECOND_NS // self.format.rate
        self._lead_count = 0
        self._judge_at = LEADS
        self._late_run = 0

    def close(self) -> None:
        """The stream is over: what is missing will not come."""
        self.ledger.played(self.buffer.cursor, self.buffer.peek(max(0, self.level()))[1])
        self.ledger.played_to(max(self.newest_end, self.buffer.cursor))

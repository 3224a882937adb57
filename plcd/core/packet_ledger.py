"""What became of each packet: expected = on time + late + lost + recovered, whatever order they come in.

Theory of operation. A number that is skipped is missing. Its audio lies between the packets around the gap; when that has been
played it is known whether any of it had to be concealed: if so the packet is lost. Else its audio came some other way and it is
recovered, by a copy in another packet or by parity (if any of its audio came so); or there is none of it, since the packets
around the gap are all there is. A number without audio that never came counts like a lost packet beside it, since nobody can
say which of them had the audio.
"""

from bisect import bisect_right
from collections import deque
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from plcd.core.packet import Recovery

WINDOW = 4096
"""Sequence numbers remembered: more than the largest gap a stream may have without counting as restarted."""
MAX_STRETCHES = 1024
"""Stretches remembered that were played without their audio, or were brought by other packets: a lost packet makes one of one
kind, and few packets wait for their verdict."""
MAX_BLANKS = 64
"""Numbers without audio remembered until a later packet comes: as many as may be missing within a run."""


class Fate(IntEnum):
    """Of one sequence number. A lost one becomes late when it comes after all."""

    UNKNOWN = 0
    ON_TIME = 1
    LATE = 2
    MISSING = 3
    LOST = 4
    COPIED = 5
    REBUILT = 6
    BLANK = 7


class PacketLedger:
    """Counts by absolute sequence number. ``first`` is the first packet's."""

    def __init__(self, first: int) -> None:
        self.on_time = 0
        self.late = 0
        self.lost = 0
        self.recovered_by_copy = 0
        self.recovered_by_parity = 0
        self.reordered = 0
        self.duplicate = 0
        self.highest = first - 1
        self._end = 0
        """Where the highest packet's audio ends."""
        self._fates = np.zeros(WINDOW, dtype=np.int8)
        # Of missing packets: where their audio begins and ends, as far as known.
        self._starts = np.zeros(WINDOW, dtype=np.int64)
        self._ends = np.zeros(WINDOW, dtype=np.int64)
        self._missing: list[int] = []
        self._blanks: deque[int] = deque(maxlen=MAX_BLANKS)
        self._unheard: deque[tuple[int, int]] = deque(maxlen=MAX_STRETCHES)
        self._brought: deque[tuple[int, int, Recovery]] = deque(maxlen=MAX_STRETCHES)

    @property
    def recovered(self) -> int:
        """Packets that did not come in time, but whose audio all did."""
        return self.recovered_by_copy + self.recovered_by_parity

    @property
    def expected(self) -> int:
        """Packets whose fate is known; one still missing whose time has not come is none of these yet."""
        return self.on_time + self.late + self.lost + self.recovered

    def is_known(self, sequence: int) -> bool:
        """This packet has come before (itself, or its audio in time), or is too old to tell."""
        if sequence > self.highest:
            return False
        if sequence <= self.highest - WINDOW:
            return True
        return self._fates[sequence % WINDOW] in (Fate.ON_TIME, Fate.LATE, Fate.COPIED, Fate.REBUILT)

    def arrived(self, sequence: int, position: int, end: int, late: bool) -> None:
        """A packet whose audio lies at [position, end) came, and was not known before."""
        if sequence > self.highest:
            self._forget(sequence - WINDOW)
            if sequence > self.highest + 1:
                self._skipped(range(max(self.highest + 1, sequence - WINDOW + 1), sequence), position)
            self.highest, self._end = sequence, end
        else:
            self.reordered += 1
            if self._fates[sequence % WINDOW] == Fate.LOST:
                self.lost -= 1
            elif sequence in self._missing:
                self._missing.remove(sequence)
        self._fates[sequence % WINDOW] = Fate.LATE if late else Fate.ON_TIME
        self.on_time += not late
        self.late += late

    def blank(self, sequence: int) -> None:
        """A packet without audio came."""
        if sequence > self.highest:
            self._blanks.append(sequence)
        elif sequence in self._missing:
            self._missing.remove(sequence)
            self._fates[sequence % WINDOW] = Fate.BLANK

    def played(self, cursor: int, present: NDArray[np.bool_]) -> None:
        """From ``cursor`` on samples are played, of which those that are ``present`` had come."""
        if present.all():
            return
        edges = np.flatnonzero(np.diff(present, prepend=True, append=True)) + cursor
        for start, stop in edges.reshape(-1, 2).tolist():
            self.unheard(start, stop)

    def unheard(self, start: int, stop: int) -> None:
        """Nothing of [start, stop) had come when it was played, or it was skipped."""
        if self._unheard and self._unheard[-1][1] == start:
            start = self._unheard.pop()[0]
        self._unheard.append((start, stop))

    def brought(self, start: int, stop: int, how: Recovery) -> None:
        """Some of the audio at [start, stop) was still missing, and came another way."""
        self._brought.append((start, stop, how))

    def played_to(self, cursor: int) -> None:
        """All before ``cursor`` has been played: what is missing there is lost, or was recovered."""
        if not self._missing:
            return
        still = [sequence for sequence in self._missing if self._ends[sequence % WINDOW] > cursor]
        for sequence in self._missing:
            place = sequence % WINDOW
            if self._ends[place] <= cursor:
                fate = self._judge(int(self._starts[place]), int(self._ends[place]))
                self._fates[place] = fate
                self.recovered_by_copy += fate is Fate.COPIED
                self.recovered_by_parity += fate is Fate.REBUILT
                self.lost += fate is Fate.LOST
        self._missing = still

    def _skipped(self, numbers: range, position: int) -> None:
        """``numbers`` did not come before a packet that begins at ``position``: what of them is missing, and where it lies."""
        blanks = set(self._blanks)
        missing = [number for number in numbers if number not in blanks]
        self._blanks = deque((number for number in self._blanks if number >= numbers.stop), MAX_BLANKS)
        for number in numbers:
            self._fates[number % WINDOW] = Fate.BLANK
        samples = position - self._end
        if samples <= 0 or not missing:
            return
        size, rest = divmod(samples, len(missing))
        for index, number in enumerate(missing):
            place = number % WINDOW
            self._fates[place] = Fate.MISSING
            # Packets of one size share the gap; of several sizes nobody can say which was which.
            self._starts[place] = self._end if rest else self._end + index * size
            self._ends[place] = position if rest else self._end + (index + 1) * size
        self._missing += missing

    def _judge(self, start: int, end: int) -> Fate:
        """Of a missing packet whose audio would lie at [start, end)."""
        if any(first < end and start < last for first, last in self._unheard):
            return Fate.LOST
        ways = {how for first, last, how in self._brought if first < end and start < last}
        if Recovery.PARITY in ways:
            return Fate.REBUILT
        return Fate.COPIED if ways else Fate.BLANK

    def _forget(self, newest: int) -> None:
        """The window moves on: what is missing up to ``newest`` leaves it and counts as lost."""
        old = bisect_right(self._missing, newest)
        del self._missing[:old]
        self.lost += old + max(0, newest - self.highest)

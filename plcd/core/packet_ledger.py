"""What became of each packet: expected = on time + late + lost, whatever order they come in."""

from bisect import bisect_right
from enum import IntEnum

import numpy as np

WINDOW = 4096
"""Sequence numbers remembered: more than the largest gap a stream may have without counting as restarted."""


class Fate(IntEnum):
    """Of one sequence number. A lost one becomes late when it comes after all."""

    UNKNOWN = 0
    ON_TIME = 1
    LATE = 2
    MISSING = 3
    LOST = 4


class PacketLedger:
    """Counts by absolute sequence number. ``first`` is the first packet's."""

    def __init__(self, first: int) -> None:
        self.on_time = 0
        self.late = 0
        self.lost = 0
        self.reordered = 0
        self.duplicate = 0
        self.highest = first - 1
        self._fates = np.zeros(WINDOW, dtype=np.int8)
        # Of missing packets: where their audio ends, as far as known.
        self._ends = np.zeros(WINDOW, dtype=np.int64)
        self._missing: list[int] = []

    @property
    def expected(self) -> int:
        """Packets that were on time, late or lost; one still missing whose time has not come is none of these yet."""
        return self.on_time + self.late + self.lost

    def is_known(self, sequence: int) -> bool:
        """This packet has come before, or is too old to tell."""
        if sequence > self.highest:
            return False
        if sequence <= self.highest - WINDOW:
            return True
        return self._fates[sequence % WINDOW] in (Fate.ON_TIME, Fate.LATE)

    def arrived(self, sequence: int, position: int, late: bool) -> None:
        """A packet whose audio begins at ``position`` came, and was not known before."""
        if sequence > self.highest:
            self._forget(sequence - WINDOW)
            for missing in range(max(self.highest + 1, sequence - WINDOW + 1), sequence):
                self._fates[missing % WINDOW] = Fate.MISSING
                self._ends[missing % WINDOW] = position
                self._missing.append(missing)
            self.highest = sequence
        else:
            self.reordered += 1
            if self._fates[sequence % WINDOW] == Fate.LOST:
                self.lost -= 1
            elif sequence in self._missing:
                self._missing.remove(sequence)
        self._fates[sequence % WINDOW] = Fate.LATE if late else Fate.ON_TIME
        self.on_time += not late
        self.late += late

    def _forget(self, newest: int) -> None:
        """The window moves on: what is missing up to ``newest`` leaves it and counts as lost."""
        old = bisect_right(self._missing, newest)
        del self._missing[:old]
        self.lost += old + max(0, newest - self.highest)

    def played_to(self, cursor: int) -> None:
        """All before ``cursor`` has been played: what is missing there is lost."""
        if not self._missing:
            return
        still = [sequence for sequence in self._missing if self._ends[sequence % WINDOW] > cursor]
        for sequence in self._missing:
            if self._ends[sequence % WINDOW] <= cursor:
                self._fates[sequence % WINDOW] = Fate.LOST
                self.lost += 1
        self._missing = still

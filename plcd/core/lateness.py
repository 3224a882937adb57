"""How early a stream's packets come, remembered, and what depth they ask for.

A packet's *lead* is the time, in samples, between its arrival and the instant its first sample is due; negative: it came late.
Only packets that came have one, so a loss never counts. The depth has to be such that hardly any lead is negative:
:meth:`Leads.spare` is the quantile of the leads that belongs to :data:`TOLERATED`.

To grow fast and yet not at every hiccup, windows of several lengths are asked. In the longest it is the plain quantile. In a
shorter one, more late packets than a stream at that rate shows once in a hundred such windows (binomial) prove that the
stream has changed: they are covered at once. A stall there counts as one event however many packets it held: those that
follow the first come each by a packet's time less late.
"""

import numpy as np
from numpy.typing import NDArray

TOLERATED = 1e-3
"""Share of late packets that is aimed at: one in 12 s with packets of 512 at 44.1 kHz, all of them concealed."""
LONGEST, LONGEST_S = 32_768, 180.0
"""Packets, and seconds, in the longest window, whichever is less: a stall of a dozen packets is not much beside what it
tolerates, and what made the depth grow is forgotten after three minutes."""
SHORTER = ((64, 1), (256, 2), (1024, 4))
"""Packets in a shorter window, and how many events of late packets are still no change: exceeded by chance in 0.2 to 0.4 % of
windows at TOLERATED."""
RECENT = 1024
"""Packets over which the promptest tells how deep the buffer is."""


class Leads:
    """The newest leads. All in samples. ``tolerated``: the share of late packets that is aimed at."""

    def __init__(self, rate: int, tolerated: float = TOLERATED) -> None:
        self.count = 0
        """Leads noted since the last :meth:`clear`."""
        self._leads = np.zeros(LONGEST)
        self._events = np.zeros(LONGEST)
        self._newest = np.inf
        self._longest = LONGEST
        self._rate = rate
        self.tolerated = tolerated

    def note(self, lead: float, packet: int) -> None:
        """A packet of so many samples came ``lead`` before it was due."""
        place = self.count % LONGEST
        drained = lead > self._newest + packet / 2
        self._leads[place] = lead
        self._events[place] = np.inf if drained else lead
        self._newest = lead
        self._longest = max(RECENT, min(LONGEST, round(LONGEST_S * self._rate / packet)))
        self.count += 1

    def shift(self, samples: int) -> None:
        """From now on everything is due ``samples`` later."""
        self._leads += samples
        self._events += samples
        self._newest += samples

    def clear(self) -> None:
        """What was noted says nothing any more."""
        self.count = 0
        self._newest = np.inf

    def depth(self) -> float:
        """How long the promptest of the newest packets waits: the depth, whatever the first packet's delay was."""
        return float(self._last(self._leads, RECENT).max()) if self.count else 0.0

    def spare(self) -> float:
        """By how much everything could be due earlier, with :data:`TOLERATED` of the packets late; negative: should be later."""
        held = min(self.count, self._longest)
        if not held:
            return 0.0
        spare = _smallest(self._last(self._leads, held), int(self.tolerated * held))
        for window, allowed in SHORTER:
            if held > allowed:
                spare = min(spare, _smallest(self._last(self._events, window), allowed))
        return spare

    def _last(self, leads: NDArray[np.float64], window: int) -> NDArray[np.float64]:
        first = self.count - min(self.count, window, LONGEST)
        return leads[np.arange(first, self.count) % LONGEST]


def _smallest(leads: NDArray[np.float64], rank: int) -> float:
    """The smallest but ``rank``."""
    return float(np.partition(leads, rank)[rank])

"""How early a stream's packets come, remembered, and what depth they ask for.

A packet's *lead* is the time, in samples, between its arrival and the instant its first sample is due; negative: it came late.
Only packets that came have one, so a loss never counts. The depth has to be such that hardly any lead is negative: a tolerated
share of those in the longest window. It may be smaller when the quantile of what was seen so far says so. It is too small when
more were late than are tolerated in a whole window, however little of it was seen: a single stall is no reason to grow.

To grow fast all the same, shorter windows are asked too: more late packets than a stream at the tolerated rate shows in
:data:`CHANCE` of such windows (Poisson) prove that it has changed, and are covered at once. There a stall counts as one event
however many packets it held: those that follow the first come each by a packet's time less late.
"""

from math import exp

import numpy as np
from numpy.typing import NDArray

TOLERATED = 1e-3
"""Share of late packets that is aimed at: one in 12 s with packets of 512 at 44.1 kHz, all of them concealed."""
LONGEST, LONGEST_S = 65_536, 180.0
"""Packets, and seconds, in the longest window, whichever is less: a stall of two dozen packets is not much beside what it
tolerates, and what made the depth grow is forgotten after three minutes."""
SHORTER = (64, 256, 1024)
"""Packets in the shorter windows."""
CHANCE = 0.005
"""How rarely they may take an unchanged stream for a changed one."""
RENEWED = 256
"""The longest window is looked at anew for each such part of it, and whenever a lead is too small."""
RECENT = 1024
"""Packets over which the promptest tells how deep the buffer is."""


def allowed(window: int, tolerated: float) -> int:
    """How many events in so many packets are still no change."""
    expected = tolerated * window
    term = exp(-expected)
    count, beyond = 0, 1.0 - term
    while beyond > CHANCE:
        count += 1
        term *= expected / count
        beyond -= term
    return count


class Leads:
    """The newest leads. All in samples. ``tolerated``: the share of late packets that is aimed at."""

    def __init__(self, rate: int, tolerated: float = TOLERATED) -> None:
        self.count = 0
        """Leads noted since the last :meth:`clear`."""
        self._tolerated = tolerated
        self._allowed = [(window, allowed(window, tolerated)) for window in SHORTER]
        self._leads = np.zeros(LONGEST)
        self._events = np.zeros(LONGEST)
        self._newest = np.inf
        self._longest = LONGEST
        self._rate = rate
        self._quantiles = np.inf, np.inf
        """The longest window's when :attr:`_asked_at` leads were noted: of what it holds, and of all that it can hold."""
        self._asked_at = 0

    def note(self, lead: float, packet: int) -> None:
        """A packet of so many samples came ``lead`` before it was due."""
        place = self.count % LONGEST
        drained = lead > self._newest + packet / 2
        self._leads[place] = lead
        self._events[place] = np.inf if drained else lead
        self._newest = lead
        if lead < self._quantiles[0]:
            self._asked_at = 0
        self._longest = max(RECENT, min(LONGEST, round(LONGEST_S * self._rate / packet)))
        self.count += 1

    def shift(self, samples: int) -> None:
        """From now on everything is due ``samples`` later."""
        self._leads += samples
        self._events += samples
        self._newest += samples
        self._asked_at = 0

    def clear(self) -> None:
        """What was noted says nothing any more."""
        self.count = self._asked_at = 0
        self._newest = np.inf

    def depth(self) -> float:
        """How long the promptest of the newest packets waits: the depth, whatever the first packet's delay was."""
        return float(self._last(self._leads, RECENT).max()) if self.count else 0.0

    def spare(self) -> float:
        """By how much everything could be due earlier; negative: not at all."""
        return min(self._longest_quantiles()[0], self._changed()) if self.count else 0.0

    def lack(self) -> float:
        """By how much everything should be due later; negative: by nothing."""
        return -min(self._longest_quantiles()[1], self._changed()) if self.count else 0.0

    def _longest_quantiles(self) -> tuple[float, float]:
        held = min(self.count, self._longest)
        if not self._asked_at or self.count - self._asked_at > held // RENEWED:
            seen, whole = int(self._tolerated * held), int(self._tolerated * self._longest)
            leads = np.partition(self._last(self._leads, held), [seen, min(whole, held - 1)])
            self._quantiles = float(leads[seen]), float(leads[whole]) if whole < held else np.inf
            self._asked_at = self.count
        return self._quantiles

    def _changed(self) -> float:
        """The smallest lead that the shorter windows do not take for chance."""
        least = np.inf
        for window, rank in self._allowed:
            if self.count > rank:
                events = self._last(self._events, window)
                least = min(least, float(np.partition(events, rank)[rank]))
        return least

    def _last(self, leads: NDArray[np.float64], window: int) -> NDArray[np.float64]:
        """The newest ``window`` of them, or as many as there are, in no particular order."""
        window, end = min(window, self.count), self.count % LONGEST
        if window <= end:
            return leads[end - window : end]
        return np.concatenate((leads[LONGEST - (window - end) :], leads[:end]))

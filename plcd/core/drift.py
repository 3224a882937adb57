"""How fast the sender's clock runs beside the output's: a delay-locked loop on the leads of the promptest packets.

A packet's lead (see :class:`plcd.core.lateness.Leads`) is the level of the buffer, measured in time. It jitters; a sender that is
fast by x ppm makes it grow by x microseconds a second besides. Queues make packets late, and more so at some times
than at others, but never early: of each :data:`BLOCK_S` the promptest packet counts, as in NTP's clock filter (RFC 5905, section
10). The loop is the second-order one of Adriaensen, *Using a DLL to filter time* (Linux Audio Conference 2005): it predicts the
next lead from a level and a slope, and corrects both by the error, with gains sqrt(2) w T and (w T)^2 for the bandwidth w and the
block's time T. It begins wide and narrows with the time it has seen, as a line fitted to everything so far would, until w is
:data:`BANDWIDTH_HZ`.

What plcd itself does to the leads (splices, and more or fewer samples asked for than are played) is known exactly and
taken out before the loop, so that correcting does not disturb measuring.
"""

from math import inf, pi, sqrt

BLOCK_S = 0.5
"""Time of audio of which the promptest packet counts: of 43 packets of 512 at 44.1 kHz, uniform over 3 ms, it jitters by 0.07."""
BANDWIDTH_HZ = 0.02
"""In the end: that jitter leaves 0.02 ms of the level. Quartz drifts in minutes."""
NARROWING = 2.83
"""w times the time seen so far: a line fitted to n points corrects itself by 4/n of the newest error, and that is
sqrt(2) w T."""
CLIPPED, SETTLING_S = 3.0, 2.0
"""Errors count up to so many times their usual size, once that is known: a stall is no drift."""


class DriftLoop:
    """All in samples of ``rate`` Hz and seconds."""

    def __init__(self, rate: int) -> None:
        self.seen_s = 0.0
        """Time of audio that was looked at."""
        self.error = 0.0
        """Usual distance of a promptest lead from the line, in samples: a running mean of magnitudes."""
        self._rate = rate
        self._level = 0.0
        self._slope = 0.0
        self._at_ns = 0
        self._done = 0.0
        self._gain = 1.0
        self._block = 0.0
        self._promptest = -inf
        self._promptest_ns = 0

    @property
    def ppm(self) -> float:
        """By how many millionths the sender is fast."""
        return 1e6 * self._slope / self._rate

    def level(self, now_ns: int) -> float:
        """The filtered level at ``now_ns``."""
        return self._open(now_ns) + self._done

    @property
    def noise(self) -> float:
        """Standard deviation that is expected of the level, if blocks are independent: noise bandwidth of the loop, 0.53 w."""
        return 1.25 * self.error * sqrt(min(1.0, 1.06 * self._gain))

    def note(self, lead: float, packet: int, arrival_ns: int) -> None:
        """A packet of so many samples came ``lead`` before it was due."""
        measured = lead - self._done
        if measured > self._promptest:
            self._promptest, self._promptest_ns = measured, arrival_ns
        self._block += packet / self._rate
        if self._block >= BLOCK_S:
            self._take(self._promptest, self._promptest_ns, self._block)
            self._block, self._promptest = 0.0, -inf

    def _take(self, measured: float, at_ns: int, time: float) -> None:
        """The promptest lead of a block."""
        if self.seen_s == 0.0:
            self._level, self._at_ns, self.seen_s = measured, at_ns, time
            return
        at_ns = max(at_ns, self._at_ns)
        predicted = self._open(at_ns)
        self._at_ns = at_ns
        self.seen_s += time
        self._gain = time * max(2 * pi * BANDWIDTH_HZ, NARROWING / self.seen_s)
        error = measured - predicted
        share = max(min(1.0, time / 5.0), time / self.seen_s)
        self.error += share * (abs(error) - self.error)
        if self.seen_s > SETTLING_S:
            error = max(-CLIPPED * self.error, min(CLIPPED * self.error, error))
        self._level = predicted + min(1.0, sqrt(2.0) * self._gain) * error
        self._slope += min(0.5, self._gain**2) / time * error

    def shift(self, samples: float) -> None:
        """plcd made everything due ``samples`` later."""
        self._done += samples

    def _open(self, now_ns: int) -> float:
        return self._level + self._slope * (now_ns - self._at_ns) / 1e9

"""How fast the sender's clock runs beside the output's: a delay-locked loop on the packets' leads.

A packet's lead (see :class:`plcd.core.lateness.Leads`) is the level of the buffer, measured in time. With equal clocks it jitters
about a constant; a sender that is fast by x ppm makes it grow by x microseconds a second. The loop is the second-order one
of Adriaensen, *Using a DLL to filter time* (Linux Audio Conference 2005): it predicts the next lead from a level and
a slope, and corrects both by the error, with gains sqrt(2) w T and (w T)^2 for the bandwidth w and the packet's time T. It
begins wide and narrows with the time it has seen, as a line fitted to everything so far would, until w is :data:`BANDWIDTH_HZ`.

What plcd itself does to the leads (splices, and more or fewer samples asked for than are played) is known exactly and
taken out before the loop, so that correcting does not disturb measuring.
"""

from math import pi, sqrt

BANDWIDTH_HZ = 0.02
"""In the end: a jitter of 3 ms, uniform, leaves 0.03 ms of the level with packets of 512 at 44.1 kHz. Quartz drifts
in minutes."""
NARROWING = 2.83
"""w times the time seen so far: a line fitted to n points corrects itself by 4/n of the newest error, and that is
sqrt(2) w T."""
CLIPPED = 3.0
"""Errors count up to so many times their usual size: a stall is no drift."""


class DriftLoop:
    """All in samples of ``rate`` Hz and seconds."""

    def __init__(self, rate: int) -> None:
        self.seen_s = 0.0
        """Time of audio that was looked at."""
        self.error = 0.0
        """Usual distance of a lead from the line, in samples: a running mean of magnitudes."""
        self._rate = rate
        self._level = 0.0
        self._slope = 0.0
        self._at_ns = 0
        self._done = 0.0
        self._gain = 1.0

    @property
    def ppm(self) -> float:
        """By how many millionths the sender is fast."""
        return 1e6 * self._slope / self._rate

    def level(self, now_ns: int) -> float:
        """The filtered level at ``now_ns``."""
        return self._open(now_ns) + self._done

    @property
    def noise(self) -> float:
        """Standard deviation that is expected of the level, if leads are independent: noise bandwidth of the loop, 0.53 w."""
        return 1.25 * self.error * sqrt(min(1.0, 1.06 * self._gain))

    def note(self, lead: float, packet: int, arrival_ns: int) -> None:
        """A packet of so many samples came ``lead`` before it was due."""
        measured = lead - self._done
        time = packet / self._rate
        if self.seen_s == 0.0:
            self._level, self._at_ns, self.seen_s = measured, arrival_ns, time
            return
        predicted = self._open(max(arrival_ns, self._at_ns))
        self._at_ns = max(arrival_ns, self._at_ns)
        self.seen_s += time
        self._gain = time * max(2 * pi * BANDWIDTH_HZ, NARROWING / self.seen_s)
        error = measured - predicted
        share = max(min(1.0, time / 5.0), time / self.seen_s)
        self.error += share * (abs(error) - self.error)
        if self.seen_s > 1.0:
            error = max(-CLIPPED * self.error, min(CLIPPED * self.error, error))
        self._level = predicted + min(1.0, sqrt(2.0) * self._gain) * error
        self._slope += min(0.5, self._gain**2) / time * error

    def shift(self, samples: float) -> None:
        """plcd made everything due ``samples`` later."""
        self._done += samples

    def _open(self, now_ns: int) -> float:
        return self._level + self._slope * (now_ns - self._at_ns) / 1e9

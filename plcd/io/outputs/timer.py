"""Pacing by the monotonic clock, and the ``null`` output that does nothing else."""

import time
from collections.abc import Callable

from plcd.core.frame import PlayedFrame
from plcd.io.outputs.base import OutputStatus

SECOND_NS = 1_000_000_000

CATCH_UP_NS = SECOND_NS
"""How long a late start may take to catch up before being late counts again; a machine that needs more is too slow."""


class Ticks:
    """Tick k is at ``first_ns + k * period * 10^9 // rate``: integers, absolute, so nothing ever accumulates.

    Late ticks are caught up one after the other and none is dropped.
    """

    def __init__(
        self,
        rate: int,
        period: int,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``rate`` in hertz, ``period`` in samples; ``clock`` gives ns, ``sleep`` takes seconds and releases the GIL."""
        self._rate = rate
        self._period = period
        self._clock = clock
        self._sleep = sleep
        self._first_ns = 0
        self._tick = 0
        self._excused_until_ns = 0
        self.underruns = 0
        """Ticks that were waited for more than a period after their time, those of a late start apart."""

    def start(self, first_ns: int) -> None:
        """Put tick 0 at ``first_ns``. If that has passed already, catching up with now is nobody's fault and not counted."""
        now_ns = self._clock()
        self._first_ns = first_ns
        self._tick = 0
        self._excused_until_ns = now_ns + CATCH_UP_NS if first_ns < now_ns else 0

    def wait(self) -> int:
        """Sleep to the next tick, if it lies ahead; its nominal instant in ns, also when it is late."""
        tick_ns = self._first_ns + self._tick * self._period * SECOND_NS // self._rate
        self._tick += 1
        now_ns = self._clock()
        if (now_ns - tick_ns) * self._rate > self._period * SECOND_NS:
            if now_ns >= self._excused_until_ns:
                self.underruns += 1
        else:
            self._excused_until_ns = 0
        while now_ns < tick_ns:
            self._sleep((tick_ns - now_ns) / SECOND_NS)
            now_ns = self._clock()
        return tick_ns


class TimerOutput:
    """The ``null`` output: asks for frames in real time and forgets them."""

    def __init__(self, rate: int, period: int) -> None:
        """``rate`` in hertz, ``period`` in samples."""
        self._ticks = Ticks(rate, period)

    def start(self, first_ns: int) -> None:
        self._ticks.start(first_ns)

    def wait(self) -> int:
        return self._ticks.wait()

    def write(self, frame: PlayedFrame) -> None:
        pass

    def status(self) -> OutputStatus:
        return OutputStatus("null", self._ticks.underruns, 0.0, 0.0)

    def close(self) -> None:
        pass

"""The thread that every input has, and its life."""

import threading
import time

from plcd.core.frame import Samples
from plcd.io.inputs.base import Deliver, Pace
from plcd.io.outputs.timer import SECOND_NS


class Worker:
    """Implements :class:`plcd.io.inputs.base.Input` but for ``status``; what is asked for is up to ``serve``."""

    def __init__(self) -> None:
        self._deliver: Deliver = lambda block, rate: None
        self._lock = threading.Condition()
        self._pace: Pace | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def start(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._thread = threading.Thread(target=self._run, name="plcd-input", daemon=True)
        self._thread.start()

    def begin(self, pace: Pace) -> None:
        self._want(pace)

    def pause(self) -> None:
        self._want(None)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify()
        if self._thread is not None:
            self._thread.join()

    def prepare(self) -> None:
        """Called once, on the thread, before anything is wanted."""

    def serve(self, pace: Pace) -> None:
        """Deliver while ``pace`` is wanted."""
        raise NotImplementedError

    def wanted(self, pace: Pace) -> bool:
        """Whether that is still so."""
        return self._pace == pace and not self._closed

    def wait(self, seconds: float) -> None:
        """Until something else is wanted, at most so long."""
        with self._lock:
            self._lock.wait(seconds)

    def deliver(self, block: Samples, rate: int) -> None:
        """Hand over one block."""
        self._deliver(block, rate)

    def _want(self, pace: Pace | None) -> None:
        if pace == self._pace:
            return
        with self._lock:
            self._pace = pace
            self._lock.notify()

    def _run(self) -> None:
        self.prepare()
        while True:
            with self._lock:
                while self._pace is None and not self._closed:
                    self._lock.wait()
                pace = self._pace
                if self._closed or pace is None:
                    return
            self.serve(pace)


class Beat:
    """Tick k of ``pace`` is at ``start + k * samples / rate``, in integers: nothing accumulates.

    On a machine that slept for more than :data:`LATEST_NS` what was missed is not caught up with: ticks begin anew.
    """

    LATEST_NS = SECOND_NS

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self.number = 0
        """Ticks since they began."""
        self._start_ns = time.monotonic_ns()

    def restart(self) -> None:
        """The next tick is now."""
        self._start_ns, self.number = time.monotonic_ns(), 0

    def wait(self) -> None:
        """Until the next tick, if it lies ahead."""
        due_ns = self._start_ns + self.number * self._pace.samples * SECOND_NS // self._pace.rate
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns < -self.LATEST_NS:
            self.restart()
        elif wait_ns > 0:
            time.sleep(wait_ns / SECOND_NS)
        self.number += 1

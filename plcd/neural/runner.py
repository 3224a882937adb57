"""A network beside a real-time thread: one run in flight, on a thread of its own, and never waited for beyond a deadline.

Theory of operation. The real-time thread calls as it would call the network itself, and waits for the result until
:attr:`Runner.until_ns`. A run that is not done by then is told to end and its result is dropped; while it still runs,
further calls get nothing at once. Nothing is ever queued behind a run that sound waited for. Work that no sound waits for
(calls that are not :attr:`Runner.urgent`, and what :meth:`Runner.begin` began) gives way to an urgent call: it is told to end,
which takes as long as the network's current operator.
"""

import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Final

import numpy as np

from plcd.core.refiner import Block, Signal
from plcd.neural.network import Network

DEADLINE_SHARE: Final = 0.8
"""Of a frame's time, counted from when the frame was wanted: what is left is for the prediction that plays instead."""
_WARM_RUNS: Final = 15
"""The first ones are slower: memory is laid out then."""
_MS: Final = 1000.0


class _Job:
    """One call under way."""

    def __init__(self, action: Callable[[], object], urgent: bool) -> None:
        self.action = action
        self.urgent = urgent
        self.cancelled = False
        self.result: object = None
        self.done = Event()


class Runner:
    """A :class:`plcd.core.refiner.Refiner` around ``network``. For one calling thread."""

    def __init__(self, network: Network[Any]) -> None:
        self.network = network
        self.name, self.predictor = network.name, network.predictor
        self.closes, self.longest = network.closes, network.longest
        self.context, self.block, self.horizon = network.context, network.block, network.horizon
        self.made, self.fade = network.made, network.fade
        self.until_ns: int | None = None
        """Monotonic time until which calls may take; None: as long as they want."""
        self.urgent = True
        """Sound waits for the calls, so those that get nothing count as :attr:`late`."""
        self.late = 0
        """Urgent calls without a result in time."""
        self.whole_s = 0.0
        """What a call takes (median of some, by :meth:`warm`)."""
        self.after_s = 0.0
        """The same where the network has looked at the past before."""
        self.least_s = 0.0
        """The quickest of those: a machine that is busy while plcd starts says nothing against the network."""
        self.look_s = 0.0
        """What that look takes."""
        self._stream = (0, 0, 0)
        self._lock = Lock()
        """Held while a job is told to end, and while one begins: so that never the next one is ended for it."""
        self._running: _Job | None = None
        self._begun: _Job | None = None
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="plcd-network", daemon=True)
        self._thread.start()

    @property
    def takes_s(self) -> float:
        """See :class:`plcd.core.refiner.Trained`."""
        return self.least_s

    def serve(self, rate: int, channels: int, frame: int) -> None:
        """What it will be asked for: streams of ``rate`` hertz and ``channels``, ``frame`` samples at a time."""
        self._stream = rate, channels, frame

    def refuses(self, rate: int) -> str | None:
        """Why it cannot work at ``rate`` hertz, or not in time; None where it can."""
        reason = self.network.refuses(rate)
        _, channels, frame = self._stream
        allowed_s = DEADLINE_SHARE * frame / rate
        if reason is None and frame and self.least_s * channels > allowed_s:
            return (
                f"the network {self.name} takes {_MS * self.least_s * channels:.1f} ms for each frame, of which only "
                f"{_MS * allowed_s:.1f} ms are left for it: it works offline only, the predictor plays alone"
            )
        return reason

    def refine(self, block: Block) -> Signal | None:
        """See :class:`plcd.core.refiner.Refiner`."""
        result = self._call(lambda: self.network.refine(block))
        if result is None or isinstance(result, np.ndarray):
            return result
        raise AssertionError(f"a network gave {result!r}")

    def look(self, past: Signal) -> bool:
        """See :class:`plcd.core.refiner.Refiner`."""
        return bool(self._call(lambda: self.network.look(past)))

    def warm(self) -> None:
        """Run it some times, as patiently as that takes, and note how long."""
        rng = np.random.default_rng(0)
        durations = np.array([self._timed(rng) for _ in range(_WARM_RUNS)])
        self.whole_s, self.look_s, self.after_s = np.median(durations, axis=0).tolist()
        self.least_s = float(durations[:, 2].min())

    def _timed(self, rng: np.random.Generator) -> list[float]:
        """Seconds of a call, of a look, and of a call after it."""
        past, prediction, innovation = (
            (0.1 * rng.standard_normal(size)).astype(np.float32)
            for size in (self.context, self.horizon, self.horizon)
        )
        received = np.ones(past.size, dtype=np.bool_)
        block = Block(past, received, prediction, innovation, 0, self.network.contract.rate)
        marks = [time.perf_counter()]
        for action in (lambda: self.refine(block), lambda: self.look(past), lambda: self.refine(block)):
            action()
            marks.append(time.perf_counter())
        return np.diff(marks).tolist()

    def on_its_thread(self, action: Callable[[], object]) -> None:
        """Do ``action`` on the thread that runs the network."""
        self._call(action)

    def begin(self, action: Callable[[], object]) -> bool:
        """Have ``action``, which may call the network, done while nobody waits; False where something is under way."""
        if self._busy() is not None:
            return False
        self._begun = self._start(action, urgent=False)
        return True

    def ended(self) -> tuple[bool, object]:
        """Whether what was begun has ended, and what it gave; None where it was told to end."""
        job = self._begun
        if job is None or not job.done.is_set():
            return False, None
        self._begun = None
        return True, None if job.cancelled else job.result

    def close(self) -> None:
        """End the thread, and what it is doing."""
        running = self._busy()
        if running is not None:
            self._cancel(running)
        self._jobs.put(None)
        self._thread.join()

    def _call(self, action: Callable[[], object]) -> object:
        """What ``action`` gives on the other thread; None where that is not there in time."""
        running = self._busy()
        if running is not None and self.urgent and not running.urgent:
            self._cancel(running)
            running.done.wait(self._left_s())
            running = self._busy()
        left_s = self._left_s()
        least_s = self.least_s if self.urgent else 0.0
        if running is not None or (left_s is not None and left_s <= least_s):
            self.late += self.urgent
            return None
        job = self._start(action, self.urgent)
        if job.done.wait(left_s):
            return job.result
        self._cancel(job)
        self.late += self.urgent
        return None

    def _left_s(self) -> float | None:
        """How long a call may take from now on."""
        return None if self.until_ns is None else max(0.0, (self.until_ns - time.monotonic_ns()) / 1e9)

    def _busy(self) -> _Job | None:
        """What is under way."""
        running = self._running
        return running if running is not None and not running.done.is_set() else None

    def _start(self, action: Callable[[], object], urgent: bool) -> _Job:
        job = self._running = _Job(action, urgent)
        self._jobs.put(job)
        return job

    def _cancel(self, job: _Job) -> None:
        """Tell ``job`` to end, begun or not."""
        with self._lock:
            if not job.done.is_set():
                job.cancelled = True
                self.network.stop()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._lock:
                self.network.resume()
                cancelled = job.cancelled
            try:
                if not cancelled:
                    job.result = job.action()
            finally:
                with self._lock:
                    job.done.set()

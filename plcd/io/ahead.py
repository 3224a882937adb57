"""Spends the time left between two frames on fits for holes in sight, within a share of one core."""

import time
from collections.abc import Callable

from plcd.core.adaptation import AHEAD_S, fit_s
from plcd.core.engine import Engine

TURN_SHARE = 0.7
"""Of the time of a frame, counted from when it was wanted, no fit is expected to end later: the next frame must not wait."""
SHARE_NS = 1_000_000_000
"""Over so long :attr:`Ahead.share` is taken."""


class Ahead:
    """``budget``: share of one core; what is not spent is saved up for :data:`AHEAD_S`. ``now`` gives monotonic ns, ``worked``
    the calling thread's processor time in ns.
    """

    def __init__(
        self,
        budget: float,
        now: Callable[[], int] = time.monotonic_ns,
        worked: Callable[[], int] = time.thread_time_ns,
    ) -> None:
        self.skipped = 0
        """Frames behind which a fit that was wanted had no time, or the budget had none for it."""
        self.spent_ns = 0
        self.share = 0.0
        """Of one core, over the last second that was complete."""
        self._budget = budget
        self._now = now
        self._worked = worked
        self._saved_ns = 0.0
        self._seen_ns = now()
        self._mark_ns = self._seen_ns
        self._spent_by_mark_ns = 0

    def run(self, engine: Engine, wanted_ns: int) -> None:
        """Make fits, after the frame that was wanted at ``wanted_ns`` was delivered. Call it once a frame."""
        self._save()
        assert engine.rate is not None
        frame_ns = engine.config.packet * 1_000_000_000 // engine.rate
        while (predictor := engine.next_fit()) is not None:
            cost_ns = 1e9 * fit_s(predictor, engine.pair_s)
            late_ns = self._now() + cost_ns - wanted_ns
            if 2 * cost_ns > frame_ns or late_ns > TURN_SHARE * frame_ns or cost_ns > self._saved_ns:
                self.skipped += 1
                return
            began_ns = self._worked()
            engine.prepare()
            took_ns = self._worked() - began_ns
            self._saved_ns -= took_ns
            self.spent_ns += took_ns

    def snapshot(self, engine: Engine) -> dict[str, object]:
        """JSON-ready; see docs/control.md."""
        made = engine.filler.ahead if engine.filler is not None else None
        return {
            "fits": made.fits if made else 0,
            "ready": made.ready if made else 0,
            "missing": made.missing if made else 0,
            "skipped": self.skipped,
            "ms": round(self.spent_ns / 1e6, 3),
            "share": round(self.share, 4),
        }

    def _save(self) -> None:
        now_ns = self._now()
        earned_ns = self._budget * (now_ns - self._seen_ns)
        self._saved_ns = min(self._saved_ns + earned_ns, self._budget * AHEAD_S * 1e9)
        self._seen_ns = now_ns
        if now_ns - self._mark_ns >= SHARE_NS:
            self.share = (self.spent_ns - self._spent_by_mark_ns) / (now_ns - self._mark_ns)
            self._mark_ns, self._spent_by_mark_ns = now_ns, self.spent_ns

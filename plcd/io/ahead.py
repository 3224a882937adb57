"""Spends the time left between two frames on what a loss would need, within a share of one core.

Fits for holes in sight come first, of several engines those of the nearest hole. Then, if there is time and budget, the
concealment of the next packet is prepared as a whole, in case it is lost (*run ahead*), or at least what the network can do
with known samples alone. Last come the network's trials. Several engines share one budget.
"""

import time
from collections.abc import Callable, Sequence
from typing import cast

from plcd.core.adaptation import AHEAD_S, MARGIN, fit_s
from plcd.core.engine import Engine
from plcd.core.gate import run
from plcd.core.mixer import Mixer
from plcd.core.run_ahead import Step
from plcd.core.trials import Trials
from plcd.neural.runner import Runner

TURN_SHARE = 0.7
"""Of the time of a frame, counted from when it was wanted, no fit is expected to end later: the next frame must not wait."""
SHARE_NS = 1_000_000_000
"""Over so long :attr:`Ahead.share` is taken."""


class Ahead:
    """``budget``: share of one core; what is not spent is saved up for :data:`AHEAD_S`. ``now`` gives monotonic ns, ``worked``
    the calling thread's processor time in ns. ``runner``: the network, if there is one.
    """

    def __init__(
        self,
        budget: float,
        now: Callable[[], int] = time.monotonic_ns,
        worked: Callable[[], int] = time.thread_time_ns,
        runner: Runner | None = None,
    ) -> None:
        self.skipped = 0
        """Frames behind which a fit that was wanted had no time, or the budget had none for it."""
        self.passed = 0
        """Frames behind which the next packet's concealment was not prepared as far as it was wanted, likewise."""
        self.spent_ns = 0
        self.share = 0.0
        """Of one core, over the last second that was complete."""
        self._runner = runner
        self._tried: Trials | None = None
        """Whose trial is under way."""
        self._turns = 0
        self._budget = budget
        self._now = now
        self._worked = worked
        self._saved_ns = 0.0
        self._seen_ns = now()
        self._mark_ns = self._seen_ns
        self._spent_by_mark_ns = 0

    def run(self, engines: Sequence[Engine], wanted_ns: int) -> None:
        """Work ahead for ``engines``, all of one output, after the frame that was wanted at ``wanted_ns`` was delivered.

        Call it once a frame.
        """
        self._save()
        if self._fit(engines, wanted_ns):
            # Whoever comes first may use up the time: all in turn.
            self._turns += 1
            first = self._turns % max(1, len(engines))
            for engine in (*engines[first:], *engines[:first]):
                if not self._prepare(engine, wanted_ns):
                    break
        self._try(engines)

    def _fit(self, engines: Sequence[Engine], wanted_ns: int) -> bool:
        """Make fits; False where one that was wanted had no time."""
        sought = [(fit, engine) for engine in engines if (fit := engine.next_fit()) is not None]
        while sought:
            index = min(range(len(sought)), key=lambda i: sought[i][0][0])
            (_, predictor), engine = sought[index]
            frame_ns = _frame_ns(engine)
            cost_ns = 1e9 * fit_s(predictor, engine.pair_s)
            late_ns = self._now() + cost_ns - wanted_ns
            if 2 * cost_ns > frame_ns or late_ns > TURN_SHARE * frame_ns or cost_ns > self._saved_ns:
                self.skipped += 1
                return False
            began_ns = self._worked()
            engine.prepare()
            took_ns = self._worked() - began_ns
            self._saved_ns -= took_ns
            self.spent_ns += took_ns
            fit = engine.next_fit()
            if fit is None:
                del sought[index]
            else:
                sought[index] = fit, engine
        return True

    def _prepare(self, engine: Engine, wanted_ns: int) -> bool:
        """What comes after the fits; False where there was no time for it."""
        while (step := engine.next_step(engine.config.run_ahead != "off")) not in (None, Step.TRY):
            if not self._affordable(step, engine, wanted_ns):
                self.passed += 1
                return False
            began_ns = self._now()
            if self._runner is not None:
                self._runner.urgent = False
                self._runner.until_ns = wanted_ns + round(TURN_SHARE * _frame_ns(engine))
            progress = engine.do(step)
            took_ns = self._now() - began_ns  # by the clock: the network works on a thread of its own
            self._saved_ns -= took_ns
            self.spent_ns += took_ns
            if not progress:
                break
        return True

    def _affordable(self, step: Step, engine: Engine, wanted_ns: int) -> bool:
        """There is time for ``step``, and budget beside that for the next place's fits."""
        cost_ns = 1e9 * self._cost_s(step, engine)
        if self._now() + cost_ns - wanted_ns > TURN_SHARE * _frame_ns(engine):
            return False
        return engine.config.run_ahead == "on" or self._saved_for(cost_ns, engine)

    def _try(self, engines: Sequence[Engine]) -> None:
        """Have the network tried on its own thread, where it is in nobody's way, and hear what came of it."""
        runner = self._runner
        if runner is None:
            return
        if self._tried is not None:
            ended, outcome = runner.ended()
            if ended:
                self._tried.learn(cast("tuple[float, float] | None", outcome))
                self._tried = None
            return
        for engine in engines:
            trials = engine.filler.opener.trials if engine.filler is not None else None
            if trials is None or not trials.waits:
                continue
            cost_ns = 1e9 * (runner.whole_s + engine.opening_s)
            if self._saved_for(cost_ns, engine):
                self._begin_trial(trials, runner, cost_ns)
            return

    def _begin_trial(self, trials: Trials, runner: Runner, cost_ns: float) -> None:
        trial = trials.take()
        assert trial is not None
        if not runner.begin(lambda: run(trial, runner.network)):
            trials.learn(None)
            return
        self._tried = trials
        self._saved_ns -= cost_ns
        self.spent_ns += round(cost_ns)

    def _saved_for(self, cost_ns: float, engine: Engine) -> bool:
        """There is budget for it beside the next place's fits."""
        choice = engine.choice
        assert choice is not None
        assert engine.channels is not None
        fits_ns = 1e9 * MARGIN * choice.ensemble.work * engine.channels * engine.pair_s
        return cost_ns + min(fits_ns, self._budget * AHEAD_S * 1e9 / 2) <= self._saved_ns

    def _cost_s(self, step: Step, engine: Engine) -> float:
        """What ``step`` may take."""
        runner, opening_s, channels = self._runner, engine.opening_s, engine.channels or 1
        if step is Step.OPEN or runner is None:
            return opening_s
        # No margin for the network: a run that takes longer than expected is ended when its time is up.
        return runner.look_s * channels if step is Step.LOOK else runner.whole_s

    def snapshot(self, engine: Engine | Mixer) -> dict[str, object]:
        """JSON-ready; see docs/control.md."""
        made, rehearsed = engine.fits_ahead, engine.rehearsals
        return {
            "fits": made.fits,
            "ready": made.ready,
            "missing": made.missing,
            "skipped": self.skipped,
            "ms": round(self.spent_ns / 1e6, 3),
            "share": round(self.share, 4),
            "run_ahead": engine.config.run_ahead,
            "prepared": rehearsed.prepared,
            "used": rehearsed.used,
            "passed": self.passed,
        }

    def _save(self) -> None:
        now_ns = self._now()
        earned_ns = self._budget * (now_ns - self._seen_ns)
        self._saved_ns = min(self._saved_ns + earned_ns, self._budget * AHEAD_S * 1e9)
        self._seen_ns = now_ns
        if now_ns - self._mark_ns >= SHARE_NS:
            self.share = (self.spent_ns - self._spent_by_mark_ns) / (now_ns - self._mark_ns)
            self._mark_ns, self._spent_by_mark_ns = now_ns, self.spent_ns


def _frame_ns(engine: Engine) -> int:
    assert engine.rate is not None
    return engine.config.packet * 1_000_000_000 // engine.rate

"""The time between frames, by a clock that only fits move on."""

from dataclasses import dataclass, field

import pytest

from plcd.core.adaptation import AHEAD_S, MARGIN, Choice
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.predictor import Predictor
from plcd.core.run_ahead import Step
from plcd.io.ahead import TURN_SHARE, Ahead

FRAME_NS = 512 * 1_000_000_000 // 44_100
FIT = Predictor("tapered", 512, 2048)
PAIR_S = 1e-3 / FIT.work
"""So that one fit takes a millisecond, and 1.3 are allowed for."""
FIT_NS = 1_000_000


@dataclass
class Bench:
    """An engine that wants ``wanted`` fits, and a clock."""

    engine: Engine
    wanted: int = 0
    now_ns: int = 0
    worked_ns: int = 0
    ahead: Ahead = field(init=False)

    def start(self, budget: float) -> None:
        self.ahead = Ahead(budget, lambda: self.now_ns, lambda: self.worked_ns)

    def fit(self) -> bool:
        self.wanted -= 1
        self.now_ns += FIT_NS
        self.worked_ns += FIT_NS
        return True

    def turn(self, late_ns: int = 0) -> int:
        """One frame, and how many fits there were in it."""
        before, wanted_ns = self.worked_ns, self.now_ns
        self.now_ns += late_ns
        self.ahead.run([self.engine], wanted_ns)
        self.now_ns = max(self.now_ns, wanted_ns + FRAME_NS)
        return (self.worked_ns - before) // FIT_NS


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    engine = Engine(EngineConfig(rate=44_100, channels=1))
    engine.pair_s = PAIR_S
    made = Bench(engine)
    monkeypatch.setattr(engine, "next_fit", lambda: (0, FIT) if made.wanted else None)
    monkeypatch.setattr(engine, "prepare", made.fit)
    return made


def fill_up(bench: Bench) -> None:
    for _ in range(20):
        assert bench.turn() == 0


def test_without_a_budget_nothing_is_fitted_and_that_is_counted(bench: Bench) -> None:
    bench.start(0.0)
    bench.wanted = 5
    assert [bench.turn() for _ in range(10)] == [0] * 10
    assert bench.ahead.skipped == 10


def test_no_fit_is_begun_that_could_end_late_in_the_turn(bench: Bench) -> None:
    bench.start(1.0)
    fill_up(bench)
    bench.wanted = 100
    allowed = 1 + int((TURN_SHARE * FRAME_NS - MARGIN * FIT_NS) // FIT_NS)
    assert bench.turn() == allowed
    late_ns = FRAME_NS // 2
    assert bench.turn(late_ns) == 1 + int((TURN_SHARE * FRAME_NS - late_ns - MARGIN * FIT_NS) // FIT_NS)
    assert bench.turn(FRAME_NS) == 0
    assert bench.ahead.skipped == 3


def test_in_the_long_run_the_budget_is_kept(bench: Bench) -> None:
    bench.start(0.25)
    bench.wanted = 10**6
    fits = sum(bench.turn() for _ in range(1000))
    assert fits * FIT_NS == pytest.approx(0.25 * 1000 * FRAME_NS, rel=0.01)
    assert bench.ahead.share == pytest.approx(0.25, rel=0.05)
    assert bench.ahead.spent_ns == fits * FIT_NS


def test_what_was_not_spent_is_saved_up_but_not_for_long(bench: Bench) -> None:
    bench.start(0.1)
    for _ in range(1000):
        bench.turn()
    bench.wanted = 100
    saved = 0.1 * AHEAD_S * 1e9
    fits = 0
    while bench.turn():
        fits += 1
    assert fits * FIT_NS <= saved + 0.1 * FRAME_NS * (fits + 1)
    assert bench.turn() == 0


def test_a_fit_longer_than_half_a_frame_is_never_begun(bench: Bench) -> None:
    bench.engine.pair_s = FRAME_NS * 1e-9 / 2 / FIT.work
    bench.start(1.0)
    fill_up(bench)
    bench.wanted = 1
    assert bench.turn() == 0
    assert bench.ahead.skipped == 1


@dataclass
class Steps:
    """An engine that wants nothing but steps, of which each takes ``cost_ns``."""

    bench: Bench
    wanted: list[Step]
    done: list[Step] = field(default_factory=list)
    cost_ns: int = FIT_NS
    asked: set[bool] = field(default_factory=set)

    def next_step(self, run_ahead: bool) -> Step | None:
        self.asked.add(run_ahead)
        return self.wanted[0] if self.wanted else None

    def do(self, step: Step) -> bool:
        self.done.append(self.wanted.pop(0))
        self.bench.now_ns += self.cost_ns
        return True


def prepared(bench: Bench, monkeypatch: pytest.MonkeyPatch, how: str, wanted: list[Step]) -> Steps:
    """A daemon's engine between frames, with 1.3 ms as the cost of setting a hole up."""
    steps = Steps(bench, wanted)
    bench.engine.config = EngineConfig(rate=44_100, channels=1, run_ahead=how)
    bench.start(0.4)
    for name, value in (("opening_s", 1.3e-3), ("choice", Choice(Ensemble((FIT,)), FIT)), ("filler", None)):
        monkeypatch.setattr(Engine, name, value)
    monkeypatch.setattr(bench.engine, "next_step", steps.next_step)
    monkeypatch.setattr(bench.engine, "do", steps.do)
    return steps


def test_the_next_packet_is_prepared_behind_the_fits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = prepared(bench, monkeypatch, "auto", [])
    fill_up(bench)
    bench.wanted, steps.wanted = 1, [Step.OPEN]
    assert bench.turn() == 1
    assert steps.done == [Step.OPEN]
    assert steps.asked == {True}
    assert bench.ahead.passed == 0


def test_where_fits_had_no_time_nothing_is_prepared(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = prepared(bench, monkeypatch, "on", [Step.OPEN])
    bench.wanted = 1  # and no budget yet
    bench.turn()
    assert steps.done == []


def test_the_budget_of_the_next_fits_is_spared_but_not_by_those_who_say_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for how, done in (("auto", []), ("on", [Step.OPEN])):
        steps = prepared(bench, monkeypatch, how, [Step.OPEN])
        bench.ahead._saved_ns = 2.5 * FIT_NS  # 1.3 for the step, 1.3 for the next fit
        bench.ahead._budget = 0.4
        bench.ahead._seen_ns = bench.now_ns
        bench.ahead.run([bench.engine], bench.now_ns)
        assert steps.done == done
        assert bench.ahead.passed == len(steps.wanted)


def test_nothing_is_prepared_late_in_the_turn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = prepared(bench, monkeypatch, "on", [Step.OPEN])
    bench.turn(late_ns=int(0.69 * FRAME_NS))
    assert (steps.done, bench.ahead.passed) == ([], 1)


def test_off_is_said_to_the_engine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = prepared(bench, monkeypatch, "off", [])
    bench.turn()
    assert steps.asked == {False}


def test_nothing_wanted_is_nothing_skipped(bench: Bench) -> None:
    bench.start(0.4)
    fill_up(bench)
    assert bench.ahead.skipped == 0
    assert bench.ahead.snapshot(bench.engine) == {
        "fits": 0,
        "ready": 0,
        "missing": 0,
        "skipped": 0,
        "ms": 0.0,
        "share": 0.0,
        "run_ahead": "auto",
        "prepared": 0,
        "used": 0,
        "passed": 0,
    }

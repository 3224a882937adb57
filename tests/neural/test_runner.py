"""A network on a thread of its own: results in time, late ones ended, and nothing queued behind them."""

import time
from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest
import tiny_models as tiny

from plcd.core.refiner import Block
from plcd.neural.loading import make_network
from plcd.neural.runner import Runner

PATIENCE_S = 30.0


def block(level: float = 0.1) -> Block:
    rng = np.random.default_rng(7)
    past, prediction, innovation = (
        (level * rng.standard_normal(size)).astype(np.float32) for size in (1024, 1024, 1024)
    )
    return Block(past, np.ones(1024, np.bool_), prediction, innovation, 0, 44_100)


def made(content: bytes) -> Runner:
    return Runner(make_network(content))


@pytest.fixture
def quick() -> Iterator[Runner]:
    runner = made(tiny.magnitude(0.5))
    yield runner
    runner.close()


@pytest.fixture
def endless() -> Iterator[Runner]:
    """One whose network runs for hours unless it is ended."""
    runner = made(tiny.endless())
    yield runner
    runner.close()


def in_ms(ms: float) -> int:
    return time.monotonic_ns() + round(1e6 * ms)


def until_idle(runner: Runner) -> None:
    limit = time.monotonic() + PATIENCE_S
    while runner._busy() is not None:
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_it_gives_what_the_network_gives(quick: Runner) -> None:
    expected = make_network(tiny.magnitude(0.5)).refine(block())
    for until_ns in (None, in_ms(1e6)):
        quick.until_ns = until_ns
        np.testing.assert_array_equal(quick.refine(block()), expected)
    assert quick.late == 0
    assert quick.look(block(0.2).past)
    assert not quick.look(block(0.2).past)
    assert (quick.name, quick.context, quick.block, quick.horizon, quick.made, quick.fade) == (
        "tiny",
        1024,
        512,
        1024,
        768,
        64,
    )


def test_a_late_run_is_ended_and_nothing_waits_behind_it(endless: Runner) -> None:
    endless.until_ns = in_ms(50)
    assert endless.refine(block()) is None
    assert endless.late == 1
    until_idle(endless)
    assert endless.network.failure is None


def test_while_a_late_run_is_ending_there_is_nothing_at_once(quick: Runner) -> None:
    """Held up where no operator can end it."""
    go, begun = Event(), Event()

    def stuck() -> None:
        begun.set()
        go.wait(PATIENCE_S)

    quick.until_ns = in_ms(50)
    quick.on_its_thread(stuck)
    assert begun.wait(PATIENCE_S)
    quick.until_ns = None
    before = quick.late
    assert quick.refine(block()) is None
    assert quick.late == before + 1
    go.set()
    until_idle(quick)
    assert quick.refine(block()) is not None
    assert quick.late == before + 1


def test_no_time_left_is_late_unless_no_sound_waits(quick: Runner) -> None:
    quick.until_ns = time.monotonic_ns()
    assert quick.refine(block()) is None
    assert quick.late == 1
    quick.urgent = False
    assert quick.refine(block()) is None
    assert not quick.look(block().past)
    assert quick.late == 1


def test_what_was_begun_gives_way_to_sound(endless: Runner) -> None:
    """It ends at the network's next operator; here the urgent call then takes too long of itself."""
    assert endless.begin(lambda: endless.network.refine(block()))
    assert not endless.begin(lambda: None)
    assert endless.ended() == (False, None)
    endless.urgent, endless.until_ns = False, None
    assert endless.refine(block()) is None
    assert endless.late == 0
    endless.urgent, endless.until_ns = True, in_ms(5_000)
    endless.on_its_thread(lambda: None)
    assert endless.late == 0
    assert endless.ended() == (True, None)


def test_what_was_begun_is_heard_of_once(quick: Runner) -> None:
    assert quick.begin(lambda: (1.0, 2.0))
    until_idle(quick)
    assert quick.ended() == (True, (1.0, 2.0))
    assert quick.ended() == (False, None)


def test_what_is_ended_before_it_begins_is_never_run() -> None:
    runner = made(tiny.magnitude())
    go, ran = Event(), Event()
    assert runner.begin(lambda: go.wait(PATIENCE_S))
    first = runner._busy()
    assert first is not None
    runner._running = None  # as if it were another's
    assert runner.begin(ran.set)
    second = runner._busy()
    assert second is not None
    runner._cancel(second)
    go.set()
    assert second.done.wait(PATIENCE_S)
    assert not ran.is_set()
    assert runner.ended() == (True, None)
    runner.until_ns = None
    assert runner.refine(block()) is not None
    runner.close()


def test_what_cannot_be_ready_is_not_begun(quick: Runner) -> None:
    quick.least_s = 1e5
    quick.until_ns = in_ms(1e6)
    assert quick.refine(block()) is None
    assert (quick.late, quick._running) == (1, None)
    quick.urgent = False
    assert quick.refine(block()) is not None


def test_how_long_it_takes_is_measured_and_too_slow_ones_are_refused(quick: Runner) -> None:
    quick.warm()
    assert 0.0 < quick.least_s <= quick.after_s
    assert quick.whole_s > 0.0
    quick.serve(44_100, 1, 512)
    quick.least_s = 0.8 * 512 / 44_100 - 1e-6
    assert quick.refuses(44_100) is None
    quick.serve(44_100, 2, 512)
    reason = quick.refuses(44_100)
    assert reason is not None
    assert "takes 18.6 ms for each frame, of which only 9.3 ms are left" in reason
    assert "works offline only" in reason
    assert "not for 8000 Hz" in str(quick.refuses(8_000))

"""Ticks under a clock that the test moves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Origin, PlayedFrame
from plcd.io.outputs.timer import CATCH_UP_NS, Ticks, TimerOutput

SECOND = 1_000_000_000


class Clock:
    """A clock that stands until somebody sleeps, and oversleeps a little."""

    def __init__(self, now_ns: int = 0, oversleep_ns: int = 50_000) -> None:
        self.now_ns = now_ns
        self.oversleep_ns = oversleep_ns

    def __call__(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND) + self.oversleep_ns


def ticks(clock: Clock, rate: int = 44_100, period: int = 512) -> Ticks:
    return Ticks(rate, period, clock, clock.sleep)


@given(
    rate=st.integers(8_000, 192_000),
    period=st.integers(1, 4096),
    first_ns=st.integers(0, 10**15),
    works=st.lists(st.integers(0, 10**8), max_size=100),
)
def test_tick_k_has_its_instant_whatever_the_work_between(
    rate: int, period: int, first_ns: int, works: list[int]
) -> None:
    clock = Clock(first_ns)
    paced = ticks(clock, rate, period)
    paced.start(first_ns)
    late = 0
    for k, work_ns in enumerate(works):
        exact = first_ns + k * period * SECOND // rate
        late += (clock.now_ns - exact) * rate > period * SECOND
        assert paced.wait() == exact
        assert clock.now_ns >= exact
        clock.now_ns += work_ns
    assert paced.underruns == late


def test_nothing_accumulates_in_a_day() -> None:
    clock = Clock()
    paced = ticks(clock, 44_100, 44_100)
    paced.start(0)
    assert [paced.wait() for _ in range(86_400)][-1] == 86_399 * SECOND
    assert paced.underruns == 0


def test_a_late_start_is_caught_up_and_not_counted() -> None:
    clock = Clock(SECOND)
    paced = ticks(clock, 1000, 10)
    paced.start(SECOND - 95_000_000)
    for _ in range(100):
        paced.wait()
        clock.now_ns += 2_000_000
    assert paced.underruns == 0
    clock.now_ns += 35_000_000
    for _ in range(100):
        paced.wait()
    assert paced.underruns == 2  # 27 and 17 ms late; the third is 7 ms late


def test_a_late_start_that_is_never_caught_up_counts_in_the_end() -> None:
    clock = Clock(SECOND)
    paced = ticks(clock, 1000, 10)
    paced.start(SECOND - 95_000_000)
    for _ in range(200):
        paced.wait()
        clock.now_ns += 11_000_000
    assert 0 < paced.underruns <= 200 - CATCH_UP_NS // 11_000_000


def test_the_null_output_paces_and_forgets() -> None:
    output = TimerOutput(1000, 10)
    output.start(0)
    assert [output.wait() for _ in range(3)] == [0, 10_000_000, 20_000_000]
    output.write(PlayedFrame(np.zeros((10, 1), np.float32), Origin.IDLE))
    status = output.status()
    assert (status.name, status.underruns, status.ring_ms, status.device_ms) == ("null", 0, 0.0, 0.0)
    output.close()
    output.close()

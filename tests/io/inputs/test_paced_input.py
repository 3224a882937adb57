"""Files as inputs: what is delivered, and that nothing is lost over pauses and changes of pace. Time is the real one."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from plcd.core.frame import Samples
from plcd.io.inputs.base import InputError, Pace
from plcd.io.inputs.paced import PacedInput, silence
from plcd.io.inputs.worker import Beat

PACE = Pace(48000, 2, 100)


class Sink:
    """What came."""

    def __init__(self) -> None:
        self.blocks: list[Samples] = []
        self.rates: set[int] = set()
        self.threads: set[str] = set()

    def __call__(self, block: Samples, rate: int) -> None:
        self.blocks.append(block)
        self.rates.add(rate)
        self.threads.add(threading.current_thread().name)

    @property
    def samples(self) -> int:
        return sum(map(len, self.blocks))

    def until(self, samples: int) -> None:
        until(lambda: self.samples >= samples)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def ramp(count: int) -> Samples:
    return np.arange(1, count + 1, dtype=np.float32)[:, None]


def blocks(audio: Samples, *sizes: int) -> Iterator[Samples]:
    start = 0
    for size in sizes:
        yield audio[start : start + size]
        start += size


def test_every_sample_once_then_silence() -> None:
    audio, sink = ramp(1000), Sink()
    one = PacedInput("file:x", blocks(audio, 1, 500, 0, 499), 48000, 1)
    one.start(sink)
    one.begin(PACE)
    sink.until(1500)
    one.close()
    heard = np.concatenate(sink.blocks)
    np.testing.assert_array_equal(heard[:1000], audio)
    assert not heard[1000:].any()
    assert {len(block) for block in sink.blocks} == {100}
    assert sink.rates == {48000}
    assert sink.threads == {"plcd-input"}
    status = one.status()
    assert (status.name, status.underruns, status.lost) == ("file:x", 0, False)


def test_nothing_is_read_before_it_is_wanted_nor_while_paused() -> None:
    audio, sink = ramp(2000), Sink()
    one = PacedInput("x", blocks(audio, *[100] * 20), 48000, 1)
    one.start(sink)
    time.sleep(0.05)
    assert sink.blocks == []
    one.begin(PACE)
    sink.until(300)
    one.pause()
    until(lambda: "plcd-input" in {thread.name for thread in threading.enumerate()})
    time.sleep(0.05)
    paused = sink.samples
    time.sleep(0.1)
    assert sink.samples == paused
    one.begin(Pace(48000, 2, 37))
    sink.until(2000)
    one.close()
    np.testing.assert_array_equal(np.concatenate(sink.blocks)[:2000], audio)
    after = sink.samples
    time.sleep(0.05)
    assert sink.samples == after


def test_a_file_of_another_rate_keeps_its_own_time() -> None:
    """Over any number of the peer's packets there is as much of the file as is as long."""
    sink = Sink()
    one = PacedInput("x", blocks(ramp(44100), 44100), 44100, 1)
    one.start(sink)
    one.begin(PACE)
    sink.until(2000)
    one.close()
    ends = np.cumsum([len(block) for block in sink.blocks])
    np.testing.assert_array_equal(ends, [100 * k * 44100 // 48000 for k in range(1, len(ends) + 1)])
    np.testing.assert_array_equal(np.concatenate(sink.blocks), ramp(len(np.concatenate(sink.blocks))))
    assert sink.rates == {44100}


def test_a_file_that_breaks_is_followed_by_silence(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Iterator[Samples]:
        yield ramp(50)
        raise InputError("x.flac: damaged")

    sink = Sink()
    one = PacedInput("x", broken(), 48000, 1)
    one.start(sink)
    one.begin(PACE)
    sink.until(500)
    one.close()
    assert not np.concatenate(sink.blocks)[50:].any()
    assert one.status().lost
    assert caplog.text.count("x.flac: damaged") == 1


def test_silence_has_no_end() -> None:
    sink, one = Sink(), silence()
    one.start(sink)
    one.begin(PACE)
    sink.until(1000)
    one.close()
    assert not np.concatenate(sink.blocks).any()


def test_closing_what_never_began() -> None:
    one = silence()
    one.close()
    other = silence()
    other.start(Sink())
    other.close()


def test_beats_are_where_the_rate_says_and_a_long_sleep_is_not_caught_up_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 5
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += round(seconds * 1e9)

    monkeypatch.setattr(time, "monotonic_ns", lambda: now)
    monkeypatch.setattr(time, "sleep", sleep)
    beat = Beat(Pace(44100, 1, 441))
    for k in range(5):
        beat.wait()
        assert now == 5 + k * 10_000_000
    now += 500_000_000
    for _ in range(50):
        beat.wait()
    assert len(slept) == 4
    beat.wait()
    assert beat.number == 56
    now += 5_000_000_000
    beat.wait()
    assert beat.number == 1
    before = now
    beat.wait()
    assert now == before + 10_000_000

"""The ring: a queue of samples that never lies, also between two threads."""

import threading
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plcd.core.jit import kernel
from plcd.io.outputs import ring_memory
from plcd.io.outputs.ring import LARGEST_HOST_BUFFER, Ring


def numbered(start: int, count: int, channels: int) -> NDArray[np.float32]:
    """Sample k of channel c is ``k + 1 + c / 8``: it says which it is, and is never silence."""
    return (np.arange(start, start + count)[:, None] + 1 + np.arange(channels) / 8).astype(np.float32)


def take(ring: Ring, samples: int, channels: int, moment: int = 0) -> tuple[int, NDArray[np.float32]]:
    target = np.full((samples, channels), np.nan, np.float32)
    return ring.take(target.ctypes.data, samples, moment), target


@given(
    period=st.integers(1, 3000),
    channels=st.integers(1, 3),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5000)), max_size=60),
)
def test_a_ring_is_a_queue(period: int, channels: int, steps: list[tuple[bool, int]]) -> None:
    ring = Ring(period, channels)
    capacity = -(-max(2 * period, LARGEST_HOST_BUFFER) // period) * period
    model: deque[tuple[float, ...]] = deque()
    written = asked = underruns = callbacks = 0
    for writes, count in steps:
        if writes:
            block = numbered(written, count, channels)
            fits = count <= capacity - len(model)
            assert ring.write(block) is fits
            if fits:
                model.extend(map(tuple, block.tolist()))
                written += count
        else:
            found, target = take(ring, count, channels)
            expected = [model.popleft() for _ in range(min(count, len(model)))]
            assert found == len(expected)
            np.testing.assert_array_equal(
                target[:found], np.array(expected, np.float32).reshape(-1, channels)
            )
            assert not target[found:].any()
            underruns += found < count and written > 0
            asked += count
            callbacks += 1
        assert ring.held == len(model)
        assert (ring.asked, ring.underruns, ring.callbacks) == (asked, underruns, callbacks)


def test_an_empty_ring_before_the_first_sample_and_after_the_last_is_no_underrun() -> None:
    ring = Ring(4, 1)
    take(ring, 4, 1)
    assert ring.underruns == 0
    ring.write(numbered(0, 3, 1))
    take(ring, 4, 1)
    assert ring.underruns == 1
    ring.end()
    take(ring, 4, 1)
    assert ring.underruns == 1


def test_two_periods_are_wanted_or_as_much_as_the_host_takes_at_once() -> None:
    ring = Ring(100, 1)
    assert ring.limit == ring.room() == 200
    for moment in (1, 2, 2, 3):
        take(ring, 100, 1, moment)
    assert ring.limit == 200
    for _ in range(5):
        take(ring, 100, 1, 4)
    assert ring.limit == ring.room() == 500
    ring.write(numbered(0, 100, 1))
    assert ring.room() == 400
    for _ in range(1000):
        take(ring, 100, 1)  # of an unknown moment
    assert ring.limit == 500
    for _ in range(1000):
        take(ring, 100, 1, 5)
    assert LARGEST_HOST_BUFFER <= ring.limit < LARGEST_HOST_BUFFER + 100


def test_audio_of_the_wrong_shape_is_refused() -> None:
    ring = Ring(4, 2)
    with pytest.raises(ValueError, match="channels"):
        ring.write(np.zeros((4, 1), np.float32))
    with pytest.raises(ValueError, match="channels"):
        ring.write(np.zeros(4, np.float32))


def test_the_sides_have_cache_lines_of_their_own() -> None:
    assert Ring(1, 1).address % 128 == 0
    assert ring_memory.WRITTEN // ring_memory.LINE != ring_memory.TAKEN // ring_memory.LINE


@kernel
def produce(control: int, block: NDArray[np.float32], total: int) -> int:
    """Put the numbers 1 .. total through the ring, spinning while it is full."""
    done = 0
    while done < total:
        count = min(len(block), total - done)
        for i in range(count):
            block[i] = done + i + 1
        while not ring_memory.put(control, block.ctypes.data, count):
            pass
        done += count
    return done


@kernel
def consume(control: int, block: NDArray[np.float32], total: int) -> int:
    """Take them out again; how many were not the number expected."""
    wrong = 0
    done = 0
    while done < total:
        found = ring_memory.take(control, block.ctypes.data, len(block), 0)
        for i in range(found):
            if block[i] != done + i + 1:
                wrong += 1
        for i in range(found, len(block)):
            if block[i] != 0:
                wrong += 1
        done += found
    return wrong


@pytest.mark.parametrize(("puts", "takes"), [(64, 64), (100, 37), (1, 1), (4096, 640)])
def test_two_threads_lose_and_mix_up_nothing(puts: int, takes: int) -> None:
    total = 400_000
    ring = Ring(64, 1)
    source, target = np.zeros(puts, np.float32), np.zeros(takes, np.float32)
    produce(ring.address, source, 0)
    consume(ring.address, target, 0)
    done: list[int] = []
    producer = threading.Thread(target=lambda: done.append(produce(ring.address, source, total)))
    producer.start()
    wrong = consume(ring.address, target, total)
    producer.join()
    assert (wrong, done, ring.held) == (0, [total], 0)

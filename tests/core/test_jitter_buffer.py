from typing import NamedTuple

import numpy as np
import pytest
from core_streams import UNIT, numbered
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.jitter_buffer import JitterBuffer

CAPACITY = 50
cursors = st.sampled_from([0, 49, 2**32 - 7, 2**53 + 1, 2**62])


class Step(NamedTuple):
    """What to do to a buffer, ``place`` samples from its cursor."""

    what: str
    place: int
    size: int


steps = st.builds(
    Step,
    st.sampled_from(["insert", "insert", "insert", "advance", "peek"]),
    st.integers(-70, 120),
    st.integers(0, 70),
)


def check(buffer: JitterBuffer, held: dict[int, float], frames: int) -> None:
    samples, present = buffer.peek(frames)
    reach = range(buffer.cursor, buffer.cursor + min(frames, buffer.capacity))
    assert present.tolist() == [position in held for position in reach]
    assert samples[present, 0].tolist() == [held[position] for position in reach if position in held]
    assert np.array_equal(samples[present, 1], -samples[present, 0])


@given(cursors, st.lists(steps, max_size=30))
def test_a_buffer_is_a_bounded_map_of_positions(cursor: int, todo: list[Step]) -> None:
    buffer = JitterBuffer(CAPACITY, 2, cursor)
    held: dict[int, float] = {}
    for number, (what, place, size) in enumerate(todo):
        if what == "insert":
            position = buffer.cursor + place
            samples = numbered(number * 100, size, 2)
            new = {
                position + i: float(samples[i, 0])
                for i in range(size)
                if 0 <= place + i < CAPACITY and position + i not in held
            }
            assert buffer.insert(position, samples) == len(new)
            held |= new
        elif what == "advance":
            cursor = buffer.cursor + size
            buffer.advance(size)
            assert buffer.cursor == cursor
            held = {position: value for position, value in held.items() if position >= cursor}
        check(buffer, held, max(0, place))
    check(buffer, held, CAPACITY + 1)


@given(
    cursors,
    st.lists(st.integers(1, 60), min_size=1, max_size=20),
    st.lists(st.integers(1, 60), min_size=1, max_size=40),
    st.data(),
)
def test_any_order_size_loss_and_doubling_of_packets(
    cursor: int, sizes: list[int], frames: list[int], data: st.DataObject
) -> None:
    starts = np.concatenate(([0], np.cumsum(sizes)))
    total = int(starts[-1])
    packets = data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=2 * len(sizes)))
    buffer = JitterBuffer(total, 1, cursor)
    arrived = np.zeros(total, dtype=np.bool_)
    for index in packets:
        start, size = int(starts[index]), sizes[index]
        taken = buffer.insert(cursor + start, numbered(start, size))
        assert taken == (0 if arrived[start] else size)
        arrived[start : start + size] = True
    place = 0
    for count in frames:
        samples, present = buffer.peek(count)
        samples, present = samples.copy(), present.copy()
        buffer.advance(count)
        expected = arrived[place : place + count]
        assert np.array_equal(present[: expected.size], expected)
        assert not present[expected.size :].any()
        numbers = np.rint(samples[present, 0] / UNIT).astype(int) - 1
        assert numbers.tolist() == (np.flatnonzero(present) + place).tolist()
        place += count
        assert buffer.cursor == cursor + place


@given(cursors, st.integers(1, 120), st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 30)), max_size=8))
def test_rewinding_keeps_what_is_within_reach(cursor: int, back: int, packets: list[tuple[int, int]]) -> None:
    cursor += 200
    buffer = JitterBuffer(CAPACITY, 2, cursor)
    held: dict[int, float] = {}
    for place, size in packets:
        samples = numbered(place + 500, size, 2)
        buffer.insert(cursor + place, samples)
        for i in range(size):
            if 0 <= place + i < CAPACITY:
                held[cursor + place + i] = float(samples[i, 0])
    buffer.rewind(cursor - back)
    assert buffer.cursor == cursor - back
    held = {position: value for position, value in held.items() if position < cursor - back + CAPACITY}
    check(buffer, held, CAPACITY)
    samples = numbered(0, CAPACITY, 2)
    assert buffer.insert(cursor - back, samples) == CAPACITY - len(held)


@given(cursors, st.integers(1, 100), st.integers(0, 80), st.lists(st.integers(0, 49), max_size=8))
def test_resizing_keeps_what_is_within_reach(
    cursor: int, capacity: int, advanced: int, places: list[int]
) -> None:
    buffer = JitterBuffer(CAPACITY, 2, cursor)
    buffer.advance(advanced)
    held = {}
    for place in places:
        samples = numbered(place, 1, 2)
        buffer.insert(buffer.cursor + place, samples)
        if place < capacity:
            held[buffer.cursor + place] = float(samples[0, 0])
    other = buffer.resized(capacity)
    assert (other.capacity, other.cursor) == (capacity, buffer.cursor)
    check(other, held, capacity)


def test_advancing_by_more_than_it_holds_forgets_all() -> None:
    buffer = JitterBuffer(10, 1, 0)
    buffer.insert(0, numbered(0, 10))
    buffer.advance(1_000_000)
    assert buffer.cursor == 1_000_000
    assert not buffer.peek(10)[1].any()


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_an_hour_of_packets_leaves_no_more_than_a_capacity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    buffer = JitterBuffer(1000, 1, 2**53 - 500)
    for _ in range(200):
        buffer.insert(buffer.cursor + int(rng.integers(-2000, 3000)), numbered(0, int(rng.integers(1, 3000))))
        buffer.advance(int(rng.integers(0, 900)))
        samples, present = buffer.peek(10**9)
        assert samples.shape == (1000, 1)
        assert present.shape == (1000,)


@pytest.mark.parametrize("frames", [0, 1, 10])
def test_a_peek_changes_nothing(frames: int) -> None:
    buffer = JitterBuffer(10, 1, 3)
    buffer.insert(3, numbered(0, 5))
    before = [part.copy() for part in buffer.peek(10)]
    buffer.peek(frames)
    for part, after in zip(before, buffer.peek(10), strict=True):
        assert np.array_equal(part, after)

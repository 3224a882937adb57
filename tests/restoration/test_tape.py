"""The tape: everything comes out once and in order, what was put in its place, and little is held."""

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plcd.restoration.restorer import Audio
from plcd.restoration.tape import Tape


def blocks(sizes: list[int]) -> Iterator[Audio]:
    place = 0
    for size in sizes:
        yield np.arange(place, place + size, dtype=np.float64)[:, None]
        place += size


@given(
    st.lists(st.integers(1, 20), max_size=20),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 25)), max_size=12),
)
def test_all_comes_out_in_order_with_what_was_put_over_it(
    sizes: list[int], steps: list[tuple[int, int]]
) -> None:
    total = sum(sizes)
    expected = np.arange(total, dtype=np.float64)
    tape = Tape(blocks(sizes), 1)
    out: list[Audio] = []
    start = 0
    for ahead, length in steps:
        start = min(total, start + ahead)
        stop = min(total, start + length)
        out += tape.release(start)
        tape.read_to(stop)
        np.testing.assert_array_equal(tape.cut(start, stop)[:, 0], expected[start:stop])
        if stop > start:
            tape.put(start, np.full((1, 1), -1.0 - start))
            expected[start] = -1.0 - start
    out += tape.release(total)
    np.testing.assert_array_equal(np.concatenate([*out, np.zeros((0, 1))])[:, 0], expected)


def test_what_is_cut_out_is_a_copy() -> None:
    tape = Tape(blocks([5]), 1)
    tape.read_to(5)
    tape.cut(0, 5)[:] = 9.0
    assert tape.cut(0, 5)[:, 0].tolist() == [0, 1, 2, 3, 4]

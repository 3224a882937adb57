import numpy as np
from core_streams import numbered
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.history import History

pieces = st.lists(st.integers(0, 60), max_size=40)


@given(st.integers(1, 25), st.integers(1, 3), pieces)
def test_it_holds_the_newest_samples_in_order(length: int, channels: int, sizes: list[int]) -> None:
    history = History(channels, length)
    total = 0
    for size in sizes:
        played = numbered(total, size, channels)
        history.append(played, played)
        total += size
        known = min(total, length)
        assert np.array_equal(history.newest(), numbered(total - known, known, channels).T)


@given(st.integers(1, 25), pieces)
def test_it_keeps_the_peak_of_the_levels_it_reaches(length: int, sizes: list[int]) -> None:
    history = History(2, length)
    rng = np.random.default_rng(0)
    levels = np.zeros((0, 2), dtype=np.float32)
    for size in sizes:
        level = rng.standard_normal((size, 2)).astype(np.float32)
        history.append(5 * level, level)
        levels = np.concatenate((levels, level))[-length:]
        for count in (length, length // 2, 1, 0, length + 7):
            newest = levels[max(0, levels.shape[0] - count) :]
            assert np.array_equal(history.peak(count), np.abs(newest).max(axis=0, initial=0.0))


@given(st.integers(1, 25), st.integers(1, 60), pieces, pieces)
def test_another_length_keeps_what_both_reach(
    length: int, other_length: int, sizes: list[int], more: list[int]
) -> None:
    history = History(2, length)
    total = 0
    for size in sizes:
        history.append(numbered(total, size, 2), 2 * numbered(total, size, 2))
        total += size
    other = history.resized(other_length)
    known = min(total, length, other_length)
    assert np.array_equal(other.newest(), numbered(total - known, known, 2).T)
    assert other.place == history.place
    assert np.array_equal(other.peak(other_length), 2 * np.abs(other.newest()).max(axis=1, initial=0.0))
    for size in more:
        other.append(numbered(total, size, 2), numbered(total, size, 2))
        total, known = total + size, min(known + size, other_length)
        assert np.array_equal(other.newest(), numbered(total - known, known, 2).T)
        assert other.place == total


@given(st.integers(1, 25), pieces, st.integers(0, 40), st.integers(0, 40))
def test_what_was_before_a_place_stays_where_it_was(
    length: int, sizes: list[int], back: int, count: int
) -> None:
    """Whatever was added since: all of it that is still there, and nothing else."""
    history = History(2, length)
    total = 0
    for size in sizes:
        history.append(numbered(total, size, 2), numbered(total, size, 2))
        total += size
        assert history.place == total
        place = max(0, total - back)
        first = max(0, place - count, total - length)
        assert np.array_equal(history.before(place, count), numbered(first, max(0, place - first), 2).T)
        assert np.array_equal(history.newest(count), history.before(total, count))


def test_nothing_is_made_up_at_the_beginning() -> None:
    history = History(2, 10)
    assert history.newest().shape == (2, 0)
    assert history.newest(3).shape == history.before(0, 3).shape == (2, 0)
    assert history.peak(10).tolist() == [0.0, 0.0]
    assert history.resized(5).newest().shape == (2, 0)


def test_its_memory_does_not_grow() -> None:
    history = History(1, 100)
    size = history._played.nbytes
    for _ in range(5000):
        history.append(numbered(0, 37), numbered(0, 37))
    assert history._played.nbytes == history._levels.nbytes == size

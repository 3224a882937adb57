"""What is taken out of a patch: how much, in what pieces, where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.neural.patches import FRAMES, HOP, PATCH, Flags
from plcd.training.data.deletion import Deletion, blocks, one_block


def lengths(flags: Flags) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return (edges[1::2] - edges[::2]).tolist()  # type: ignore[no-any-return]


@given(st.floats(0.1, 0.7), st.integers(0, 2**32))
def test_one_block_is_one_block_of_that_share(share: float, seed: int) -> None:
    flags = one_block(share, np.random.default_rng(seed))
    assert lengths(flags) == [round(share * FRAMES)]


@given(st.floats(0.1, 0.7), st.integers(2, 8), st.integers(8, 16), st.integers(0, 2**32))
def test_blocks_have_the_lengths_that_are_said_and_stand_apart(
    share: float, shortest: int, longest: int, seed: int
) -> None:
    flags = blocks(share, shortest, longest, np.random.default_rng(seed))
    found = lengths(flags)
    assert found
    assert min(found) >= shortest
    assert max(found) <= longest
    assert flags.sum() <= max(shortest, round(share * FRAMES))
    assert flags.sum() > min(round(share * FRAMES) - shortest, FRAMES // 3)


def test_blocks_lie_anywhere() -> None:
    covered = sum(blocks(0.4, 4, 16, np.random.default_rng(seed)).astype(int) for seed in range(400))
    assert isinstance(covered, np.ndarray)
    assert covered[5:-5].min() > 80
    assert covered.max() < 260


def test_frames_samples_or_nothing_by_the_shares_that_are_said() -> None:
    deletion = Deletion(cut_share=0.4, whole_share=0.1)
    drawn = [deletion.draw(np.random.default_rng(seed)) for seed in range(1000)]
    cut = sum(bool(samples.any()) for samples, _ in drawn)
    deleted = sum(bool(frames.any()) for _, frames in drawn)
    assert not any(samples.any() and frames.any() for samples, frames in drawn)
    assert cut == pytest.approx(400, abs=60)
    assert deleted == pytest.approx(500, abs=60)
    assert {samples.shape for samples, _ in drawn} == {(PATCH,)}
    shares = [float(frames.mean()) for _, frames in drawn if frames.any()]
    assert min(shares) > 0.06
    assert max(shares) == pytest.approx(0.7, abs=0.01)
    least = min(int(samples.sum()) for samples, _ in drawn if samples.any())
    assert 2 * HOP <= least <= 4 * HOP  # a packet of 12 ms has 186


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"least": 0.0}, "least and most must lie in 0..1"),
        ({"least": 0.8}, "least and most must lie in 0..1"),
        ({"shortest": 1}, "shortest and longest must lie in 2..32"),
        ({"longest": 64}, "shortest and longest must lie in 2..32"),
        ({"cut_share": 0.8, "whole_share": 0.3}, "together 1 at most"),
    ],
)
def test_what_cannot_be_deleted_is_told(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Deletion(**settings)  # type: ignore[arg-type]

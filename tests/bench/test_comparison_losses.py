"""Losses by name: the same trace for all, bursts that move with the seed and keep their length."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import numpy as np
import pytest
from comparison.losses import parse_losses

from plcd.cli.errors import CliError
from plcd.core.loss import Gilbert


def _runs(flags: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> list[int]:
    text = "".join("1" if lost else "0" for lost in flags)
    return [len(run) for run in text.split("0") if run]


def test_lists_may_hold_losses_with_commas() -> None:
    names = [loss.name for loss in parse_losses("gilbert10, gilbert:.1,.5,bursts,burst8,bursts:2,9")]
    assert names == ["gilbert10", "gilbert:.1,.5", "burst8", "burst16", "bursts:2,9"]


def test_gilbert_is_the_core_s_own() -> None:
    for name, p in (("gilbert10", 0.079), ("gilbert3", 0.0213)):
        (loss,) = parse_losses(name)
        expected = Gilbert(p, 0.69).sample(689, np.random.default_rng(3))
        assert np.array_equal(loss.flags(689, 3), expected)


@pytest.mark.parametrize("length", [1, 2, 4, 8, 16])
def test_bursts_keep_length_and_distance_and_move_with_the_seed(length: int) -> None:
    (loss,) = parse_losses(f"burst{length}")
    starts = set()
    for seed in range(5):
        flags = loss.flags(689, seed)
        first = np.flatnonzero(np.diff(flags.astype(int), prepend=0) == 1)
        assert set(_runs(flags)) == {length}
        assert set(np.diff(first)) == {10 * length}
        assert not flags[0]
        starts.add(int(first[0]))
        assert np.array_equal(flags, loss.flags(689, seed))
    assert len(starts) >= 3


def test_a_burst_cut_by_the_end_is_left_out() -> None:
    (loss,) = parse_losses("burst8")
    for packets in range(60, 200):
        assert set(_runs(loss.flags(packets, 0))) <= {8}


@pytest.mark.parametrize(
    "text", ["", "gilbert11", "none", "burst0", "bursts:9,2", "trace:file", "gilbert:2,3"]
)
def test_what_there_is_not_is_told_with_what_there_is(text: str) -> None:
    with pytest.raises(CliError, match="gilbert10, gilbert3, burst1") as told:
        parse_losses(text)
    assert "\n" not in told.value.message

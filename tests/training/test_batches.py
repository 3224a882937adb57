"""Batches follow from the seed and their number: whatever the workers, wherever one begins."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pytest

from plcd.training.data.stream import Examples, Rounds, Stream
from plcd.training.errors import TrainingError

PLAN = Rounds(batch=4, clips=3, rounds=2, batches=5)


@dataclass(frozen=True)
class Numbers:
    """Clip i gives 1 + i % 3 examples that name it; every fourth clip has something to say."""

    nothing: bool = False

    def __call__(self, number: int, say: Callable[[str], None]) -> Examples:
        if number % 4 == 3:
            say("every fourth")
        count = 0 if self.nothing else 1 + number % 3
        return {"clip": np.full(count, number), "part": np.arange(count)}


def batches(
    start: int, count: int, workers: int = 0, seed: int = 5, said: list[str] | None = None
) -> list[list[int]]:
    say = (said if said is not None else []).append
    with Stream(Numbers(), PLAN, seed, start, workers, say) as stream:
        return [(10 * batch["clip"] + batch["part"]).tolist() for batch in islice(stream, count)]


def test_a_batch_is_the_same_whether_one_came_to_it_or_began_with_it() -> None:
    whole = batches(0, 40)
    for start in (1, 4, 5, 6, 23, 38):
        assert batches(start, 40 - start) == whole[start:]


def test_worker_processes_change_nothing() -> None:
    assert batches(0, 22, workers=2) == batches(0, 22)
    assert batches(13, 9, workers=1) == batches(13, 9)


def test_seeds_differ() -> None:
    assert batches(0, 3, seed=1) != batches(0, 3, seed=2)


def test_a_round_draws_from_the_newest_rounds_and_uses_each_example_before_any_again() -> None:
    for number, pool in ((0, range(3)), (1, range(6)), (4, range(9, 15))):
        examples = {10 * clip + part for clip in pool for part in range(1 + clip % 3)}
        drawn = [value for batch in batches(5 * number, 5) for value in batch]
        assert len(drawn) == 20
        assert set(drawn) <= examples
        if len(examples) <= 20:
            assert set(drawn) == examples


def test_each_message_is_said_once() -> None:
    said: list[str] = []
    batches(0, 30, said=said)
    assert said == ["every fourth"]


def test_no_examples_at_all_is_an_error() -> None:
    with (
        Stream(Numbers(nothing=True), PLAN, 0, 0, 0, print) as stream,
        pytest.raises(TrainingError, match="no examples"),
    ):
        next(iter(stream))

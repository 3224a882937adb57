"""Streams of examples as torch wants them."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.utils.data import IterableDataset

from plcd.training.data.stream import Maker, Rounds, Stream
from plcd.training.tasks.base import Batch


class Batches(IterableDataset[Batch]):
    """The batches of a :class:`Stream` from ``start`` on, each a dict of float32 tensors."""

    def __init__(
        self, maker: Maker, plan: Rounds, seed: int, start: int, workers: int, say: Callable[[str], None]
    ) -> None:
        self._make = lambda: Stream(maker, plan, seed, start, workers, say)

    def __iter__(self) -> Iterator[Batch]:
        with self._make() as stream:
            for examples in stream:
                yield {name: torch.from_numpy(values.astype(np.float32)) for name, values in examples.items()}


def first_batches(maker: Maker, plan: Rounds, count: int, say: Callable[[str], None]) -> list[Batch]:
    """Always the same few, to validate on."""
    iterator = iter(Batches(maker, plan, 0, 0, 0, say))
    return [next(iterator) for _ in range(count)]

"""An endless stream of batches in which everything follows from a seed and the number of the batch.

Theory of operation. A *maker* turns clip number i into a few examples, a pure function of the seed and i. Clips are made in
rounds of ``clips``. While round r is current, ``batches`` batches are drawn from the examples of the newest ``rounds``
rounds; meanwhile worker processes make the next round. So batch n is a function of seed and n alone, whatever the
number of workers: a training that was interrupted goes on with the very batches it would have had, at the price of
making ``rounds`` rounds anew.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from plcd.training.errors import TrainingError

Examples = dict[str, NDArray[Any]]
"""Arrays by name, each with the examples along its first axis."""


class Maker(Protocol):
    """Makes the examples of one clip. Immutable, and sent to worker processes once."""

    def __call__(self, number: int, say: Callable[[str], None]) -> Examples:
        """The examples of clip ``number``, maybe none; what a person should know goes to ``say``."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """How batches are drawn, see the module."""

    batch: int
    clips: int
    rounds: int
    batches: int


class Stream:
    """Iterates over batches from number ``start`` on; a context manager, which ends the workers.

    ``workers``: processes that make examples; 0: this process does. ``say`` gets each message once. Raises TrainingError
    where rounds hold no examples.
    """

    def __init__(
        self,
        maker: Maker,
        plan: Rounds,
        seed: int,
        start: int = 0,
        workers: int = 0,
        say: Callable[[str], None] = print,
    ) -> None:
        self._maker = maker
        self._plan = plan
        self._seed = seed
        self._start = start
        self._say = say
        self._said: set[str] = set()
        self._pool = (
            ProcessPoolExecutor(workers, get_context("spawn"), _begin_worker, (maker,))
            if workers > 0
            else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Examples]:
        plan = self._plan
        first = self._start // plan.batches
        oldest = max(0, first - plan.rounds + 1)
        pending = {number: self._ask(number) for number in range(oldest, first + 2)}
        kept = {number: self._collect(pending.pop(number)) for number in range(oldest, first + 1)}
        current = first
        while True:
            pool = [kept[number] for number in sorted(kept) if kept[number]]
            if not pool:
                raise TrainingError("no examples: no loss fell into the clips; use longer clips or more loss")
            joined = {name: np.concatenate([part[name] for part in pool]) for name in pool[0]}
            yield from self._batches(joined, current)
            current += 1
            pending[current + 1] = self._ask(current + 1)
            kept[current] = self._collect(pending.pop(current))
            kept.pop(current - plan.rounds, None)

    def _batches(self, pool: Examples, number: int) -> Iterator[Examples]:
        """The batches of one round that are still to come, drawn without repetition as far as the pool goes."""
        plan = self._plan
        size = next(iter(pool.values())).shape[0]
        rng = np.random.default_rng([self._seed, 1, number])
        wanted = plan.batch * plan.batches
        order = np.concatenate([rng.permutation(size) for _ in range(-(-wanted // size))])[:wanted]
        done = max(0, self._start - number * plan.batches)
        for index in range(done, plan.batches):
            chosen = order[index * plan.batch : (index + 1) * plan.batch]
            yield {name: values[chosen] for name, values in pool.items()}

    def _ask(self, number: int) -> "list[Future[_Made]] | range":
        clips = range(number * self._plan.clips, (number + 1) * self._plan.clips)
        return clips if self._pool is None else [self._pool.submit(_work, clip) for clip in clips]

    def _collect(self, asked: "list[Future[_Made]] | range") -> Examples:
        """Every example of a round, in the order of clips."""
        made = (
            [_make(self._maker, clip) for clip in asked]
            if isinstance(asked, range)
            else [job.result() for job in asked]
        )
        for _, messages in made:
            for message in messages:
                if message not in self._said:
                    self._said.add(message)
                    self._say(message)
        parts = [examples for examples, _ in made if examples and next(iter(examples.values())).shape[0]]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


_Made = tuple[Examples, list[str]]
_worker_maker: Maker | None = None


def _begin_worker(maker: Maker) -> None:
    """What a worker process keeps."""
    import signal

    global _worker_maker
    _worker_maker = maker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked decides when to stop


def _work(clip: int) -> _Made:
    assert _worker_maker is not None
    return _make(_worker_maker, clip)


def _make(maker: Maker, clip: int) -> _Made:
    messages: list[str] = []
    return maker(clip, messages.append), messages

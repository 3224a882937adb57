"""One channel of a hole with a network: block by block the refined samples, blended where one gives way to the other.

Theory of operation. The extrapolation is read ahead of what is played, as far as the refiner wants to see. For each block
the refiner either speaks or does not. Its result reaches beyond the block; over that *tail* whatever comes next is
blended in: the next block's result, the bare prediction, or what is received (the hole filler asks for :meth:`Refined.trail`
then, which never makes another block). Where the bare prediction led, the result is faded in.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from plcd.core.innovation import fall
from plcd.core.linear_prediction import Real
from plcd.core.presence import Mask
from plcd.core.refiner import Block, Refiner, Signal, playable, reach

_NOTHING = np.zeros(0)
_T = TypeVar("_T", np.float32, np.bool_)


@dataclass(slots=True)
class RefinerCounters:
    """What became of the blocks shown to a network, one a channel."""

    shown: int = 0
    missed: int = 0
    """Of these, how often it had nothing in time, or nothing that can be played."""
    withheld: int = 0
    """Blocks that were not shown because of its record."""
    trials: int = 0
    """How often it was tried on what was received."""
    untried: int = 0
    """How often there was no time for that, or no result in time."""

    @property
    def share(self) -> float:
        """Of all blocks, those that it made."""
        blocks = self.shown + self.withheld
        return (self.shown - self.missed) / blocks if blocks else 0.0


class Source(Protocol):
    """What a network is shown of a hole: an extrapolation, or a hole that is closed."""

    def read(self, count: int) -> None:
        """Work ahead what ``count`` samples need."""

    def parts(self, count: int) -> tuple[Real, Real]:
        """Prediction and innovation of the next ``count`` samples."""

    def held(self, samples: Real) -> Real:
        """``samples``, which go on from those of the call before, as loud as they may be."""


class Refined:
    """``past`` and ``received``: at least what ``refiner`` wants to see, as far as it is known, newest last."""

    def __init__(
        self,
        source: Source,
        refiner: Refiner,
        past: Signal,
        received: Mask,
        counters: RefinerCounters,
        rate: int,
    ) -> None:
        self.speaks = False
        """The network made the samples given last."""
        self.allowed = True
        """Whether it is to be asked."""
        self._source = source
        self._refiner = refiner
        self._reach = reach(refiner)
        self._counters = counters
        self._rate = rate
        self._past, self._received = newest(past, refiner.context), newest(received, refiner.context)
        self._prediction = _NOTHING
        self._innovation = _NOTHING
        self._start = 0
        self._ready = _NOTHING
        self._tail = _NOTHING
        self._rehearsed: Signal | None = None

    def read(self, count: int) -> None:
        """Read the extrapolation ahead, as far as the next ``count`` samples need."""
        self._source.read(max(count, self._refiner.horizon) - self._prediction.size)

    def look(self) -> bool:
        """Let the network do ahead what rests on what was played; False where it did nothing."""
        return self._refiner.look(self._past)

    def rehearse(self, count: int) -> bool:
        """Ask ahead for the block that is needed if ``count`` more samples are missing; False where nothing comes of it.

        Nothing that is given later depends on it.
        """
        if self.lacks(count):
            self._show(self._refiner.horizon)
            self._rehearsed = self._asked()
        return self._rehearsed is not None

    def lacks(self, count: int) -> bool:
        """``count`` more samples take a block that was not asked for ahead."""
        within = self._reach is None or self._start < self._reach
        return within and self._rehearsed is None and self._ready.size < count

    def next(self, count: int) -> Real:
        """The next ``count`` samples, under ceiling and loudness limit."""
        while self._ready.size < count:
            self._make_block()
        return self._given(count)

    def trail(self, count: int) -> Real:
        """The next ``count`` samples where the hole has ended: no block is made for them, the result's tail must do."""
        missing = count - self._ready.size
        if missing > 0:
            wanted = max(missing, self._tail.size)
            self._show(wanted)
            self._append(blend(self._tail, self._plain(wanted)))
            self._prediction, self._innovation = self._prediction[wanted:], self._innovation[wanted:]
            self._tail = _NOTHING
        return self._given(count)

    def foreseen(self, count: int) -> Real:
        """The next ``count`` samples as far as they are made, then the bare prediction; nothing is used up."""
        missing = max(0, count - self._ready.size)
        self._show(missing)
        return np.concatenate((self._ready, self._plain(missing)))[:count]

    def _given(self, count: int) -> Real:
        out, self._ready = np.split(self._ready, (count,))
        return self._source.held(out)

    def _make_block(self) -> None:
        block = self._refiner.block
        self._show(self._refiner.horizon)
        made, tail = self._plain(block), _NOTHING
        better = self._answer()
        self.speaks = better is not None
        if better is not None:
            result = better.astype(np.float64)
            if not self._tail.size:
                result = blend(made[: self._refiner.fade], result)
            made, tail = np.split(result, (block,))
        made = blend(self._tail, made)
        self._tail = tail
        self._append(made)
        self._past = np.concatenate((self._past, made.astype(np.float32)))[block:]
        self._received = np.concatenate((self._received, np.zeros(block, dtype=np.bool_)))[block:]
        self._prediction, self._innovation = self._prediction[block:], self._innovation[block:]
        self._start += block

    def _append(self, made: Real) -> None:
        self._ready = np.concatenate((self._ready, made))

    def _show(self, count: int) -> None:
        """Read the extrapolation until ``count`` samples lie ahead of the last block made."""
        missing = count - self._prediction.size
        if missing > 0:
            prediction, innovation = self._source.parts(missing)
            self._prediction = np.concatenate((self._prediction, prediction))
            self._innovation = np.concatenate((self._innovation, innovation))

    def _plain(self, count: int) -> Real:
        plain: Real = self._prediction[:count] + self._innovation[:count]
        return plain

    def _answer(self) -> Signal | None:
        """For the next block, counted; a block so far in the hole that the network was not made for it is not."""
        if self._reach is not None and self._start >= self._reach:
            return None
        if not self.allowed:
            self._counters.withheld += 1
            return None
        better = self._asked() if self._rehearsed is None else self._rehearsed
        self._rehearsed = None
        self._counters.shown += 1
        self._counters.missed += better is None
        return better

    def _asked(self) -> Signal | None:
        refiner = self._refiner
        prediction = self._prediction[: refiner.horizon].astype(np.float32)
        innovation = self._innovation[: refiner.horizon].astype(np.float32)
        block = Block(
            self._past.copy(), self._received.copy(), prediction, innovation, self._start, self._rate
        )
        return playable(refiner, block)


def newest(samples: NDArray[_T], count: int) -> NDArray[_T]:
    """The last ``count`` of ``samples``, after zeros where there are not so many; a copy."""
    out = np.zeros(count, dtype=samples.dtype)
    known = min(count, samples.size)
    out[count - known :] = samples[samples.size - known :]
    return out


def blend(before: Real, after: Real) -> Real:
    """``before`` into ``after``, over as much of both as there is, by a raised cosine; as long as ``after``."""
    count = min(before.size, after.size)
    out = after.copy()
    weight = fall(np.arange(1, count + 1), 0.0, count + 1.0)
    out[:count] = weight * before[:count] + (1.0 - weight) * after[:count]
    return out

"""The place of a network: it is shown, block by block of a hole, what the predictor made, and may give something better."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from plcd.core.ensemble import BEST, Ensemble

Signal = NDArray[np.float32]
"""One channel, shape ``(samples,)``, full scale 1.0."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a hole in one channel. The arrays are the refiner's own."""

    past: Signal
    """:attr:`Refiner.context` samples as they were played before the block, newest last; zeros before the stream began."""
    received: NDArray[np.bool_]
    """Which of them are played as they were received."""
    prediction: Signal
    """:attr:`Refiner.horizon` samples from the block's start on: what the predictor expects, without innovation."""
    innovation: Signal
    """The sampled innovation on top of it; zeros where there is none."""
    start: int
    """Samples of the hole before this block; a multiple of :attr:`Refiner.block`."""
    rate: int
    """Hz."""


class Refiner(Protocol):
    """Works on holes in blocks, which the frames of the stream do not move: equal holes give equal sound."""

    name: str
    context: int
    """Samples of the past it is shown."""
    block: int
    """Samples of a hole that it makes at a time."""
    horizon: int
    """Samples of prediction it is shown; at least ``made``."""
    made: int
    """Samples it returns: ``block``, and those which the crossfade into what follows takes."""
    fade: int
    """Samples of the fade from the prediction into its result at a hole's start."""

    def refuses(self, rate: int) -> str | None:
        """Why it cannot work at ``rate`` hertz, in one line; None where it can."""

    def look(self, past: Signal) -> bool:
        """Do ahead of a loss what rests on :attr:`Block.past` alone. Results do not depend on it.

        False where nothing was done: it was done before, there is no such work, or no time for it.
        """

    def refine(self, block: Block) -> Signal | None:
        """``made`` samples better than ``prediction + innovation``, or None when there is nothing (better) in time.

        Must return within the time that whoever runs it declares; a result that would come later is abandoned there,
        answered with None, and counted as ``model_late``.
        """


@runtime_checkable
class Trained(Protocol):
    """What a refiner says beside that comes from a training; one that says nothing goes with any predictor."""

    @property
    def predictor(self) -> Ensemble:
        """The one it was trained on."""

    @property
    def closes(self) -> bool:
        """It may be shown holes that are closed from both sides: the prediction then runs on into what was received."""

    @property
    def longest(self) -> int:
        """Samples of a hole: it is not shown blocks that begin later."""

    @property
    def takes_s(self) -> float:
        """Seconds for a block whose past it has looked at; 0 where nobody measured, or nobody waits."""


def playable(refiner: Refiner, block: Block) -> Signal | None:
    """What ``refiner`` makes of ``block``; None where it makes nothing, or nothing that can be played."""
    better = refiner.refine(block)
    if better is None or better.shape != (refiner.made,) or not np.isfinite(better).all():
        return None
    return better


def closes(refiner: Refiner | None) -> bool:
    """Whether ``refiner`` is shown holes that are closed from both sides."""
    return isinstance(refiner, Trained) and refiner.closes


def reach(refiner: Refiner) -> int | None:
    """Samples of a hole within which ``refiner`` is shown blocks; None: all."""
    return refiner.longest if isinstance(refiner, Trained) else None


def own_predictor(refiner: Refiner | None) -> Ensemble | None:
    """What ``refiner`` was trained on; None for plcd's own, where any that there is time for will do."""
    own = refiner.predictor if isinstance(refiner, Trained) else BEST
    return None if own == BEST else own

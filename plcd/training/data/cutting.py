"""Cuts training examples by running plcd itself: each is a block of a hole exactly as a network is shown it in use.

A clip is concealed under a random loss pattern, packet by packet, with a network in place that only takes notes. So the past of
a block holds what was really played: earlier holes concealed, crossfades behind them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plcd.core.concealer import Concealer
from plcd.core.loss import Flags, parse_loss
from plcd.core.refiner import Block, Signal
from plcd.training.data.clips import Clip, Clips
from plcd.training.data.stream import Examples
from plcd.training.recipe import Data

_QUIET = 1e-8
"""Mean square of the truth, -80 dB full scale: what is quieter teaches nothing."""


@dataclass
class Recorder:
    """A network that says nothing and keeps what it was shown."""

    context: int
    block: int
    horizon: int
    made: int
    name: str = "recorder"
    fade: int = 0
    shown: list[Block] = field(default_factory=list)

    def refuses(self, rate: int) -> str | None:
        """See :class:`plcd.core.refiner.Refiner`."""
        return None

    def look(self, past: Signal) -> bool:
        """See there."""
        return False

    def refine(self, block: Block) -> Signal | None:
        """See there."""
        self.shown.append(block)
        return None


@dataclass(frozen=True, slots=True)
class BlockMaker:
    """One clip, as many examples as blocks were lost in it.

    ``past`` ``(n, data.past)`` float32, ``received`` (of it) bool, ``prediction``, ``innovation`` and ``truth``
    ``(n, horizon)`` float32, ``after`` ``(n, data.after)``: the truth behind that; ``start`` ``(n,)`` int64: samples of the
    hole before the block.
    """

    clips: Clips
    seed: int
    data: Data
    horizon: int
    easy_share: float = 1.0
    """Of the blocks that the predictor already gets right so many are kept."""

    def __call__(self, number: int, say: Callable[[str], None]) -> Examples:
        """See :class:`plcd.training.data.stream.Maker`."""
        rng = np.random.default_rng([self.seed, 0, number])
        clip = self.clips.draw(rng, say)
        spec = self.data.loss[int(rng.integers(len(self.data.loss)))]
        flags = parse_loss(spec).sample(-(-clip.size // self.data.packet), rng)
        # A pattern that repeats would lose the same packets of every clip.
        flags = (
            np.roll(flags, int(rng.integers(flags.size)))
            if spec.startswith(("bursts", "periodic"))
            else flags
        )
        reach = self.horizon + self.data.after
        blocks = [
            (block, clip[place : place + reach])
            for block, place in self.conceal(clip, flags)
            if place + reach <= clip.size
        ]
        kept = [
            (block, truth)
            for (block, truth), chance in zip(blocks, rng.random(len(blocks)), strict=True)
            if self._keeps(block, truth[: self.horizon], float(chance))
        ]
        return self._arrays(kept)

    def conceal(self, clip: Clip, flags: Flags) -> list[tuple[Block, int]]:
        """Every block of a hole that a network would be shown, and where it begins in the clip.

        plcd also tries networks on what was received, to know whether they may speak: those blocks are left out.
        """
        data = self.data
        recorder = Recorder(data.past, data.packet, self.horizon, made=data.packet)
        concealer = Concealer(data.rate, 1, data.packet, data.predictor, 0, recorder)
        played = np.zeros(clip.size + data.past, np.float32)
        found: dict[int, Block] = {}
        hole = 0
        for index, lost in enumerate(flags.tolist()):
            place = index * data.packet
            packet = clip[place : place + data.packet]
            audio = concealer.push_lost(packet.size) if lost else concealer.push(packet)
            if lost:
                hole = hole if index and flags[index - 1] else place
                before = played[hole : hole + data.past]
                for block in recorder.shown:
                    if block.start or np.array_equal(block.past, before):
                        found[hole + block.start] = block
            recorder.shown.clear()
            played[data.past + place : data.past + place + packet.size] = audio[:, 0]
        return [(block, place) for place, block in found.items()]

    def _keeps(self, block: Block, truth: Clip, chance: float) -> bool:
        signal = float(np.mean(np.square(truth)))
        if signal < _QUIET:
            return False
        error = float(np.mean(np.square(truth - block.prediction)))
        easy = error * 10 ** (self.data.easy_db / 10) < signal
        return not easy or chance < self.easy_share

    def _arrays(self, kept: list[tuple[Block, Clip]]) -> Examples:
        past, horizon = self.data.past, self.horizon
        return {
            "past": _stack([block.past for block, _ in kept], past, np.float32),
            "received": _stack([block.received for block, _ in kept], past, np.bool_),
            "prediction": _stack([block.prediction for block, _ in kept], horizon, np.float32),
            "innovation": _stack([block.innovation for block, _ in kept], horizon, np.float32),
            "truth": _stack([truth[:horizon] for _, truth in kept], horizon, np.float32),
            "after": _stack([truth[horizon:] for _, truth in kept], self.data.after, np.float32),
            "start": np.array([block.start for block, _ in kept], np.int64),
        }


def _stack(rows: Sequence[NDArray[Any]], width: int, kind: type) -> NDArray[Any]:
    return np.array(rows, kind).reshape(len(rows), width)

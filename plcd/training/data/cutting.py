"""Cuts training examples by running plcd itself: each is a block of a hole exactly as a network is shown it in use.

A clip is concealed under a random loss pattern, packet by packet, with something in the network's place that takes notes. So the
past of a block holds what was really played: earlier holes concealed, crossfades behind them. Where the recipe names a network
(``data.model``) it is that network that concealed them, and where a clip has lookahead its holes are closed from both sides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plcd.core.concealer import Concealer
from plcd.core.loss import Flags, parse_loss
from plcd.core.refiner import Block, Refiner
from plcd.neural.shipped import load_model
from plcd.training.data.clips import Clip, Clips
from plcd.training.data.recorder import Recorder
from plcd.training.data.stream import Examples
from plcd.training.recipe import Data

_QUIET = 1e-8
"""Mean square of the truth, -80 dB full scale: what is quieter teaches nothing."""


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
        lookahead = int(self.data.closed_share > 0 and rng.random() < self.data.closed_share)
        blocks = [
            (block, clip[place : place + reach])
            for block, place in self.conceal(clip, flags, lookahead)
            if place + reach <= clip.size
        ]
        kept = [
            (block, truth)
            for (block, truth), chance in zip(blocks, rng.random(len(blocks)), strict=True)
            if self._keeps(block, truth[: self.horizon], float(chance))
        ]
        return self._arrays(kept)

    def conceal(self, clip: Clip, flags: Flags, lookahead: int = 0) -> list[tuple[Block, int]]:
        """Every block of a hole that a network would be shown, and where it begins in the clip.

        ``lookahead`` in packets. plcd also tries networks on what was received, to know whether they may speak: those blocks are
        left out.
        """
        data = self.data
        speaker = speaking(data.model) if data.model else None
        recorder = Recorder(data.predictor, data.past, data.packet, self.horizon, speaker, lookahead > 0)
        concealer = Concealer(data.rate, 1, data.packet, data.predictor, lookahead, recorder)
        played = np.zeros(data.past + clip.size, np.float32)
        found: dict[int, Block] = {}
        hole = 0
        for index, lost in enumerate(flags.tolist()):
            packet = clip[index * data.packet : (index + 1) * data.packet]
            audio = concealer.push_lost(packet.size) if lost else concealer.push(packet)
            given = index - lookahead  # the packet that is played now; the last ones never are
            if given < 0:
                continue
            place = given * data.packet
            if flags[given]:
                hole = hole if given and flags[given - 1] else place
                for block in recorder.shown:
                    # A hole that can be closed after a while begins anew there.
                    for start in (hole, place):
                        if block.start or np.array_equal(block.past, played[start : start + data.past]):
                            found[start + block.start] = block
                            break
            recorder.shown.clear()
            played[data.past + place : data.past + place + audio.shape[0]] = audio[:, 0]
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


@cache
def speaking(model: str) -> Refiner:
    """The network that conceals while examples are cut; loaded once in each process. Raises ModelError."""
    return load_model(model)


def _stack(rows: Sequence[NDArray[Any]], width: int, kind: type) -> NDArray[Any]:
    return np.array(rows, kind).reshape(len(rows), width)

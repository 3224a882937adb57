"""Audio of chosen clips made again: for spectrograms of the worst holes and for listening."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comparison.board import Board
from comparison.clips import Clip
from comparison.losses import Loss
from comparison.systems import System
from comparison.verdicts import worst_clips
from plcd.core.frame import Samples
from plcd.scoring.pair import Burst, Losses

EXCERPT_S = 7.0
"""Long enough to hear several losses, short enough to be remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """One clip under one trace, as the reference and through some systems; all ``(n, channels)`` float32."""

    clip: str
    rate: int
    reference: Samples
    outputs: dict[str, Samples]
    """By the system's name."""
    losses: Losses


def conceal_excerpt(
    clip: Clip, loss: Loss, trace: int, systems: list[System], packet: int, seconds: float = 0
) -> Excerpt:
    """The first ``seconds`` of ``clip`` (0: all) through every one of ``systems``, causal."""
    whole = clip.samples.shape[0]
    length = min(whole, round(seconds * clip.rate)) if seconds else whole
    samples = clip.samples[: length // packet * packet]
    flags = loss.flags(samples.shape[0] // packet, trace)
    losses = Losses(flags, packet, samples.shape[0])
    given = samples.copy()
    given[losses.lost()] = 0
    outputs = {system.name: system.conceal(given, flags, packet, clip.rate, 0).samples for system in systems}
    return Excerpt(clip.name, clip.rate, samples, outputs, losses)


def worst_hole(excerpt: Excerpt, system: str) -> Burst | None:
    """The hole in which ``system`` is farthest from the reference, in energy of the error."""
    error = np.sum(np.square(excerpt.reference - excerpt.outputs[system]), axis=1)
    return max(
        excerpt.losses.bursts(),
        key=lambda burst: float(np.sum(error[burst.start : burst.stop])),
        default=None,
    )


def telling_clips(board: Board, loss: str, clips: list[Clip], count: int) -> list[Clip]:
    """``count`` clips worth hearing: in turn the worst left of each family, until there are enough."""
    by_name = {clip.name: clip for clip in clips}
    ranked = [by_name[name] for name in worst_clips(board, loss, len(clips)) if name in by_name]
    chosen: list[Clip] = []
    while len(chosen) < min(count, len(ranked)):
        heard: set[str] = set()
        for clip in ranked:
            if clip not in chosen and clip.family not in heard:
                heard.add(clip.family)
                chosen.append(clip)
    return chosen[:count]


def mono(samples: Samples) -> NDArray[np.float64]:
    """The mean of all channels, ``(n,)``."""
    return np.asarray(np.mean(samples, axis=1, dtype=np.float64))

"""Pictures of a whole stretch, repaired patch by patch."""

from typing import Final, Protocol

import numpy as np

from plcd.neural.patches import FRAMES, HOP, SIZE, Flags, Picture

STEP: Final = FRAMES // 2
"""Frames from one patch to the next: every frame is seen twice."""


class Repairs(Protocol):
    """What repairs one patch: :class:`plcd.neural.spectrogram.SpectrogramNetwork`."""

    def repair(self, damaged: Picture) -> Picture:
        """``(BINS, FRAMES)`` to the same. Raises ModelError."""


def frames_over(missing: Flags) -> Flags:
    """Which frames of a wave hold a ``missing`` sample ``(n,)``: ``(1 + (n - SIZE) // HOP,)``."""
    counted = np.concatenate(([0], np.cumsum(missing)))
    starts = np.arange(1 + (missing.size - SIZE) // HOP) * HOP
    touched: Flags = counted[starts + SIZE] > counted[starts]
    return touched


def samples_under(frames: Flags) -> Flags:
    """Which samples of a wave lie in one of the ``frames``: ``(SIZE + (n - 1) HOP,)``."""
    steps = np.zeros(frames.size + SIZE // HOP - 1, np.bool_)
    for part in range(SIZE // HOP):
        steps[part : part + frames.size] |= frames
    return np.repeat(steps, HOP)


def repaired(network: Repairs, damaged: Picture) -> Picture:
    """``damaged`` ``(BINS, frames)`` of any length through patches that overlap by half, crossfaded; mirrored at its ends:
    silence there would be damage."""
    frames = damaged.shape[1]
    starts = range(-STEP, frames, STEP)
    behind = len(starts) * STEP + FRAMES - frames
    padded = np.pad(damaged, ((0, 0), (STEP, behind)), mode="symmetric")
    rising = (np.arange(STEP) + 0.5) / STEP
    weight = np.concatenate((rising, rising[::-1]))
    made = np.zeros_like(padded)
    for start in starts:
        place = slice(start + STEP, start + STEP + FRAMES)
        made[:, place] += weight * network.repair(padded[:, place])
    return made[:, STEP : STEP + frames]

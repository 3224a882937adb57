"""Patches of music with parts missing: what the spectrogram U-Nets learn from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.neural.patches import FRAMES, HOP, PATCH
from plcd.training.data.clips import Clips
from plcd.training.data.deletion import Deletion
from plcd.training.data.stream import Examples

_QUIET: Final = 1e-8
"""Mean square, -80 dB full scale: what is quieter teaches nothing."""


@dataclass(frozen=True, slots=True)
class GapMaker:
    """One clip, as many examples as patches lie in it one behind the other.

    ``wave`` ``(n, PATCH)`` float32, and what is missing of it: ``cut`` (samples, ``(n, PATCH)``) and ``deleted`` (frames,
    ``(n, FRAMES)``), bool.
    """

    clips: Clips
    seed: int
    deletion: Deletion

    def __call__(self, number: int, say: Callable[[str], None]) -> Examples:
        """See :class:`plcd.training.data.stream.Maker`."""
        rng = np.random.default_rng([self.seed, 0, number])
        clip = self.clips.draw(rng, say)
        starts = range(0, clip.size - PATCH + 1, FRAMES * HOP)
        waves = [clip[start : start + PATCH] for start in starts]
        kept = [wave for wave in waves if float(np.mean(np.square(wave))) >= _QUIET]
        drawn = [self.deletion.draw(rng) for _ in kept]
        return {
            "wave": np.array(kept, np.float32).reshape(len(kept), PATCH),
            "cut": np.array([samples for samples, _ in drawn], np.bool_).reshape(len(kept), PATCH),
            "deleted": np.array([frames for _, frames in drawn], np.bool_).reshape(len(kept), FRAMES),
        }

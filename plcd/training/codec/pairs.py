"""Pairs of music and its MP3: what the codec nets learn from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plcd.training.codec.mp3 import encode
from plcd.training.data.clips import Clips
from plcd.training.data.stream import Examples


@dataclass(frozen=True, slots=True)
class PairMaker:
    """One clip, one pair: ``lossless`` and ``coded``, each ``(1, patch)`` float32 at 16 kHz."""

    clips: Clips
    seed: int
    patch: int
    kbps: int

    def __call__(self, number: int, say: Callable[[str], None]) -> Examples:
        """See :class:`plcd.training.data.stream.Maker`. The patch lies inside the coded clip, away from its ends."""
        rng = np.random.default_rng([self.seed, 0, number])
        clip = self.clips.draw(rng, say)
        coded = encode(clip, self.kbps)
        start = (clip.size - self.patch) // 2
        return {
            "lossless": clip[None, start : start + self.patch],
            "coded": coded[None, start : start + self.patch],
        }

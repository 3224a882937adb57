"""What is taken out of a patch before a network sees it: 10 to 70 %, in one block or in several.

Serra et al. 2021 (section 3) "delete audio frequencies in windows of random sizes between 10 % and 70 % of the size of each
patch" and say neither how wide a window is nor how many there are. Read here: whole frames, as one block, or as blocks of 4 to
16 frames; both are measured apart. Real holes are cut into samples, not frames: their edges leave frames that are damaged but
not empty. So some patches are cut that way, some with holes as short as a packet, and some are left whole, since in use most
are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.neural.patches import FRAMES, HOP, PATCH, SIZE, Flags

_LEAST_CUT: Final = 0.02
"""Least share of a patch that is cut as samples: one packet of 12 ms."""
_SHORTEST_CUT: Final = 2
"""Frames of the shortest hole that is cut as samples: 8 ms."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """How much is deleted, and how."""

    least: float = 0.1
    most: float = 0.7
    """Of a patch."""
    shortest: int = 4
    longest: int = 16
    """Frames of a block where there are several."""
    cut_share: float = 0.4
    """Of the patches: samples are cut out of the sound, rather than frames out of the picture."""
    whole_share: float = 0.1
    """Of the patches nothing is missing in."""

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.most < 1:
            raise ValueError(
                f"least and most must lie in 0..1, least first, not {self.least:g} and {self.most:g}"
            )
        if not 2 <= self.shortest <= self.longest <= FRAMES // 4:
            raise ValueError(f"shortest and longest must lie in 2..{FRAMES // 4}, shortest first")
        if not (self.cut_share >= 0 and self.whole_share >= 0 and self.cut_share + self.whole_share <= 1):
            raise ValueError("cut_share and whole_share are shares of all patches, together 1 at most")

    def draw(self, rng: np.random.Generator) -> tuple[Flags, Flags]:
        """What is missing of a patch: samples ``(PATCH,)`` and frames ``(FRAMES,)``, at most one of them holding any."""
        kind = float(rng.random())
        samples, frames = np.zeros(PATCH, np.bool_), np.zeros(FRAMES, np.bool_)
        cut = kind < self.cut_share
        if kind >= 1 - self.whole_share:
            return samples, frames
        share = float(rng.uniform(min(_LEAST_CUT, self.least) if cut else self.least, self.most))
        if rng.random() < 0.5:
            frames = one_block(share, rng)
        else:
            frames = blocks(share, _SHORTEST_CUT if cut else self.shortest, self.longest, rng)
        if not cut:
            return samples, frames
        shift = (SIZE - HOP) // 2 + int(rng.integers(-HOP // 2, HOP // 2))
        samples[shift : shift + FRAMES * HOP] = np.repeat(frames, HOP)
        return samples, np.zeros(FRAMES, np.bool_)


def one_block(share: float, rng: np.random.Generator) -> Flags:
    """``share`` of a patch's frames, ``(FRAMES,)``, next to each other, anywhere."""
    count = max(1, round(share * FRAMES))
    start = int(rng.integers(0, FRAMES - count + 1))
    flags = np.zeros(FRAMES, np.bool_)
    flags[start : start + count] = True
    return flags


def blocks(share: float, shortest: int, longest: int, rng: np.random.Generator) -> Flags:
    """About ``share`` of a patch's frames in blocks of ``shortest`` to ``longest``, one known frame between two at least."""
    wanted = max(shortest, round(share * FRAMES))
    lengths: list[int] = []
    while (left := wanted - sum(lengths)) >= shortest:
        lengths.append(int(rng.integers(shortest, min(longest, left) + 1)))
    free = FRAMES - sum(lengths) - (len(lengths) - 1)
    while free < 0:  # many short ones: they and the frames between them are more than a patch
        free += lengths.pop() + 1
    places = np.sort(rng.integers(0, free + 1, len(lengths)))
    flags = np.zeros(FRAMES, np.bool_)
    before = 0
    for number, (length, place) in enumerate(zip(lengths, places.tolist(), strict=True)):
        start = place + before + number
        flags[start : start + length] = True
        before += length
    return flags

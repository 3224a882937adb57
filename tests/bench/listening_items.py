"""Clips for tests of the listening page, and its shuffling written a second time."""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from comparison.listening.items import ListeningItem
from comparison.listening.page import write_page

NAMES = ("reference", "burg-q9", "ours-x7", "zero")
"""In the order in which a page holds them."""
GAINS = {"reference": 1.0, "burg-q9": 0.5, "ours-x7": 0.25, "zero": 0.0}
LENGTHS = {"oboe": (44_100, 52_920, 1), "flute": (48_000, 57_600, 2)}
"""Rate, samples, channels."""
LOW, HIGH = -0.8, 0.8
"""Where the ramp of each clip begins and ends."""


def ramp(samples: int) -> NDArray[np.float32]:
    """Every sample says where it is."""
    return np.linspace(LOW, HIGH, samples, dtype=np.float32)


def make_items(*clips: str) -> list[ListeningItem]:
    """Ramps, which each system gives with a gain of its own."""
    items = []
    for clip in clips:
        rate, samples, channels = LENGTHS[clip]
        reference = np.repeat(ramp(samples)[:, np.newaxis], channels, axis=1)
        outputs = {name: reference * np.float32(GAINS[name]) for name in NAMES[1:]}
        items.append(ListeningItem(clip, rate, reference, outputs))
    return items


def write_clips(folder: Path, *clips: str) -> Path:
    """The page of these clips."""
    path = folder / "page.html"
    write_page(path, make_items(*clips))
    return path


class Mulberry32:
    """The published generator, in plain integers."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        self._state = (self._state + 0x6D2B79F5) % 2**32
        a = self._state
        t = (a ^ a >> 15) * (a | 1) % 2**32
        t ^= (t + (t ^ t >> 7) * (t | 61)) % 2**32
        return (t ^ t >> 14) * limit // 2**32


def shuffled(count: int, random: Mulberry32) -> list[int]:
    order = list(range(count))
    for i in range(count - 1, 0, -1):
        j = random.below(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def plan_of(seed: int, clips: int, stimuli: int) -> tuple[list[int], list[list[int]]]:
    """The order of the clips; for each clip, which recording stands behind A, B and so on."""
    random = Mulberry32(seed)
    order = shuffled(clips, random)
    return order, [shuffled(stimuli, random) for _ in range(clips)]

"""What a listener lost, gap by gap, and how near the concealed audio comes to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples

_AUDIBLE_DB = -60.0
"""Gaps whose original is quieter than this (mean square, full scale) have no meaningful SNR: no example is taken."""


@dataclass(frozen=True, slots=True)
class Take:
    """One piece of music three times, all ``(n, channels)`` float32, and which samples were ``lost``, ``(n,)`` bool."""

    rate: int
    original: Samples
    damaged: Samples
    concealed: Samples
    lost: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if not self.original.shape == self.damaged.shape == self.concealed.shape:
            raise ValueError("original, damaged and concealed audio must have one shape")
        if self.lost.shape != self.original.shape[:1]:
            raise ValueError("one flag a sample is needed")

    @property
    def seconds(self) -> float:
        return float(self.original.shape[0] / self.rate)


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of lost samples. ``start`` and ``length`` in samples."""

    start: int
    length: int
    snr_db: float
    """Of the concealed audio against the original, in the gap alone; silence would have 0 dB."""
    energy_db: float
    """Energy of the concealed audio over that of the original."""
    level_db: float
    """Mean square of the original, full scale 1.0."""


@dataclass(frozen=True, slots=True)
class Example:
    """A gap to be shown, and why it was taken."""

    title: str
    reason: str
    gap: Gap


def find_gaps(take: Take) -> list[Gap]:
    """Every run of lost samples, in order."""
    edges = np.diff(np.concatenate(([False], take.lost, [False])).astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [_measure(take, int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]


def snr_db(original: Samples, other: Samples) -> float:
    """Signal to error ratio in dB; infinite where they are equal, NaN where the original is silent."""
    signal = float(np.sum(np.square(original, dtype=np.float64)))
    error = float(np.sum(np.square(original.astype(np.float64) - other)))
    return _ratio_db(signal, error) if signal else float("nan")


def examples(gaps: list[Gap]) -> list[Example]:
    """The longest burst, a typical gap and the worst one: fewer where there are fewer gaps, never one twice."""
    left = [gap for gap in gaps if gap.level_db > _AUDIBLE_DB]
    chosen: list[Example] = []
    if left:
        longest = max(left, key=lambda gap: (gap.length, gap.level_db))
        chosen.append(Example("The longest burst", "of equally long ones, the loudest", longest))
        left.remove(longest)
    if left:
        median = float(np.median([gap.snr_db for gap in left]))
        typical = min(left, key=lambda gap: abs(gap.snr_db - median))
        chosen.append(Example("A typical hole", "its SNR is the median of all", typical))
        left.remove(typical)
    if left:
        worst = min(left, key=lambda gap: gap.snr_db)
        chosen.append(Example("The worst hole", "lowest SNR of all others", worst))
    return chosen


def _measure(take: Take, start: int, stop: int) -> Gap:
    original, concealed = take.original[start:stop], take.concealed[start:stop]
    signal = float(np.sum(np.square(original, dtype=np.float64)))
    energy = float(np.sum(np.square(concealed, dtype=np.float64)))
    level = _ratio_db(signal / original.size, 1.0)
    return Gap(start, stop - start, snr_db(original, concealed), _ratio_db(energy, signal), level)


def _ratio_db(over: float, under: float) -> float:
    if under == 0:
        return float("inf") if over else float("nan")
    return 10 * float(np.log10(over / under)) if over else float("-inf")

"""One clip with gaps of one length, filled by one method and measured; finished ones are kept on disk."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from comparison.clips import Clip
from comparison.lines import Lines
from comparison.measures import GAP_SNR, ODG, ZIMTOHRLI, measure

from plcd.restoration.methods import Options
from plcd.scoring.pair import Losses, Pair
from repairs.gaps import LENGTHS, PACKET, flags_of
from repairs.methods import find_repairs

NMSE = "nmse_db"


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """What is to be done."""

    clip: Clip
    length: int
    """Of the gaps in ms, one of ``LENGTHS``."""
    method: str
    options: Options
    key: str
    """Hash of all that the result depends on."""
    draw: int = 0
    """Of the gaps' places."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    key: str
    clip: str
    length: int
    method: str
    values: dict[str, float]
    """NMSE in dB over all gaps of the clip, ODG, Zimtohrli; NaN where there is none."""
    seconds: float
    """Of one processor."""
    gaps_s: float
    """Sound that was missing,"""
    clip_s: float
    """and all there is."""
    draw: int = 0


def key_of(clip: Clip, length: int, identity: str, draw: int = 0) -> str:
    return hashlib.sha256(f"{clip.digest} {length} {draw} {identity}".encode()).hexdigest()


def run_cell(cell: Cell) -> Result:
    """Do it. The first fill compiles, so a warm-up on the clip's first gap alone comes before the one that is timed."""
    clip = cell.clip
    (repair,) = [one for one in find_repairs(cell.method, cell.options) if one.name == cell.method]
    flags = flags_of(clip, LENGTHS[cell.length], cell.draw)
    losses = Losses(flags, PACKET, clip.samples.shape[0])
    given = clip.samples.copy()
    given[losses.lost()] = 0
    if cell.method != "deep-prior":
        short = given[: 64 * PACKET]
        repair.fill(short, flags[: short.shape[0] // PACKET], clip.rate)
    filled, seconds = repair.timed(given, flags, clip.rate)
    measured, _, _ = measure(Pair(clip.rate, clip.samples.astype(np.float64), filled), losses)
    values = {NMSE: -measured[GAP_SNR], ODG: measured[ODG], ZIMTOHRLI: measured[ZIMTOHRLI]}
    lost_s = float(losses.lost().sum()) / clip.rate
    return Result(
        cell.key,
        clip.name,
        cell.length,
        cell.method,
        values,
        seconds,
        lost_s,
        len(given) / clip.rate,
        cell.draw,
    )


class Store:
    """Results in ``folder``. Raises CliError."""

    def __init__(self, folder: Path) -> None:
        self._lines = Lines(folder, "cells.jsonl")
        self._results: dict[str, Result] = {}
        for table in self._lines:
            try:
                result = Result(**table)
            except TypeError:
                continue
            self._results[result.key] = result

    def get(self, key: str) -> Result | None:
        return self._results.get(key)

    def add(self, result: Result) -> None:
        """Keep it. Raises CliError where the disk will not."""
        self._lines.add(asdict(result))
        self._results[result.key] = result

"""The unit of work: one clip under one trace through some systems. It needs nothing but what it is sent."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from comparison.clips import Clip
from comparison.fingerprint import fingerprint
from comparison.losses import Loss
from comparison.measures import Values, measure
from comparison.systems import System, find_system
from plcd.scoring.pair import Losses, Pair

_MEASURED_BY = ("comparison.measures", "comparison.losses", "comparison.concealed")


@dataclass(frozen=True, slots=True)
class Run:
    """One system in a cell."""

    system: str
    lookahead: int
    """Packets."""
    key: str
    """Hash of everything that the result depends on."""
    code: str
    """Hash of the source that is to make it."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One clip, one loss, one trace, and what is to be run on them."""

    clip: Clip
    loss: Loss
    trace: int
    packet: int
    """Samples."""
    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        return f"{self.clip.name}, {self.loss.name}, trace {self.trace}"


@dataclass(frozen=True, slots=True)
class Result:
    """What one run gave."""

    key: str
    clip: str
    loss: str
    trace: int
    lookahead: int
    system: str
    packets: int
    lost: int
    values: Values
    by_burst: dict[int, float]
    """Gap SNR in dB by length of the burst in packets."""
    lost_ms: tuple[float, float]
    """p50 and p99 of the time of a lost packet, while other jobs may have been running."""
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, table: dict[str, object]) -> "Result":
        """Raises TypeError, ValueError, KeyError or AttributeError where ``table`` is no result."""
        given: dict[str, Any] = {field.name: table[field.name] for field in fields(cls)}
        given["by_burst"] = {int(length): float(db) for length, db in given["by_burst"].items()}
        for name in ("lost_ms", "notes"):
            given[name] = tuple(given[name])
        return cls(**given)


class OtherCodeError(Exception):
    """This process would run other code than what it was asked for. The message is one line."""


def code_of(module: str) -> str:
    """Hash of the code that makes a result of a system that lives in ``module``."""
    return fingerprint(module, *_MEASURED_BY)


def run_cell(cell: Cell) -> tuple[list[Result], list[str]]:
    """Conceal and measure: the results, and a line for each run that failed; the others are not the worse for it.

    Raises OtherCodeError where the code here is not what the runs ask for, CliError where a system is not to be had here.
    """
    results, failures = [], []
    for run in cell.runs:
        system = find_system(run.system)
        if code_of(system.module) != run.code:
            raise OtherCodeError(f"{run.system}: the worker has another version of plcd or of its packages")
        try:
            results.append(_run(cell, run, system))
        except Exception as error:  # whatever a system under test raises is its own failure
            told = f"{type(error).__name__}: {error}".splitlines()[0]
            failures.append(f"{cell.name}, {run.system}, lookahead {run.lookahead}: {told}")
    return results, failures


def _run(cell: Cell, run: Run, system: System) -> Result:
    clip = cell.clip
    packets = clip.samples.shape[0] // cell.packet
    flags = cell.loss.flags(packets, cell.trace)
    losses = Losses(flags, cell.packet, clip.samples.shape[0])
    given = clip.samples.copy()
    given[losses.lost()] = 0
    made = system.conceal(given, flags, cell.packet, clip.rate, run.lookahead)
    pair = Pair(clip.rate, clip.samples.astype(np.float64), made.samples.astype(np.float64))
    values, by_burst, notes = measure(pair, losses)
    p50, p99 = (float(np.percentile(made.lost_ns, at)) / 1e6 for at in (50, 99))
    return Result(
        key=run.key,
        clip=clip.name,
        loss=cell.loss.name,
        trace=cell.trace,
        lookahead=run.lookahead,
        system=run.system,
        packets=packets,
        lost=int(flags.sum()),
        values=values,
        by_burst={length: db for length, db in by_burst.items() if math.isfinite(db)},
        lost_ms=(p50, p99),
        notes=tuple(notes),
    )

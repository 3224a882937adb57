"""What there is to do: every clip under every trace through every system, each with a key."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from comparison.cell import Cell, Run, code_of
from comparison.clips import Clip
from comparison.losses import Loss
from comparison.systems import System


@dataclass(frozen=True, slots=True)
class Settings:
    """What is compared, and under what."""

    systems: tuple[System, ...]
    losses: tuple[Loss, ...]
    traces: int
    lookaheads: tuple[int, ...]
    """Packets; systems that cannot look ahead are run with 0 only."""
    packet: int
    """Samples."""

    def runs(self) -> list[tuple[System, int]]:
        """Every system with every lookahead it is run with, in the order of tables."""
        return [
            (system, lookahead)
            for lookahead in self.lookaheads
            for system in self.systems
            if not lookahead or system.looks_ahead
        ]


def plan(clip: Clip, settings: Settings) -> tuple[list[Cell], list[str]]:
    """All cells of ``clip``, and one line for each trace that loses nothing of it."""
    cells, empty = [], []
    packets = clip.samples.shape[0] // settings.packet
    digest = clip.digest
    for loss in settings.losses:
        for trace in range(settings.traces):
            if not loss.flags(packets, trace).any():
                empty.append(f"{clip.name}, {loss.name}, trace {trace}: nothing is lost; left out")
                continue
            runs = (_run(digest, loss, trace, settings, *run) for run in settings.runs())
            cells.append(Cell(clip, loss, trace, settings.packet, tuple(runs)))
    return cells, empty


def without(cell: Cell, keys: Iterable[str]) -> Cell:
    """The rest of a cell when what has one of ``keys`` is done."""
    done = set(keys)
    runs = tuple(run for run in cell.runs if run.key not in done)
    return Cell(cell.clip, cell.loss, cell.trace, cell.packet, runs)


def _run(digest: str, loss: Loss, trace: int, settings: Settings, system: System, lookahead: int) -> Run:
    code = code_of(system.module)
    parts = [digest, loss.spec, trace, settings.packet, system.name, system.definition, lookahead, code]
    return Run(system.name, lookahead, hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32], code)

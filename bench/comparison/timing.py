"""What a lost packet costs each system: one thread on one core, nothing beside it, all systems in turn."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from machine import describe, percentiles_ms, pin

from comparison.cell import code_of
from comparison.clips import Clip
from comparison.losses import Loss
from comparison.plan import Settings
from comparison.systems import find_system
from plcd.cli.errors import CliError
from plcd.scoring.pair import Losses

CLIPS = 3
ROUNDS = 5
LOSS = Loss("gilbert10", "gilbert:.079,.69")

NOTHING_NS = 100_000
"""Asking whether there is anything to do ahead takes less."""

Figures = dict[str, float]


def write_timing(folder: Path, clips: list[Clip], settings: Settings) -> Path:
    """Measure on three of ``clips``, spread over all, in a process of its own, and write ``timing.json``."""
    chosen = [clips[int(at)] for at in np.linspace(0, len(clips) - 1, min(CLIPS, len(clips)))]
    runs = [(system.name, lookahead) for system, lookahead in settings.runs()]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        figures = alone.submit(_measure, chosen, runs, settings.packet).result()
    table = {
        "machine": describe(),
        "packet": settings.packet,
        "clips": [clip.name for clip in chosen],
        "systems": [
            {"system": name, "lookahead": lookahead, "code": code_of(find_system(name).module), **found}
            for (name, lookahead), found in zip(runs, figures, strict=True)
        ],
    }
    path = folder / "timing.json"
    path.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return path


def read_timing(folder: Path, packet: int) -> dict[tuple[str, int], Figures]:
    """System and lookahead to p50, p99 and max of a lost packet in ms, and to the median time ``ahead`` of every packet.

    What was measured of other code is left out.
    """
    try:
        table = json.loads((folder / "timing.json").read_text(encoding="utf-8"))
        if table["packet"] != packet:
            return {}
        return {
            (row["system"], row["lookahead"]): {**row["lost_ms"], "ahead": row["ahead_ms"]["p50"]}
            for row in table["systems"]
            if row["code"] == code_of(find_system(row["system"]).module)
        }
    except (OSError, ValueError, KeyError, TypeError, CliError):
        return {}


def _measure(clips: list[Clip], runs: list[tuple[str, int]], packet: int) -> list[dict[str, Figures]]:
    """Times of all ``runs``, which take turns clip by clip, after one turn that compiles what is to be compiled."""
    pin()
    lost: list[list[int]] = [[] for _ in runs]
    received: list[list[int]] = [[] for _ in runs]
    ahead: list[list[int]] = [[] for _ in runs]
    for turn in range(ROUNDS + 1):
        for clip in clips:
            flags = LOSS.flags(clip.samples.shape[0] // packet, 0)
            given = clip.samples.copy()
            given[Losses(flags, packet, given.shape[0]).lost()] = 0
            for index, (name, lookahead) in enumerate(runs):
                system = find_system(name)
                conceal = system.conceal_live or system.conceal
                made = conceal(given, flags, packet, clip.rate, lookahead)
                if turn:
                    lost[index] += made.lost_ns
                    received[index] += made.received_ns
                    ahead[index] += [took for took in made.ahead_ns if took > NOTHING_NS] or [0]
    return [
        {"lost_ms": percentiles_ms(a), "received_ms": percentiles_ms(b), "ahead_ms": percentiles_ms(c)}
        for a, b, c in zip(lost, received, ahead, strict=True)
    ]

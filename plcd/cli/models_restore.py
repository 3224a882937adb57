"""Networks of ``plcd restore`` in ``plcd models``: listed, and checked."""

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from plcd.neural.spectrogram import SpectrogramNetwork

_RUNS: Final = 5


def restore_paths() -> list[Path]:
    """Those that ship, the default first."""
    from plcd.neural.spectrogram import DEFAULT, find_network, shipped

    return [find_network(name) for name in sorted(shipped(), key=lambda name: (name != DEFAULT, name))]


def find_restore(name_or_path: str) -> Path | None:
    """The file, where ``name_or_path`` is such a network; None: it is something else, or nothing."""
    from plcd.neural.errors import ModelError
    from plcd.neural.spectrogram import find_network, is_network

    try:
        path = find_network(name_or_path)
    except ModelError:
        return None
    return path if is_network(path) else None


def load_restore(path: Path) -> "SpectrogramNetwork":
    """Raises CliError (3) with the reason where it cannot be run."""
    from plcd.neural.errors import ModelError
    from plcd.neural.patches import BINS, FRAMES
    from plcd.neural.spectrogram import load_network

    try:
        network, _ = load_network(path)
        network.repair(np.zeros((BINS, FRAMES)))
    except ModelError as error:
        raise CliError(f"model {path}: {error}", ExitCode.FILE) from None
    return network


def restore_cost(network: "SpectrogramNetwork") -> str:
    """What it takes here."""
    from plcd.neural.patches import BINS, FRAMES, HOP, RATE

    damaged = np.full((BINS, FRAMES), 0.01)
    taken = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        network.repair(damaged)
        taken.append(time.perf_counter() - begun)
    return f"{1000 * median(taken):.0f} ms a patch of {1000 * FRAMES * HOP / RATE:.0f} ms, for plcd restore"

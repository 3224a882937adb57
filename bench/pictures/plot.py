"""Patches of one clip as pictures: as they were, what is shown, straight lines, the network."""

from pathlib import Path
from typing import Final

import numpy as np
from comparison.plots import new_figure, save

from pictures.cases import Case
from plcd.neural.patches import FRAMES, HOP, RATE, Picture, between
from plcd.neural.spectrogram import SpectrogramNetwork

CLIP: Final = "winds/sms_sax-phrase.flac"
PATCH: Final = 3
"""Of the clip's: one with a note's beginning in it."""
_DEEP_DB: Final = 80.0


def draw(cases: list[Case], network: SpectrogramNetwork, path: Path) -> Path:
    """One row for each case. Raises CliError where matplotlib is missing."""
    figure = new_figure(10, 2.6 * len(cases))
    panels = figure.subplots(len(cases), 4, sharex=True, sharey=True, squeeze=False)
    for row, case in zip(panels, cases, strict=True):
        patches = list(case.patches())
        truth, deleted = patches[min(PATCH, len(patches) - 1)]
        given = truth * ~deleted
        shown = (
            ("as it was", truth),
            ("shown to the network", given),
            ("straight lines, places known", between(truth, deleted)),
            ("the network, blind", network.repair(given)),
        )
        peak = 20 * np.log10(truth.max())
        for axes, (title, picture) in zip(row, shown, strict=True):
            axes.imshow(
                _decibels(picture),
                origin="lower",
                aspect="auto",
                cmap="magma",
                vmin=peak - _DEEP_DB,
                vmax=peak,
                extent=(0, 1000 * FRAMES * HOP / RATE, 0, RATE / 2000),
            )
            axes.set_title(title, fontsize=9)
        row[0].set_ylabel("kHz")
    for axes in panels[-1]:
        axes.set_xlabel("ms")
    return save(figure, path)


def _decibels(magnitude: Picture) -> Picture:
    decibels: Picture = 20 * np.log10(np.maximum(magnitude, 1e-7))
    return decibels

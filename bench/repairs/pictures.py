"""Spectrograms of a recording and of what was made of it, one above the other."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from comparison.spectrograms import power_of

from plcd.core.loss import Flags
from plcd.restoration.restorer import runs_of
from repairs.gaps import PACKET

_RANGE_DB: Final = 80
_TOP_KHZ: Final = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One spectrogram."""

    title: str
    samples: Any
    """``(n, channels)``; the channels are averaged."""


def draw(figure: Any, rows: list[Row], rate: int, flags: Flags, shown: tuple[int, int]) -> None:
    """Draw the samples ``shown`` (start and end) of ``rows``, with lines at the edges of what ``flags`` say is lost. The first
    row says how loud 0 dB is."""
    panels = figure.subplots(len(rows), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    pictures = [power_of(np.mean(row.samples, axis=1, dtype=np.float64), *shown, rate) for row in rows]
    loudest = max(float(pictures[0][0].max()), 1e-12)
    edges = [PACKET * edge / rate for run in runs_of(flags) for edge in run]
    for axes, row, (picture, top_hz) in zip(panels, rows, pictures, strict=True):
        axes.imshow(
            10 * np.log10(np.maximum(picture / loudest, 1e-12)),
            cmap="magma",
            vmin=-_RANGE_DB,
            vmax=0,
            origin="lower",
            aspect="auto",
            extent=(shown[0] / rate, shown[1] / rate, 0.0, top_hz / 1000),
        )
        for edge in edges:
            if shown[0] < edge * rate < shown[1]:
                axes.axvline(edge, color="white", lw=0.6, ls=(0, (2, 2)))
        axes.set_title(row.title, fontsize=8, loc="left", pad=2)
        axes.set_ylabel("kHz", fontsize=7)
        axes.tick_params(labelsize=7)
    panels[0].set_ylim(0, min(_TOP_KHZ, rate / 2000))
    panels[-1].set_xlabel("s", fontsize=7)

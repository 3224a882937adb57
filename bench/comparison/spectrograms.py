"""Pictures of the worst holes: the reference beside what was made of it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from comparison.board import Board
from comparison.clips import Clip
from comparison.excerpts import Excerpt, conceal_excerpt, mono, worst_hole
from comparison.losses import Loss
from comparison.plots import new_figure, save
from comparison.systems import BASELINE, ZERO
from comparison.verdicts import ours, worst_clips
from plcd.scoring.pair import Burst

_CASES = 3
_WINDOW = 512
"""Samples of the Hann window: what a packet has at usual settings."""
_HOP = 64
_RANGE_DB = 70
_TOP_HZ = 16_000
_MARGIN_S = 0.06
"""Shown before and after the hole."""


def worst_cases(board: Board, clips: list[Clip], loss: Loss, path: Path) -> Path | None:
    """Around the worst hole of each of the three worst clips: reference, silence, baseline and ours, as far as they are
    compared; causal, first trace. None where nothing could be shown.
    """
    us = ours(board)
    there = {system.name: system for system in board.settings.systems}
    names = [ZERO, BASELINE, *([us.system.name] if us else [])]
    systems = [there[name] for name in names if name in there]
    by_name = {clip.name: clip for clip in clips}
    chosen = [by_name[name] for name in worst_clips(board, loss.name, _CASES) if name in by_name]
    cases = []
    for clip in chosen:
        excerpt = conceal_excerpt(clip, loss, 0, systems, board.settings.packet)
        hole = worst_hole(excerpt, systems[-1].name)
        if hole is not None:
            cases.append((excerpt, hole))
    if not cases:
        return None
    figure = new_figure(10, 2.3 * len(cases))
    panels = figure.subplots(len(cases), 1 + len(systems), squeeze=False, sharey="row")
    for row, (excerpt, hole) in zip(panels, cases, strict=True):
        shown = [("reference", excerpt.reference)]
        shown += [(system.title, excerpt.outputs[system.name]) for system in systems]
        _draw_row(row, excerpt, hole, shown)
    return save(figure, path)


def _draw_row(row, excerpt: Excerpt, hole: Burst, shown: list[tuple[str, NDArray[np.float32]]]) -> None:  # type: ignore[no-untyped-def]
    rate = excerpt.rate
    margin = round(_MARGIN_S * rate)
    start, stop = hole.start - margin, hole.stop + margin
    pictures = [power_of(mono(samples), start, stop, rate) for _, samples in shown]
    loudest = max(float(pictures[0][0].max()), 1e-12)
    extent = (-margin / rate * 1000, (stop - hole.start) / rate * 1000, 0.0, pictures[0][1] / 1000)
    for axes, (picture, _), (title, _) in zip(row, pictures, shown, strict=True):
        decibels = 10 * np.log10(np.maximum(picture / loudest, 1e-12))
        axes.imshow(
            decibels, cmap="magma", vmin=-_RANGE_DB, vmax=0, origin="lower", aspect="auto", extent=extent
        )
        for edge in (0.0, (hole.stop - hole.start) / rate * 1000):
            axes.axvline(edge, color="white", lw=0.8, ls=(0, (2, 2)))
        axes.set_title(title, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.set_xlabel("ms", fontsize=7)
    row[0].set_ylabel(f"{Path(excerpt.clip).stem[:26]}\n{hole.start / rate:.2f} s, kHz", fontsize=7)


def power_of(
    samples: NDArray[np.float64], start: int, stop: int, rate: int
) -> tuple[NDArray[np.float64], float]:
    """Power of ``samples`` ``(n,)`` from ``start`` to ``stop``, ``(bins, columns)``, and the frequency in Hz at which it ends."""
    return _power(_cut(samples, start, stop), rate), min(_TOP_HZ, rate / 2)


def _cut(samples: NDArray[np.float64], start: int, stop: int) -> NDArray[np.float64]:
    """With half a window on each side; zeros where there is no audio."""
    start, stop = start - _WINDOW // 2, stop + _WINDOW // 2
    cut = np.zeros(stop - start)
    low, high = max(start, 0), min(stop, samples.size)
    cut[low - start : high - start] = samples[low:high]
    return cut


def _power(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """``(bins, columns)`` up to 16 kHz."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    spectrum = np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)
    bins = int(min(_TOP_HZ, rate / 2) / rate * _WINDOW)
    return np.asarray(np.square(np.abs(spectrum[:, :bins])).T)

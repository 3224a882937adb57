"""The comparison as pictures: spread over clips, and gap SNR against the length of the burst."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comparison.board import Board, Entry
from comparison.measures import GAP_SNR, ODG, ZIMTOHRLI
from comparison.systems import BASELINE
from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANELS = ((GAP_SNR, "gap SNR, dB"), (ODG, "ODG"), (ZIMTOHRLI, "Zimtohrli MOS"))
_DPI = 100
_OURS = ("#c8442f", "#e08a1e", "#8c2f6a", "#d46a92")
"""For plcd, and for other settings of it."""
_BASELINE, _OTHER = "#2f6fb0", "#8a8a8a"
_SHADES = ("#b8b8b8", "#7fa37f", "#b59a5b", "#9b7fb5", "#5f9ea0", "#8a6d5b")


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, size in inches of 100 pixels. Raises CliError where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise CliError("the plots need matplotlib: pip install matplotlib", ExitCode.USAGE) from None
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: "Figure", path: Path) -> Path:
    """As a PNG of few colours, which is a third of the size; the same picture gives the same file."""
    from PIL import Image

    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=_DPI, metadata={"Software": None})
    Image.open(raw).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def boxes(board: Board, loss: str, path: Path) -> Path:
    """A box a system over the clips: quartiles, median, whiskers to the farthest clip within 1.5 of the box, the rest as dots."""
    figure = new_figure(10, 1.2 + 0.34 * len(board.entries))
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    titles = [entry.title for entry in board.entries]
    for axes, (metric, title) in zip(panels, _PANELS, strict=True):
        values = [list(board.per_clip(loss, entry, metric).values()) for entry in board.entries]
        drawn = axes.boxplot(values, orientation="horizontal", widths=0.6, patch_artist=True, **_box_style())
        for box, entry in zip(drawn["boxes"], board.entries, strict=True):
            box.set(facecolor=colour(board, entry), alpha=0.55)
        axes.set_title(title, fontsize=10)
        axes.grid(axis="x", color="#dddddd", lw=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8)
    panels[0].set_yticks(range(1, len(titles) + 1), titles)
    panels[0].invert_yaxis()
    count = len(board.clips())
    figure.suptitle(f"{loss}: {count} clips, each the mean of {board.settings.traces} traces", fontsize=10)
    return save(figure, path)


def by_burst(board: Board, path: Path) -> Path:
    """Gap SNR against the length of the burst, a line a system with its 95 % interval for ours and the baseline."""
    figure = new_figure(8, 4.6)
    axes = figure.subplots()
    shades = iter(_SHADES * 8)
    lengths: set[int] = set()
    for entry in board.entries:
        found = {length: e for length, e in board.by_burst(entry).items() if e.count}
        if not found:
            continue
        lengths |= set(found)
        special = entry.system.looks_ahead or entry.system.name == BASELINE
        shade = colour(board, entry) if special else next(shades)
        x, style = list(found), "--" if entry.lookahead else "-"
        means = [estimate.mean for estimate in found.values()]
        axes.plot(
            x, means, style, marker="o", ms=3.5, lw=1.8 if special else 1.2, color=shade, label=entry.title
        )
        if special:
            low, high = ([getattr(e, side) for e in found.values()] for side in ("low", "high"))
            axes.fill_between(x, low, high, color=shade, alpha=0.1, lw=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(lengths), [str(length) for length in sorted(lengths)])
    axes.minorticks_off()
    axes.set_xlabel("packets lost in a row")
    axes.set_ylabel("gap SNR, dB")
    axes.grid(color="#dddddd", lw=0.7)
    axes.legend(fontsize=8, frameon=False)
    return save(figure, path)


def colour(board: Board, entry: Entry) -> str:
    """Ours, the baseline and the others apart; each setting of ours has its own, whatever the lookahead."""
    ours = [system.name for system in board.settings.systems if system.looks_ahead]
    if entry.system.name in ours:
        return _OURS[ours.index(entry.system.name) % len(_OURS)]
    return _BASELINE if entry.system.name == BASELINE else _OTHER


def _box_style() -> dict[str, Any]:
    thin = {"lw": 0.8, "color": "#444444"}
    return {
        "medianprops": {"lw": 1.4, "color": "black"},
        "whiskerprops": thin,
        "capprops": thin,
        "flierprops": {"ms": 3, "marker": "o", "mfc": "none", "mec": "#666666"},
    }

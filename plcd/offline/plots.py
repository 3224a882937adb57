"""The report's pictures, as SVG that takes its colours and fonts from the page around it.

matplotlib draws with marker colours, which are then replaced by the page's CSS variables.
"""

import io
import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from plcd.offline.gaps import Gap, Take

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, LINE, ACCENT, LOSS, CARD = (f"#0{i}0{i}0{i}" for i in range(1, 7))
_VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", ACCENT: "accent", LOSS: "loss", CARD: "card"}

_WINDOW = 256
"""Samples of a spectrogram's window: 6 ms at 44.1 kHz, half of a lost packet."""
_HOP = 24
_RANGE_DB = 75.0
_TOP_HZ = 12_000.0
_COLUMNS = 1600
"""Columns of the overview: more than a page has pixels."""


class PlotsUnavailableError(Exception):
    """matplotlib is not installed. The message says how to install it."""


def overview(take: Take, gaps: list[Gap]) -> str:
    """The whole take as an SVG: what was played with the losses marked, and below each gap's SNR.

    Time fills the picture's width exactly from 0 to the take's end.
    """
    figure = _figure(11.0, 3.0)
    wave = figure.add_axes((0.0, 0.47, 1.0, 0.53))
    rate = take.rate
    for gap in gaps:
        wave.axvspan(gap.start / rate, (gap.start + gap.length) / rate, color=LOSS, alpha=0.55, lw=0)
    low, high = _envelope(take.concealed[:, 0])
    times = np.linspace(0, take.seconds, low.size)
    wave.fill_between(times, low, high, color=INK, lw=0.3, alpha=0.8)
    limit = 1.05 * max(float(np.abs(take.concealed[:, 0]).max()), 1e-3)
    wave.set_ylim(-limit, limit)
    dots = figure.add_axes((0.0, 0.09, 1.0, 0.33))
    shown = [gap for gap in gaps if np.isfinite(gap.snr_db)]
    middles = [(gap.start + gap.length / 2) / rate for gap in shown]
    snr = [gap.snr_db for gap in shown]
    sizes = [9.0 * gap.length / min(g.length for g in gaps) for gap in shown]
    dots.scatter(middles, snr, s=sizes, color=ACCENT, lw=0, alpha=0.85, clip_on=False)
    dots.set_ylim(min([-2.0, *snr]) - 1, max([12.0, *snr]) + 2)
    for level in (0, 10, 20, 30):
        if level < dots.get_ylim()[1]:
            dots.axhline(level, color=LINE, lw=0.8, zorder=0)
            box = {"facecolor": CARD, "lw": 0, "pad": 1.5}
            label = dots.text(
                0, level, f"{level} dB", color=MUTED, fontsize=8, va="center", transform=_side(dots)
            )
            label.set_bbox(box)
    for axes in (wave, dots):
        _bare(axes)
        axes.set_xlim(0, take.seconds)
    dots.tick_params(bottom=True, labelbottom=True)
    dots.set_xticks(
        np.arange(1, int(np.ceil(take.seconds))), [f"{s} s" for s in range(1, int(np.ceil(take.seconds)))]
    )
    return _svg(figure, "overview", "The take over time: losses as bars, the SNR of each hole as dots")


def gap_view(take: Take, gaps: list[Gap], gap: Gap, version: str) -> str:
    """Waveform and spectrogram around ``gap``, one of all ``gaps``, as an SVG.

    ``version``: ``damaged``, ``concealed`` (with the original behind it) or ``original``. All versions of one gap have
    the same scales.
    """
    rate = take.rate
    margin = int(rate * np.clip(gap.length / rate, 0.025, 0.05))
    start, stop = gap.start - margin, gap.start + gap.length + margin
    time = (np.arange(start, stop) - gap.start) / rate * 1000
    audio = {name: _cut(getattr(take, name), start, stop) for name in ("original", "damaged", "concealed")}
    hole_ms = gap.length / rate * 1000
    lost = _cut(take.lost[:, None].astype(np.float32), start, stop) > 0
    figure = _figure(3.6, 3.3)
    wave = figure.add_axes((0.0, 0.53, 1.0, 0.47))
    for other in gaps:
        left, right = ((x - gap.start) / rate * 1000 for x in (other.start, other.start + other.length))
        wave.axvspan(left, right, color=LOSS, alpha=0.14 if other is gap else 0.07, lw=0)
    if version == "concealed":
        wave.plot(time, audio["original"], color=MUTED, lw=0.8, alpha=0.55)
    wave.plot(time, audio[version], color=INK, lw=0.9)
    if version != "original":
        colour = LOSS if version == "damaged" else ACCENT
        wave.plot(time, np.where(lost, audio[version], np.nan), color=colour, lw=1.4)
    limit = 1.1 * max(float(max(np.abs(x).max() for x in audio.values())), 1e-4)
    wave.set_ylim(-limit, limit)
    picture = figure.add_axes((0.0, 0.095, 1.0, 0.415))
    reference = float(_power(_cut(take.original, start - _WINDOW, stop + _WINDOW), rate).max())
    power = _power(_cut(getattr(take, version), start - _WINDOW // 2, stop + _WINDOW // 2), rate)
    decibels = 10 * np.log10(np.maximum(power / max(reference, 1e-20), 1e-12))
    top = min(_TOP_HZ, rate / 2)
    edges = (float(time[0]), float(time[-1]), 0.0, top / 1000)
    picture.imshow(
        decibels, cmap="magma", vmin=-_RANGE_DB, vmax=0, origin="lower", aspect="auto", extent=edges
    )
    for edge in (0.0, hole_ms):
        picture.axvline(edge, color="white", lw=0.8, ls=(0, (2, 2)), alpha=0.8)
    for khz in range(2, int(top / 1000), 4):
        picture.text(
            0.012, khz, f"{khz} kHz", color="white", fontsize=8, va="center", transform=_side(picture)
        )
    for axes in (wave, picture):
        _bare(axes)
        axes.set_xlim(time[0], time[-1])
    picture.tick_params(bottom=True, labelbottom=True)
    middle, span = (time[0] + time[-1]) / 2, time[-1] - time[0]
    step = 20 if hole_ms < 60 else 50
    ticks = [t for t in np.arange(-100, 1000, step) if abs(t - middle) < 0.43 * span]
    picture.set_xticks(ticks, [f"{t:.0f} ms" if t else "0" for t in ticks])
    return _svg(figure, f"{version}-{gap.start}", f"{version} audio around {gap.start / rate:.2f} s")


def _figure(width: float, height: float) -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotsUnavailableError(
            "the report needs matplotlib: pip install '.[report]' in plcd's folder, or pip install matplotlib"
        ) from None
    return Figure(figsize=(width, height), facecolor="none")


def _svg(figure: "Figure", name: str, label: str) -> str:
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", dpi=144, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"(<svg[^>]*?) (?:width|height)=\"[^\"]*\"", r"\1", svg)
    svg = re.sub(r"(<svg[^>]*?) (?:width|height)=\"[^\"]*\"", r"\1", svg)
    svg = re.sub(
        r" id=\"(?:figure|axes|patch|line2d|text|xtick|matplotlib|PathCollection|FillBetween)\w*\"", "", svg
    )
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _bare(axes: "Axes") -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.patch.set_visible(False)
    axes.tick_params(
        left=False, bottom=False, labelleft=False, labelbottom=False, colors=MUTED, labelsize=8, length=3
    )


def _side(axes: "Axes") -> object:
    """x as a share of the axes, y in data."""
    return axes.get_yaxis_transform()


def _cut(audio: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float64]:
    """The first channel from ``start`` to ``stop``, zeros where there is no audio."""
    cut = np.zeros(stop - start)
    low, high = max(start, 0), min(stop, audio.shape[0])
    cut[low - start : high - start] = audio[low:high, 0]
    return cut


def _power(audio: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Power by frequency (up to 12 kHz) and time, Hann windows, ``(bins, columns)``."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, _WINDOW)[::_HOP]
    spectrum = np.fft.rfft(frames * np.hanning(_WINDOW), 4 * _WINDOW, axis=1)
    bins = int(min(_TOP_HZ, rate / 2) / rate * 4 * _WINDOW)
    power: NDArray[np.float64] = np.square(np.abs(spectrum[:, :bins])).T
    return power


def _envelope(audio: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest sample of each of the overview's columns."""
    parts = np.array_split(audio, min(_COLUMNS, audio.size))
    return np.array([p.min() for p in parts]), np.array([p.max() for p in parts])

"""The comparison as Markdown: for every loss and lookahead what each system reaches."""

import numpy as np

from comparison.board import Board, Entry
from comparison.markdown import Figure, interval, number, table
from comparison.measures import BURST_SNR, ENERGY, GAP_SNR, LOUDEST, MR_STFT, ODG, STEP, ZIMTOHRLI
from comparison.stats import mean_interval
from comparison.systems import BASELINE
from comparison.timing import Figures
from comparison.verdicts import verdicts
from plcd.scoring.gap_energy import BANDS_HZ

_QUALITY = (
    ("gap SNR, dB", GAP_SNR, 2, 1),
    ("SNR of bursts, dB", BURST_SNR, 2, 1),
    ("ODG", ODG, 2, 1),
    ("Zimtohrli", ZIMTOHRLI, 2, 1),
    ("MR-STFT", MR_STFT, 3, -1),
)
"""Title, metric, digits, and 1 where more is better."""
_COMPARED = (("gap SNR", GAP_SNR), ("ODG", ODG), ("Zimtohrli", ZIMTOHRLI))
Timing = dict[tuple[str, int], Figures]


def markdown(board: Board, timing: Timing) -> str:
    """The whole text, from the protocol on. ``timing``: see :func:`comparison.timing.read_timing`; may be empty."""
    lines = [*_protocol(board, timing), ""]
    for loss in board.settings.losses:
        if not any(result.loss == loss.name for result in board.results):
            continue
        for lookahead in board.settings.lookaheads:
            entries = _entries(board, lookahead)
            if any(entry.lookahead == lookahead for entry in entries):
                title = "causal" if not lookahead else f"lookahead {lookahead}"
                lines += [f"## {loss.name}, {title}", "", *_quality(board, loss.name, entries), ""]
                lines += [*_gaps(board, loss.name, entries, timing), ""]
        lines += verdicts(board, loss.name)
    return "\n".join([*lines, "## Systems", "", *_systems(board), ""])


def _entries(board: Board, lookahead: int) -> list[Entry]:
    """The rows of a table; with lookahead also what the same systems and the baseline reach without."""
    with_it = [entry for entry in board.entries if entry.lookahead == lookahead]
    if not lookahead:
        return with_it
    names = dict.fromkeys([BASELINE, *(entry.system.name for entry in with_it)])
    causal = [board.entry(name) for name in names]
    return [entry for entry in causal if entry is not None] + with_it


def _protocol(board: Board, timing: Timing) -> list[str]:
    losses = ", ".join(f"{loss.name} = `{loss.spec}`" for loss in board.settings.losses)
    times = (
        "Times are p50 / p99 of a lost packet in ms, one thread, on one core with nothing beside it, all systems in turn."
        if timing
        else "No times: `--time` measures them."
    )
    return [
        f"{len(board.clips())} clips, packets of {board.settings.packet} samples, {board.settings.traces} traces a loss "
        f"(seeds 0 to {board.settings.traces - 1}, the same for every system); {losses}.",
        "",
        "Every figure is a mean over clips of the mean over traces. In brackets its 95 % interval: percentile bootstrap over "
        "clips, 10,000 resamples, fixed seed. Δ is the paired difference from the baseline, clip by clip. Gap SNR takes all "
        "lost samples of a clip together; SNR of bursts is the mean over bursts in dB. Energy in gaps is output over reference "
        "by band: the mean over clips of the absolute dB, and in parentheses the signed mean. The loudest hole is the largest "
        "there is, against the 4096 samples before it, of holes of eight packets or more. "
        f"{times} Bold is the best of a column; a dash, no value.",
    ]


def _quality(board: Board, loss: str, entries: list[Entry]) -> list[str]:
    baseline = board.entry(BASELINE)
    header = ["system", *(title for title, *_ in _QUALITY), *(f"Δ {title}" for title, _ in _COMPARED)]
    rows = []
    for entry in entries:
        figures = []
        for _, metric, digits, sign in _QUALITY:
            estimate = board.estimate(loss, entry, metric)
            figures.append(Figure(interval(estimate, digits), sign * estimate.mean))
        for _, metric in _COMPARED:
            figures.append(_difference(board, loss, entry, baseline, metric))
        rows.append((entry.title, figures))
    return table(header, rows)


def _difference(board: Board, loss: str, entry: Entry, baseline: Entry | None, metric: str) -> Figure:
    if baseline is None or entry == baseline:
        return Figure("")
    estimate = mean_interval(list(board.differences(loss, entry, baseline, metric).values()))
    return Figure(interval(estimate, 2, signed=True))


def _gaps(board: Board, loss: str, entries: list[Entry], timing: Timing) -> list[str]:
    bands = [f"{low}-{high}" for low, high in BANDS_HZ]
    titles = [f"energy {low / 1000:g}-{high / 1000:g} kHz" for low, high in BANDS_HZ]
    header = ["system", *titles, "boundary step, dB", "loudest hole, dB", "ms p50 / p99"]
    rows = []
    for entry in entries:
        figures = [_energy(board, loss, entry, ENERGY + band) for band in bands]
        step = board.estimate(loss, entry, STEP).mean
        loudest = max(board.per_clip(loss, entry, LOUDEST).values(), default=float("nan"))
        figures += [
            Figure(number(step, 1), -step),
            Figure(number(loudest, 1)),
            _time(entry, timing),
        ]
        rows.append((entry.title, figures))
    return table(header, rows)


def _energy(board: Board, loss: str, entry: Entry, metric: str) -> Figure:
    values = list(board.per_clip(loss, entry, metric).values())
    if not values:
        return Figure(number(float("nan"), 1))
    absolute = float(np.mean(np.abs(values)))
    return Figure(f"{number(absolute, 1)} ({number(float(np.mean(values)), 1, signed=True)})", -absolute)


def _time(entry: Entry, timing: Timing) -> Figure:
    """A dash where it was not measured apart: what a job took beside others says nothing."""
    measured = timing.get((entry.system.name, entry.lookahead))
    if measured is None:
        return Figure(number(float("nan"), 2))
    ahead = f" + {number(measured['ahead'], 1)} ahead" if measured["ahead"] else ""
    return Figure(f"{number(measured['p50'], 2)} / {number(measured['p99'], 2)}{ahead}")


def _systems(board: Board) -> list[str]:
    return [
        f"- **{system.title}** (`{system.name}`): {system.description}." for system in board.settings.systems
    ]

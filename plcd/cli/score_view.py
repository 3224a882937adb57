"""Scores as tables for a terminal."""

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from plcd.cli.score_values import Values

_COLUMNS = (
    ("SNR", "snr_db", 1),
    ("gap SNR", "losses.gap_snr_db", 1),
    ("step", "losses.boundary_step_db", 1),
    ("MR-STFT", "multi_resolution_stft", 3),
    ("ODG", "peaq.odg", 2),
    ("Zimtohrli", "zimtohrli_mos", 2),
    ("ViSQOL", "visqol_mos", 2),
)
"""Heading, path into the values and decimals of what a table of files shows."""

_ROWS = (
    ("PEAQ basic ODG", "peaq.odg", "{:.2f}"),
    ("Zimtohrli MOS", "zimtohrli_mos", "{:.2f}"),
    ("ViSQOL MOS-LQO", "visqol_mos", "{:.2f}"),
    ("SNR", "snr_db", "{:.2f} dB"),
    ("NMSE", "nmse_db", "{:.2f} dB"),
    ("gap SNR", "losses.gap_snr_db", "{:.2f} dB"),
    ("NMSE of lost packets", "losses.nmse_lost_db", "{:.2f} dB"),
    ("boundary step", "losses.boundary_step_db", "{:.2f} dB"),
    ("multi-resolution STFT", "multi_resolution_stft", "{:.3f}"),
    ("mel spectral convergence", "mel_convergence", "{:.3f}"),
    ("spectrogram PSNR", "spectrogram_psnr_db", "{:.2f} dB"),
    ("spectrogram NRMSE", "spectrogram_nrmse", "{:.3f}"),
)
_NONE = "–"


def file_table(rows: Sequence[tuple[str, Values]]) -> Table:
    """One line for each file: the metrics that are looked at first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    for name, _, _ in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for name, found in rows:
        numbers = (_text(_at(found, path), f"{{:.{digits}f}}") for _, path, digits in _COLUMNS)
        table.add_row(escape(name), *numbers)
    return table


def detail_table(found: Values, heading: str) -> Table:
    """Every metric of one pair, or of a mean, one a line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("metric", no_wrap=True)
    table.add_column(escape(heading), justify="right", overflow="fold")  # a name as long as it likes
    for name, path, form in _ROWS:
        table.add_row(name, _text(_at(found, path), form))
    for packets, ratio in sorted(
        (_at(found, "losses.gap_snr_by_burst_db") or {}).items(), key=lambda item: int(item[0])
    ):
        table.add_row(f"gap SNR, bursts of {packets}", _text(ratio, "{:.2f} dB"))
    for band, ratio in (_at(found, "losses.gap_energy_db") or {}).items():
        table.add_row(f"energy in gaps, {band} Hz", _text(ratio, "{:+.2f} dB"))
    for name, value in (_at(found, "peaq.variables") or {}).items():
        table.add_row(f"PEAQ {name}", _text(value, "{:.4g}"))
    return table


def _at(found: Values, path: str) -> Any:
    """The value at a dotted path; None where it, or a group on the way, is missing."""
    inner: Any = found
    for name in path.split("."):
        inner = None if inner is None else inner.get(name)
    return inner


def _text(value: float | None, form: str) -> str:
    return _NONE if value is None else form.format(value).replace("-", "−")

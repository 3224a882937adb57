"""The results as CSV: what a second run gives again in one file, what it does not (times) in another."""

import csv
import io
import math
from pathlib import Path

from comparison.cell import Result

_PLACE = ("clip", "loss", "trace", "lookahead", "system")


def write_csv(folder: Path, results: list[Result]) -> list[Path]:
    """``results.csv`` and ``times.csv``, a row for each result in the given order. No value is an empty field."""
    metrics = list(results[0].values) if results else []
    rows = [
        [*_place(r), r.packets, r.lost, *(_number(r.values[name]) for name in metrics), _bursts(r.by_burst)]
        for r in results
    ]
    times = [[*_place(r), *(f"{ms:.4f}" for ms in r.lost_ms)] for r in results]
    return [
        _write(folder / "results.csv", [*_PLACE, "packets", "lost", *metrics, "gap_snr_by_burst_db"], rows),
        _write(folder / "times.csv", [*_PLACE, "lost_packet_p50_ms", "lost_packet_p99_ms"], times),
    ]


def _place(result: Result) -> list[str | int]:
    return [result.clip, result.loss, result.trace, result.lookahead, result.system]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _bursts(by_burst: dict[int, float]) -> str:
    return " ".join(f"{length}={db:.4f}" for length, db in sorted(by_burst.items()))


def _write(path: Path, header: list[str], rows: list[list[str | int]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path

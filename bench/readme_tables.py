"""Writes the tables of README.md from bench/QUALITY.md and bench/RESULTS.md, between the markers that stand there.

``make bench`` and ``make bench-quality`` run it at their end; a test holds that README says what the files say.
"""

import re
import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

_QUALITY_ROWS = (
    ("zero fill", "zero fill", "causal"),
    ("repeat", "repeat", "causal"),
    ("Burg 511 on one packet (what JackTrip does)", "Burg 511, one packet", "causal"),
    ("autocorrelation 256, crossfade 256", "AR 256", "causal"),
    ("autocorrelation 1024, crossfade 32", "AR 1024", "causal"),
    ("Burg 1024, crossfade 32 (baseline)", "Burg 1024 (baseline)", "causal"),
    ("predictor alone, without innovation (`--model none --noise 0`)", "plcd best@0", "causal"),
    ("predictor alone (`--model none`)", "plcd", "causal"),
    ("plcd with the network `lite`", "plcd + lite", "causal"),
    ("**plcd** with the network `hybrid`, the default", "plcd + hybrid", "causal"),
    ("the same with one packet of lookahead", "plcd + hybrid, lookahead 1", "lookahead 1"),
)
"""What README calls it, what QUALITY.md calls it, and in which of its tables the row is."""
_QUALITY_HEADER = (
    "| 10 % loss (3 %) | gap SNR, dB | PEAQ ODG | Zimtohrli MOS | bursts of 8: gap SNR, ODG, MOS "
    "| ms a loss, p50 / p99 |"
)
_METRICS = (("gap SNR, dB", 1), ("ODG", 2), ("Zimtohrli", 2))
"""Column and digits."""
_LOST = "whole lost packet, "
_BOTH_SIDES = ", closed from both sides"


class TablesError(Exception):
    """A file lacks what README is to say. The message is one line."""


class Figure(NamedTuple):
    """What stands in a cell, and whether it is the best of its column."""

    text: str
    best: bool


class _Table(NamedTuple):
    """Cells by row and column, and where they were found, for messages."""

    rows: dict[str, dict[str, str]]
    place: str

    def cell(self, row: str, column: str) -> str:
        try:
            return self.rows[row][column]
        except KeyError:
            raise TablesError(f"{self.place} has no {row!r}, {column!r}") from None


def readme_with(readme: str, quality: str, results: str) -> str:
    """``readme`` with its tables made of the two other texts. Raises TablesError."""
    for name, lines in (("quality", _quality(quality)), ("costs", _costs(results))):
        marked = re.compile(rf"(<!-- {name}:[^\n]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
        body = "".join(f"{line}\n" for line in lines)
        readme, found = marked.subn(lambda m, body=body: m[1] + body + m[2], readme)  # type: ignore[misc]
        if found != 1:
            raise TablesError(f"README.md has {found} places marked <!-- {name}: ... --> to <!-- /{name} -->")
    return readme


def _quality(text: str) -> Iterator[str]:
    """The table of concealers."""
    yield _QUALITY_HEADER
    yield "|---|---|---|---|---|---|"
    for title, system, kind in _QUALITY_ROWS:
        often, seldom, burst = (
            _section(text, f"{loss}, {kind}") for loss in ("gilbert10", "gilbert3", "burst8")
        )
        bold = kind == "causal"  # the best of what can be had without waiting
        cells = [
            _with_other(*(_figure(table.cell(system, column), digits, bold) for table in (often, seldom)))
            for column, digits in _METRICS
        ]
        cells.append(
            _listed([_figure(burst.cell(system, column), digits, bold) for column, digits in _METRICS])
        )
        time = often.cell(system, "ms p50 / p99").replace("**", "")
        cells.append("" if time in ("–", "0.00 / 0.00") else time.replace("+", "and"))
        yield f"| {title} | {' | '.join(cells)} |".replace("|  |", "| |")


def _costs(text: str) -> Iterator[str]:
    """The table of what it costs, and on what machine."""
    table = _Table(_rows(text), "bench/RESULTS.md")

    def cell(row: str) -> str:
        return table.cell(row, "measured")

    def lost(row: str) -> str:
        return " / ".join(f"{_rounded(value, 2)}" for value in _numbers(cell(f"{_LOST}{row}, p50"), 2))

    def value(row: str, digits: int) -> Decimal:
        return _rounded(_numbers(cell(row), 1)[0], digits)

    best, once = "best, fits made ahead", "tapered:1024/4096, fitted at once"
    idle, busy = (value(f"daemon, mono, {loss}: share of a core", 1) for loss in ("no loss", "10 % loss"))
    warm, cold = (value(f"start to ready, {cache} kernel cache", 1) for cache in ("warm", "cold"))
    yield "| one lost packet of 512 samples, mono, one core, p50 / p99 | |"
    yield "|---|---|"
    yield f"| `best`, its fits made ahead: causal / closed from both sides | {lost(best)}, {lost(best + _BOTH_SIDES)} ms |"
    yield f"| order 1024 fitted at once: causal / closed from both sides | {lost(once)}, {lost(once + _BOTH_SIDES)} ms |"
    yield f"| `fast`, fitted at once | {lost('fast, fitted at once')} ms |"
    yield "| **daemon, 44.1 kHz mono** | |"
    yield f"| share of a core, no loss / 10 % loss | {idle} % / {busy} % |"
    yield f"| memory | {value('daemon: resident memory', 0)} MB |"
    yield f"| start to ready, kernels cached / not | {warm} / {cold} s |"
    machine = re.search(
        r"^Machine: .*processor (.+?), vector (.+?), cores (\d+).*, python (\d+\.\d+)", text, re.M
    )
    if machine is None:
        raise TablesError("bench/RESULTS.md does not name the machine")
    yield ""
    yield f"{machine[1]} with {machine[2]}, {machine[3]} cores, Python {machine[4]}."


def _section(text: str, title: str) -> _Table:
    part = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.M | re.DOTALL)
    return _Table(_rows(part[1] if part else ""), f"bench/QUALITY.md, {title!r},")


def _rows(text: str) -> dict[str, dict[str, str]]:
    """Every table row of ``text`` by its first cell; a row that is in several tables has the columns of all."""
    rows: dict[str, dict[str, str]] = {}
    columns: list[str] = []
    before = ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|---"):
            columns = [cell.strip() for cell in before.strip("|").split("|")]
        elif line.startswith("|") and columns:
            rows.setdefault(cells[0], {}).update(zip(columns, cells, strict=False))
        elif not line.startswith("|"):
            columns = []
        before = line
    return rows


def _figure(cell: str, digits: int, bold: bool) -> Figure:
    """A mean out of ``**mean [from, to]**``."""
    return Figure(f"{_rounded(_numbers(cell, 1)[0], digits)}", bold and cell.startswith("**"))


def _numbers(cell: str, count: int) -> list[Decimal]:
    found = [Decimal(number.replace("−", "-")) for number in re.findall(r"(?<!\w)[−-]?\d+(?:\.\d+)?", cell)]
    if len(found) < count:
        raise TablesError(f"there is no number in {cell!r}")
    return found[:count]


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) + 0  # no -0.0


def _with_other(one: Figure, other: Figure) -> str:
    """``one (other)``, with the best of both in bold."""
    if one.best and other.best:
        return f"**{one.text} ({other.text})**"
    return f"{_shown([one])} ({_shown([other])})"


def _listed(figures: list[Figure]) -> str:
    return ", ".join(_shown(list(group)) for _, group in groupby(figures, key=lambda figure: figure.best))


def _shown(figures: list[Figure]) -> str:
    text = ", ".join(figure.text for figure in figures)
    return f"**{text}**" if figures[0].best else text


def main() -> int:
    """Rewrite README.md; the exit code."""
    readme = ROOT / "README.md"
    try:
        texts = [(ROOT / "bench" / name).read_text(encoding="utf-8") for name in ("QUALITY.md", "RESULTS.md")]
        readme.write_text(readme_with(readme.read_text(encoding="utf-8"), *texts), encoding="utf-8")
    except (TablesError, OSError) as error:
        print(f"readme_tables: {error}; README.md is left as it was", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())

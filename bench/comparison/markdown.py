"""Figures as cells of a Markdown table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from comparison.stats import Estimate

NONE = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: what it says, and the number by which it competes with its column; NaN competes with nobody."""

    text: str
    rank: float = float("nan")
    """The larger the better."""


def number(value: float, digits: int, signed: bool = False) -> str:
    """A number with a typographic minus, ∞ and a dash for NaN."""
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    if float(text) == 0:
        text = text.replace("-", "+" if signed else "")
    return text.replace("-", "−")


def interval(estimate: Estimate, digits: int, signed: bool = False) -> str:
    """Mean and interval, as ``10.40 [8.91, 12.03]``."""
    if not estimate.count:
        return NONE
    low, high = (number(limit, digits, signed) for limit in (estimate.low, estimate.high))
    return f"{number(estimate.mean, digits, signed)} [{low}, {high}]"


def table(header: Sequence[str], rows: Sequence[tuple[str, Sequence[Figure]]]) -> list[str]:
    """Lines of a table: a name and figures in each row, the best of each column bold (all of them where they read alike)."""
    best: list[str | None] = []
    for column in range(len(header) - 1):
        ranked = [row[1][column] for row in rows if not math.isnan(row[1][column].rank)]
        best.append(
            max(ranked, key=lambda figure: figure.rank).text.split(" ")[0] if len(ranked) > 1 else None
        )
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for name, figures in rows:
        cells = [
            f"**{figure.text}**"
            if best[column] == figure.text.split(" ")[0] and not math.isnan(figure.rank)
            else figure.text
            for column, figure in enumerate(figures)
        ]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return lines

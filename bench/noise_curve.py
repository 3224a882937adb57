"""Draws what the amount of sampled innovation does: waveform accuracy against what is heard.

``python bench/quality.py --systems plcd:best@0,plcd:best@0.5,... --loss gilbert10 --lookahead 0 --out DIR``, then
``python bench/noise_curve.py DIR/results.csv curve.png``.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from comparison.measures import GAP_SNR, ODG, ZIMTOHRLI
from comparison.plots import new_figure, save

from plcd.cli.errors import CliError

Point = tuple[float, float, float, float]
"""Amount, gap SNR in dB, ODG, Zimtohrli."""


def read_points(results: Path) -> list[Point]:
    """The means over clips (each the mean of its traces) of every system called ``...@AMOUNT``, by amount.

    Raises OSError, and ValueError where the file holds none.
    """
    found: dict[float, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    with results.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            _, marked, amount = row["system"].partition("@")
            if marked:
                values = [float(row[name] or "nan") for name in (GAP_SNR, ODG, ZIMTOHRLI)]
                found[float(amount)][row["clip"]].append(values)
    if not found:
        raise ValueError(f"{results}: no system has an amount, as plcd:best@0.5")
    points = []
    for amount, clips in sorted(found.items()):
        gap, odg, mos = np.nanmean([np.nanmean(values, axis=0) for values in clips.values()], axis=0).tolist()
        points.append((amount, gap, odg, mos))
    return points


def draw(points: list[Point], path: Path) -> Path:
    """Two panels: ODG and Zimtohrli over gap SNR, a dot an amount."""
    figure = new_figure(9, 3.6)
    panels = figure.subplots(1, 2)
    for axes, column, title in zip(panels, (2, 3), ("PEAQ ODG", "Zimtohrli MOS"), strict=True):
        axes.plot([p[1] for p in points], [p[column] for p in points], "o-", color="#c8442f")
        for point in points:
            axes.annotate(f" {point[0]:g}", (point[1], point[column]), fontsize=8)
        axes.set_xlabel("gap SNR, dB")
        axes.set_ylabel(title)
        axes.grid(color="#dddddd", lw=0.7)
    figure.suptitle("amount of sampled innovation (1 is the default), 10 % loss", fontsize=10)
    return save(figure, path)


def main(arguments: list[str]) -> int:
    """Read, print and draw; the exit code."""
    if len(arguments) != 2:
        print("usage: noise_curve.py RESULTS.csv PLOT.png", file=sys.stderr)
        return 2
    try:
        points = read_points(Path(arguments[0]))
        print("| amount | gap SNR | ODG | Zimtohrli |\n|---|---|---|---|")
        for amount, gap, odg, mos in points:
            print(f"| {amount:g} | {gap:.2f} | {odg:.2f} | {mos:.2f} |")
        draw(points, Path(arguments[1]))
    except (OSError, ValueError, KeyError) as error:
        print(f"noise_curve: {error}", file=sys.stderr)
        return 3
    except CliError as error:
        print(f"noise_curve: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line of the comparison."""

import argparse
import math
from pathlib import Path

from comparison import losses, systems
from comparison.pools import cores

ROOT = Path(__file__).resolve().parents[2]


def parser(description: str) -> argparse.ArgumentParser:
    """Every option of bench/quality.py."""
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        default=ROOT / "bench/data/dev",
        metavar="DIR",
        help="clips, in folders by family [bench/data/dev]",
    )
    add("--systems", default=systems.DEFAULT, metavar="LIST", help=f"{systems.EXISTING} [all named ones]")
    add(
        "--loss",
        default="gilbert10,gilbert3,bursts",
        metavar="LIST",
        help=f"{losses.EXISTING} [gilbert10,gilbert3,bursts]".replace("%", "%%"),
    )
    add("--traces", type=_count, default=5, metavar="N", help="traces of each loss, seeds 0 to N - 1 [5]")
    add(
        "--lookahead",
        type=_lookaheads,
        default=(0, 1),
        metavar="LIST",
        help="packets after a hole that plcd may use [0,1]",
    )
    add("--packet", type=_count, default=512, metavar="N", help="samples in a packet [512]")
    add(
        "--seconds",
        type=_seconds,
        default=8.0,
        metavar="S",
        help="of each clip, from its start; 0 is all [8]",
    )
    add("--jobs", type=_count, default=cores(), metavar="N", help="processes [one a core]")
    add("--scheduler", metavar="ADDRESS", help="run on the Dask cluster whose scheduler is there")
    add(
        "--out",
        type=Path,
        default=ROOT / "out/quality",
        metavar="DIR",
        help="results, and what a later run goes on from [out/quality]",
    )
    add("--fresh", action="store_true", help="forget what is in DIR")
    add("--time", action="store_true", help="first measure the time of a lost packet, alone on one core")
    add("--write", action="store_true", help="also write bench/QUALITY.md and bench/plots")
    add("--listen-page", type=Path, metavar="FILE", help="also write a page for a blind listening test")
    add("--listen-clips", type=_count, default=6, metavar="N", help="clips on that page [6]")
    add(
        "--listen-loss",
        default="gilbert10",
        metavar="LOSS",
        help="the loss on that page, trace 0 [gilbert10]",
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"a whole number from 1 on, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and (value == 0 or value >= 1)):
        raise argparse.ArgumentTypeError("1 s or more, or 0 for all")
    return value


def _lookaheads(text: str) -> tuple[int, ...]:
    pieces = [piece.strip() for piece in text.split(",")]
    if not all(piece.isdecimal() and int(piece) <= 64 for piece in pieces):
        raise argparse.ArgumentTypeError(f"whole numbers from 0 to 64, as 0,1, not {text!r}")
    return tuple(sorted({int(piece) for piece in pieces}))

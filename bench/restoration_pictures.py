"""Draws spectrograms of a recording before and after: docs/restoration.png."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from comparison.clips import ClipError, read_clip
from comparison.plots import new_figure, save
from comparison.work import say
from repairs.gaps import PACKET
from repairs.methods import CAUSAL, find_repairs
from repairs.pictures import Row, draw

from plcd.cli.errors import CliError, ExitCode
from plcd.restoration.errors import RestorationError
from plcd.restoration.methods import Options

ROOT = Path(__file__).resolve().parents[1]
GAPS = ((0.15, 1), (0.35, 2), (0.6, 4), (0.95, 7))
"""Seconds from the start of what is shown, and packets."""
SHOWN_S = 1.25


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "bench" / "data" / "dev", help="folder of clips")
    parser.add_argument("--clip", type=Path, default=Path("strings/msdb_test_violin_0d62b53f.flac"))
    parser.add_argument("--start", type=float, default=1.0, help="second of the clip (%(default)g)")
    parser.add_argument("--methods", default="interpolate", help="comma-separated, a row each (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for deep-prior")
    parser.add_argument("--steps", type=int, help="for deep-prior")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "restoration.png")
    args = parser.parse_args(arguments)
    try:
        return _run(args)
    except (CliError, RestorationError, ClipError) as error:
        say(f"restoration_pictures: {error}")
        return int(error.exit_code) if isinstance(error, CliError) else int(ExitCode.FILE)


def _run(args: argparse.Namespace) -> int:
    repairs = find_repairs(args.methods, Options(args.device, args.steps))
    repairs.sort(key=lambda repair: repair.name != CAUSAL)
    clip = read_clip(args.data, args.data / args.clip, PACKET, 0)
    flags = np.zeros(clip.samples.shape[0] // PACKET, np.bool_)
    for second, packets in GAPS:
        first = round((args.start + second) * clip.rate / PACKET)
        flags[first : first + packets] = True
    shown = round(args.start * clip.rate), round((args.start + SHOWN_S) * clip.rate)
    if shown[1] > clip.samples.shape[0] or shown[0] < 0:
        raise CliError(
            f"--start {args.start:g}: the clip has {clip.samples.shape[0] / clip.rate:.1f} s", ExitCode.USAGE
        )
    given = clip.samples.copy()
    given[np.repeat(flags, PACKET)] = 0
    rows = [Row("original", clip.samples), Row("damaged", given)]
    rows += [Row(repair.title, repair.fill(given.copy(), flags, clip.rate)) for repair in repairs]
    figure = new_figure(9, 1.7 * len(rows))
    draw(figure, rows, clip.rate, flags, shown)
    print(save(figure, args.out))
    return int(ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main())

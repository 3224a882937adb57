"""``plcd score``: how near processed audio comes to its reference. What computes is loaded when the command runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "score",
        help="measure how near processed audio comes to its reference",
        description="Score processed audio against its reference: PEAQ, Zimtohrli, ViSQOL, error ratios and spectral "
        "distances, and with --trace how well the gaps were filled. Two directories are matched by file name. "
        "docs/quality.md says what each number means.",
    )
    parser.add_argument("reference", metavar="REF", type=Path, help="audio file, or a directory of them")
    parser.add_argument(
        "output", metavar="OUT", type=Path, help="what was made of it: a file, or a directory"
    )
    parser.add_argument(
        "--trace",
        metavar="TRACE",
        type=Path,
        help="which packets were lost: one digit a line, 1 = lost; or a directory of such files",
    )
    parser.add_argument(
        "--packet", metavar="N", type=int, default=512, help="samples of a packet (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON; what has no finite value is null")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0, or 3 when files of a directory failed (each is reported on stderr).

    Raises CliError: usage (2), or a file or trace that stops everything (3).
    """
    from plcd.cli.score_run import score_paths

    return score_paths(args.reference, args.output, args.trace, args.packet, args.json)

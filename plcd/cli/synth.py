"""``plcd synth``: training audio from MIDI files, rendered by FluidSynth."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "synth",
        help="render training audio from MIDI files",
        description="Render every MIDI file of a folder to FLAC (44.1 kHz, mono, 16 bit) with FluidSynth. What is there "
        "already is not rendered again, so a run that was stopped goes on where it was.",
    )
    parser.add_argument(
        "midi", metavar="MIDI_DIR", type=Path, help="folder with .mid files, searched to the bottom"
    )
    parser.add_argument(
        "--soundfont", metavar="SF2", type=Path, required=True, help="sounds, an .sf2 or .sf3 file"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the FLAC files"
    )
    parser.add_argument(
        "--vary",
        metavar="N",
        type=int,
        default=0,
        help="render each file N times with random instruments and tempo; 0: once, as written (default: %(default)s)",
    )
    parser.add_argument(
        "--max-seconds",
        metavar="S",
        type=float,
        default=120.0,
        help="of each rendering (default: %(default)g)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of what --vary draws (default: %(default)s)"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=int, help="renderings at a time (default: all processors)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0, or 3 when some files failed (each is reported on stderr).

    Raises CliError: usage (2), files (3), FluidSynth missing (1).
    """
    from plcd.training.errors import TrainingError
    from plcd.training.synth import Plan, render_all

    if not 0 <= args.vary <= 1000:
        raise CliError(f"--vary {args.vary}: 0 to 1000", ExitCode.USAGE)
    if not args.max_seconds >= 1:
        raise CliError(f"--max-seconds {args.max_seconds:g}: at least 1", ExitCode.USAGE)
    if args.jobs is not None and args.jobs < 1:
        raise CliError(f"--jobs {args.jobs}: at least 1", ExitCode.USAGE)
    try:
        plan = Plan.make(args.midi, args.soundfont, args.output, args.vary, args.max_seconds, args.seed)
        done = render_all(plan, args.jobs)
    except TrainingError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    print(f"{done.rendered} rendered, {done.present} there before, {done.failed} failed: {args.output}")
    return int(ExitCode.FILE if done.failed else ExitCode.OK)

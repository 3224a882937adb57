"""``plcd restore``: recordings repaired afterwards."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.restore_jobs import AUTO, BLIND, plan
from plcd.cli.restore_run import run_here, run_on_cluster
from plcd.cli.restore_view import print_table, say
from plcd.cli.restore_work import Settings
from plcd.restoration.detect import SHORTEST
from plcd.restoration.errors import RestorationError
from plcd.restoration.journal import journal_of
from plcd.restoration.methods import METHODS, Options

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "restore",
        help="repair recordings afterwards",
        description="Repair the holes of recordings, with what came before and after each. `plcd restore session.wav` takes "
        "the holes from the sidecar that --record wrote (session.wav.json) and writes session.restored.wav. Only samples "
        "inside holes change. Interrupted, the same command goes on where it was. docs/restoration.md says more.",
    )
    parser.add_argument(
        "input", metavar="IN", type=Path, nargs="+", help="audio files, or directories of them"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="audio file, or a directory (default: IN.restored.wav)",
    )
    parser.add_argument(
        "--method", metavar="NAME", default="interpolate", help=f"{', '.join(METHODS)} (default: %(default)s)"
    )
    parser.add_argument(
        "--gaps",
        metavar="LIST",
        help="sidecar (.json), loss trace (one digit a packet, one a line, 1 = lost), a directory of either; auto: look for "
        "silence, repeats and steps of whole packets; blind: let res-u-net look at everything (default: the sidecar beside IN)",
    )
    parser.add_argument(
        "--packet",
        metavar="N",
        type=int,
        default=512,
        help="samples of a packet, for a trace and auto (default: %(default)s)",
    )
    parser.add_argument(
        "--preview",
        action="store_true",
        help="only the first five holes with a second around each, as they were and then restored, as a short file to listen to",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace outputs that exist; else they are refused, and passed over where this very restoration made them",
    )
    parser.add_argument(
        "--device",
        metavar="DEVICE",
        help="cpu or cuda, for deep-prior (default: cpu)",
    )
    parser.add_argument("--steps", metavar="N", type=int, help="steps of each fit at most, for deep-prior")
    parser.add_argument(
        "--model", metavar="MODEL", help="network, for res-u-net: FILE, or NAME of one that ships"
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="have the gaps restored by the Dask cluster whose scheduler is there (tcp://HOST:8786), several files at once",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0, 3 when some of several files failed (each is reported on stderr), 1 when interrupted.

    Raises CliError: usage (2), a file or a missing method that stops everything (3), no cluster there (5).
    """
    if not 1 <= args.packet <= 65_536:
        raise CliError(f"--packet {args.packet}: 1 to 65536", ExitCode.USAGE)
    if args.steps is not None and args.steps < 1:
        raise CliError(f"--steps {args.steps}: at least 1", ExitCode.USAGE)
    if args.method not in METHODS:
        raise CliError(f"--method {args.method}: there are {', '.join(METHODS)}", ExitCode.USAGE)
    for flag in ("device", "steps", "model"):
        if getattr(args, flag) is not None and flag not in METHODS[args.method].takes:
            able = ", ".join(name for name, method in METHODS.items() if flag in method.takes)
            raise CliError(f"--{flag} is for {able}, not for {args.method}", ExitCode.USAGE)
    if args.gaps == AUTO and args.packet < SHORTEST:
        raise CliError(
            f"--packet {args.packet}: auto looks for packets of {SHORTEST} samples or more", ExitCode.USAGE
        )
    if args.gaps == BLIND and args.preview:
        raise CliError(
            "--preview shows gaps one by one: it needs to know them, not --gaps blind", ExitCode.USAGE
        )
    if args.gaps == BLIND and args.scheduler:
        raise CliError("--gaps blind works here: leave out --scheduler", ExitCode.USAGE)
    try:
        jobs = plan(args.input, args.output, args.gaps, args.preview)
    except OSError as error:  # names too long, folders that may not be read
        raise CliError(f"{str(error.filename)[:200]}: {error.strerror}", ExitCode.FILE) from None
    settings = Settings(
        args.method,
        Options(args.device or "cpu", args.steps, args.model, folder=jobs[0].output.parent),
        args.packet,
        args.preview,
        args.overwrite,
    )
    try:
        done = run_on_cluster(args.scheduler, jobs, settings) if args.scheduler else run_here(jobs, settings)
    except RestorationError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    except KeyboardInterrupt:
        there = not args.preview and any(journal_of(job.output).exists() for job in jobs)
        kept = (
            ": what is finished is kept beside the output (.partial), the same command goes on there"
            if there
            else ", before anything was finished"
        )
        say(f"plcd: interrupted{kept}")
        return ExitCode.RUNTIME
    failures = [one.failure for one in done if one.failure is not None]
    if failures and len(jobs) == 1:
        raise CliError(failures[0], ExitCode.FILE)
    print_table([one for one in done if one.written])
    if failures:
        say(f"plcd: {len(failures)} of {len(jobs)} files failed")
    return ExitCode.FILE if failures else ExitCode.OK

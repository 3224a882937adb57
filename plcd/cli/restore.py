"""``plcd restore``: recordings repaired afterwards."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.restore_jobs import BLIND, Job, plan
from plcd.cli.restore_work import Done, Settings, work
from plcd.restoration.errors import RestorationError
from plcd.restoration.methods import METHODS, Options, make, make_blind

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
        "--device",
        metavar="DEVICE",
        default="cpu",
        help="cpu or cuda, for deep-prior (default: %(default)s)",
    )
    parser.add_argument("--steps", metavar="N", type=int, help="steps of each fit at most, for deep-prior")
    parser.add_argument(
        "--model", metavar="MODEL", help="network, for res-u-net: FILE, or NAME of one that ships"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0, 3 when some of several files failed (each is reported on stderr), 1 when interrupted.

    Raises CliError: usage (2), or a file that stops everything (3).
    """
    if not 1 <= args.packet <= 65_536:
        raise CliError(f"--packet {args.packet}: 1 to 65536", ExitCode.USAGE)
    if args.steps is not None and args.steps < 1:
        raise CliError(f"--steps {args.steps}: at least 1", ExitCode.USAGE)
    if args.method not in METHODS:
        raise CliError(f"--method {args.method}: there are {', '.join(METHODS)}", ExitCode.USAGE)
    if args.gaps == BLIND and args.preview:
        raise CliError(
            "--preview shows gaps one by one: it needs to know them, not --gaps blind", ExitCode.USAGE
        )
    jobs = plan(args.input, args.output, args.gaps, args.preview)
    settings = Settings(args.method, Options(args.device, args.steps, args.model), args.packet, args.preview)
    try:
        ready = make_blind if args.gaps == BLIND else make
        ready(settings.method, settings.options)
    except RestorationError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    try:
        done = _work_all(jobs, settings)
    except KeyboardInterrupt:
        kept = (
            ""
            if args.preview
            else ": what is finished is kept beside the output (.partial), the same command goes on there"
        )
        _say(f"plcd: interrupted{kept}")
        return ExitCode.RUNTIME
    failures = [one.failure for one in done if one.failure is not None]
    if failures and len(jobs) == 1:
        raise CliError(failures[0], ExitCode.FILE)
    print_table([one for one in done if one.written])
    if failures:
        _say(f"plcd: {len(failures)} of {len(jobs)} files failed")
    return ExitCode.FILE if failures else ExitCode.OK


def _work_all(jobs: tuple[Job, ...], settings: Settings) -> list[Done]:
    """Do them one after the other, with a bar for the one in work."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    finished: list[Done] = []
    with Progress(*columns, console=_console(), transient=True, disable=not sys.stderr.isatty()) as progress:
        for number, job in enumerate(jobs, 1):
            place = f"{number}/{len(jobs)} " if len(jobs) > 1 else ""
            task = progress.add_task(place + escape(job.source.name), total=None)
            done = work(
                job,
                settings,
                partial(_size, progress, task),
                partial(progress.advance, task),
            )
            progress.remove_task(task)
            lines = list(done.said)
            if done.failure is not None and len(jobs) > 1:
                lines.append(done.failure)
            for line in lines:
                progress.console.print(f"plcd: {line}", markup=False, highlight=False, soft_wrap=True)
            finished.append(done)
    return finished


def _size(progress: Progress, task: TaskID, samples: int) -> None:
    progress.update(task, total=samples)


def print_table(done: list[Done]) -> None:
    """One line a file that was written."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    for name in ("gaps", "restored", "too long"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in done:
        gaps, left = ("–", "–") if one.job.blind else (str(one.gaps), str(one.left))
        table.add_row(escape(one.job.output.name), gaps, f"{one.seconds:.3f} s", left)
    if done:
        Console().print(table)


def _console() -> Console:
    return Console(stderr=True)


def _say(line: str) -> None:
    _console().print(line, markup=False, highlight=False, soft_wrap=True)

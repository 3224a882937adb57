"""``plcd conceal``: the concealer on audio files, one or a directory of them."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from plcd.cli.conceal_jobs import Batch, plan
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.models import load_model
from plcd.cli.traces import read_trace
from plcd.core.concealer import Concealer
from plcd.core.refiner import own_predictor
from plcd.core.trace import TraceError
from plcd.offline.audio_files import AudioFileError
from plcd.offline.conceal import Outcome, Settings, conceal_file

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "conceal",
        help="conceal lost packets in audio files",
        description="Conceal what a loss trace calls lost in an audio file, or in a directory of files "
        "(matched by name: IN/take.wav with TRACE/take.txt). Lost audio in IN is never read; received audio "
        "passes unchanged, but for a crossfade of 2.9 ms after a hole.",
    )
    parser.add_argument("input", metavar="IN", type=Path, help="audio file, or a directory of them")
    parser.add_argument(
        "--trace",
        metavar="TRACE",
        type=Path,
        required=True,
        help="one digit a packet, one a line, 1 = lost; or a directory of such files",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="audio file, or a directory"
    )
    parser.add_argument(
        "--damaged", metavar="PATH", type=Path, help="also write the input with silence for what was lost"
    )
    parser.add_argument(
        "--packet", metavar="N", type=int, default=512, help="samples of a packet (default: %(default)s)"
    )
    parser.add_argument(
        "--predictor",
        metavar="SPEC",
        default="auto",
        help="auto (what the network was trained on, else best), best, fast, or METHOD:ORDER/CONTEXT, joined by +; METHOD is "
        "tapered, burg or lpc (default: %(default)s)",
    )
    parser.add_argument(
        "--noise",
        metavar="AMOUNT",
        type=float,
        default=1.0,
        help="how much of the energy that no predictor can know is put back; 0: prediction alone (default: %(default)g)",
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        default="auto",
        help="network: FILE, NAME of one that ships, none, or auto (the default of those) (default: %(default)s)",
    )
    parser.add_argument(
        "--lookahead",
        metavar="N",
        type=_lookahead,
        default=0,
        help="packets behind a hole that may be used to close it; 0 is causal (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0, or 3 when files of a directory failed (each is reported on stderr).

    Raises CliError: usage (2), or a file, trace or model that stops everything (3).
    """
    predictor = None if args.predictor == "auto" else args.predictor
    model = load_model(args.model)
    settings = Settings(args.packet, predictor, args.lookahead, model.network, args.noise)
    try:
        Concealer(44_100, 1, settings.packet, settings.predictor, settings.lookahead, None, settings.noise)
    except ValueError as error:
        raise CliError(str(error), ExitCode.USAGE) from None
    batch = plan(args.input, args.trace, args.output, args.damaged)
    outcomes, failures = _conceal_all(batch, settings)
    if failures and not batch.many:
        raise CliError(failures[0], ExitCode.FILE)
    print_table(outcomes)
    if model.failure is not None:
        _say(f"plcd: {model.failure}")
    network = settings.refiner
    own = own_predictor(network) if predictor is None else None
    if network is not None and own is not None and any(outcome.refused is None for outcome in outcomes):
        _say(f"plcd: the network {network.name} was trained on the predictor {own}: it was taken")
    for reason in dict.fromkeys(outcome.refused for outcome in outcomes if outcome.refused):
        _say(f"plcd: {reason}")
    if failures:
        _say(f"plcd: {len(failures)} of {len(batch.jobs)} files failed")
    return ExitCode.FILE if failures else ExitCode.OK


def _lookahead(text: str) -> int:
    if not text.isdecimal() or int(text) > 64:
        live = "; auto, what has arrived, is for live streams" if text == "auto" else ""
        raise argparse.ArgumentTypeError(f"a whole number from 0 to 64, not {text!r}{live}")
    return int(text)


def _conceal_all(batch: Batch, settings: Settings) -> tuple[list[Outcome], list[str]]:
    """What was done, and one line for each file that failed (of many, said at once)."""
    outcomes: list[Outcome] = []
    failures: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console(), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=sum(job.samples for job in batch.jobs))
        for job in batch.jobs:
            progress.update(task, description=escape(job.source.name))
            try:
                lost = read_trace(job.trace)
                outcomes.append(
                    conceal_file(
                        job.source,
                        lost,
                        job.output,
                        settings,
                        job.damaged,
                        lambda n: progress.advance(task, n),
                    )
                )
            except AudioFileError as error:
                failures.append(str(error))
            except CliError as error:
                failures.append(error.message)
            except TraceError as error:
                failures.append(f"{job.trace}: {error}")
            except ValueError as error:
                failures.append(f"{job.source}: {error}")
            else:
                continue
            if batch.many:
                progress.console.print(f"plcd: {failures[-1]}", markup=False, highlight=False, soft_wrap=True)
    return outcomes, failures


def print_table(outcomes: list[Outcome]) -> None:
    """One line a file: how much was lost, and how much of what took its place."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    for name in ("seconds", "packets", "lost", "burst"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("concealed", justify="right", overflow="fold")  # wraps, or it would starve the names
    for outcome in outcomes:
        rate = outcome.source.rate
        origins = ", ".join(
            f"{1000 * samples / rate:.0f} ms {label}"
            for label, samples in sorted(outcome.samples_by_origin.items())
        )
        table.add_row(
            escape(outcome.output.name),
            f"{outcome.source.seconds:.2f}",
            str(outcome.packets),
            f"{outcome.lost} ({100 * outcome.lost / outcome.packets:.1f} %)",
            str(outcome.longest_burst),
            origins or "none",
        )
    if outcomes:
        Console().print(table)


def _console() -> Console:
    return Console(stderr=True)


def _say(line: str) -> None:
    _console().print(line, markup=False, highlight=False, soft_wrap=True)

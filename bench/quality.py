"""Compares concealers: every system on the same clips and the same traces, as a CSV, a table with intervals, and plots.

Interrupted, the same command goes on where it was. docs/quality.md explains the metrics.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from comparison import losses, systems
from comparison.arguments import parser
from comparison.board import Board
from comparison.cell import Cell, Result
from comparison.clips import Clip, ClipError, find_clips, read_clip
from comparison.listen import write_listening_page
from comparison.plan import Settings, plan, without
from comparison.pools import local_pool
from comparison.publish import publish, write_outputs
from comparison.store import Store
from comparison.timing import write_timing
from comparison.work import say, work_off

from plcd.cli.cluster import dask_pool
from plcd.cli.errors import CliError, ExitCode

BENCH = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    args = parser(__doc__ or "").parse_args(arguments)
    try:
        return _run(args, sys.argv[1:] if arguments is None else arguments)
    except CliError as error:
        say(f"quality: {error.message}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        say(
            f"quality: interrupted; what is finished is kept in {args.out}, the same command goes on from there"
        )
        return 130


def _run(args: argparse.Namespace, command: list[str]) -> int:
    settings = Settings(
        tuple(systems.parse_systems(args.systems)),
        tuple(losses.parse_losses(args.loss)),
        args.traces,
        args.lookahead,
        args.packet,
    )
    page_loss = losses.parse_losses(args.listen_loss)[0]
    if not settings.runs():
        raise CliError("none of --systems can look ahead, and --lookahead has no 0", ExitCode.USAGE)
    started = time.monotonic()
    clips, skipped = _read(args)
    store = Store(args.out, args.fresh)
    if args.time:
        say("measuring times, alone on one core")
        write_timing(args.out, clips, settings)
    cells: list[Cell] = []
    for clip in clips:
        found, empty = plan(clip, settings)
        cells += found
        for line in empty:
            say(f"quality: {line}")
    failures = _work(args, cells, store)
    for line in failures:
        say(f"quality: failed: {line}")
    results = _collect(cells, store)
    if not results:
        raise CliError("there is no result: no trace loses anything, or every cell failed", ExitCode.FILE)
    for note in sorted({note for result in results for note in result.notes}):
        say(f"quality: {note}")
    board = Board(results, settings)
    written = write_outputs(args.out, board, clips)
    if args.write:
        written += publish(BENCH, args.out, command)
    if args.listen_page is not None:
        written.append(write_listening_page(args.listen_page, board, clips, page_loss, args.listen_clips))
    for path in written:
        print(path)
    say(f"{len(results)} results of {len(clips)} clips in {time.monotonic() - started:.0f} s")
    if failures:
        say(f"quality: {len(failures)} failed; they are missing above, and tried again by the next run")
        return int(ExitCode.RUNTIME)
    return int(ExitCode.FILE if skipped else ExitCode.OK)


def _read(args: argparse.Namespace) -> tuple[list[Clip], int]:
    """All clips that can be used, and how many cannot."""
    clips, skipped = [], 0
    for path in find_clips(args.data):
        try:
            clips.append(read_clip(args.data, path, args.packet, args.seconds))
        except ClipError as error:
            skipped += 1
            say(f"quality: {error}; left out")
    if skipped:
        say(f"quality: {skipped} of {skipped + len(clips)} clips left out")
    if not clips:
        raise CliError(f"--data {args.data}: no clip can be used", ExitCode.FILE)
    return clips, skipped


def _work(args: argparse.Namespace, cells: list[Cell], store: Store) -> list[str]:
    """Run what is not in the store yet; one line for each that failed."""
    left = [without(cell, [run.key for run in cell.runs if store.get(run.key)]) for cell in cells]
    left = [cell for cell in left if cell.runs]
    if not left:
        return []
    if len(left) < len(cells):
        say(f"{len(cells) - len(left)} of {len(cells)} cells are there already")
    with ExitStack() as stack:
        if args.scheduler:
            pool, width = stack.enter_context(dask_pool(args.scheduler, BENCH / "comparison"))
        else:
            pool, width = stack.enter_context(local_pool(args.jobs)), args.jobs
        return work_off(left, pool, width, store.add)


def _collect(cells: list[Cell], store: Store) -> list[Result]:
    """Everything asked for that is there, under the names it has in this run."""
    return [
        replace(result, clip=cell.clip.name, loss=cell.loss.name)
        for cell in cells
        for run in cell.runs
        if (result := store.get(run.key)) is not None
    ]


if __name__ == "__main__":
    sys.exit(main())

"""Scores one pair or all pairs of two directories, and prints what it finds."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.score_pairs import Files, find_pairs, read_pair
from plcd.cli.score_values import Values, means, values
from plcd.cli.score_view import detail_table, file_table
from plcd.scoring.score import score


def score_paths(reference: Path, output: Path, trace: Path | None, packet: int, as_json: bool) -> int:
    """Score and print; the exit code. Raises CliError for what stops everything."""
    if packet <= 0:
        raise CliError(f"--packet {packet}: a packet has at least one sample", ExitCode.USAGE)
    many = reference.is_dir()
    jobs = find_pairs(reference, output, trace)
    if not many and output.is_dir():
        _say(f"plcd: {output}: a directory; {jobs[0].output.name} is taken")
    found, failures = _score_all(jobs, packet, many)
    if failures and not many:
        raise CliError(failures[0], ExitCode.FILE)
    if as_json:
        files = [{"reference": str(files.reference), "output": str(files.output), **v} for files, v in found]
        shown = {"files": files, "mean": means([v for _, v in found])} if many else files[0]
        print(json.dumps(shown, indent=2, allow_nan=False))
    elif found:
        console = Console()
        if many:
            console.print(file_table([(files.output.name, v) for files, v in found]))
            console.print()
        console.print(detail_table(means([v for _, v in found]), "mean" if many else jobs[0].output.name))
    if failures:
        _say(f"plcd: {len(failures)} of {len(failures) + len(found)} files failed")
    return int(ExitCode.FILE if failures else ExitCode.OK)


def _score_all(jobs: list[Files], packet: int, many: bool) -> tuple[list[tuple[Files, Values]], list[str]]:
    """What was found, and one line for each pair that failed (of many, said at once). Notes are said once each."""
    found: list[tuple[Files, Values]] = []
    failures: list[str] = []
    notes: set[str] = set()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=len(jobs))
        for files in jobs:
            progress.update(task, description=escape(files.reference.name))
            try:
                pair, losses = read_pair(files, packet)
                scores = score(pair, losses)
            except CliError as error:
                failures.append(error.message)
                if many:
                    _say(f"plcd: {error.message}", progress.console)
            else:
                found.append((files, values(scores)))
                if not pair.output.any():
                    _say(f"plcd: {files.output}: is silent throughout", progress.console)
                for note in scores.notes:
                    if note not in notes:
                        notes.add(note)
                        _say(f"plcd: {note}", progress.console)
            progress.advance(task)
    return found, failures


def _say(line: str, console: Console | None = None) -> None:
    (console or Console(stderr=True)).print(line, markup=False, highlight=False, soft_wrap=True)

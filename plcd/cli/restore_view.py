"""What ``plcd restore`` shows: bars while it works, lines, a table of what was written."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from plcd.cli.restore_work import Done


@contextmanager
def bars() -> Iterator[Progress]:
    """Bars with the time left, on a terminal; nothing where stderr is none."""
    console = _console()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


def tell(progress: Progress, done: Done, alone: bool) -> None:
    """The lines about one recording, above the bars. A failure that stands ``alone`` ends the command, which says it."""
    lines = list(done.said)
    if done.failure is not None and not alone:
        lines.append(done.failure)
    for line in lines:
        progress.console.print(f"plcd: {line}", markup=False, highlight=False, soft_wrap=True)


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


def say(line: str) -> None:
    """One line on stderr."""
    _console().print(line, markup=False, highlight=False, soft_wrap=True)


def _console() -> Console:
    return Console(stderr=True)

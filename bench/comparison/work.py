"""Gets cells done: as many at once as the pool can take, finished ones kept at once, and says how far it is."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from comparison.cell import Cell, OtherCodeError, Result, run_cell
from plcd.cli.errors import CliError

_EVERY_S = 30
"""Between two lines of progress where stderr is no terminal."""


def say(line: str) -> None:
    """One line on stderr."""
    Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)


def work_off(
    cells: list[Cell], executor: Executor, width: int, keep: Callable[[list[Result]], None]
) -> list[str]:
    """Run ``cells``, ``width`` at once and as many waiting, in no order to rely on; ``keep`` gets what each gives.

    Returns a line for each run or cell that failed. Raises CliError where it makes no sense to go on.
    """
    failures: list[str] = []
    waiting = iter(cells)
    running: dict[Future[tuple[list[Result], list[str]]], Cell] = {}
    with counting(len(cells)) as advance:
        while True:
            for cell in islice(waiting, 2 * width - len(running)):
                running[executor.submit(run_cell, cell)] = cell
            if not running:
                return failures
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                cell = running.pop(future)
                try:
                    results, told = future.result()
                except BrokenProcessPool:
                    raise CliError(
                        "a worker process ended unexpectedly; what is finished is kept, run it again"
                    ) from None
                except OtherCodeError as error:
                    raise CliError(str(error)) from None
                except CliError:
                    raise
                except Exception as error:  # whatever a cluster raises is one cell's failure
                    failures.append(f"{cell.name}: {type(error).__name__}: {error}".splitlines()[0])
                else:
                    failures += told
                    if results:
                        keep(results)
                advance(cell.name)


@contextmanager
def counting(total: int) -> Iterator[Callable[[str], None]]:
    """Gives a function that counts one cell, by name: a bar on a terminal, else a line now and then."""
    if sys.stderr.isatty():
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=total)
            yield lambda name: progress.update(task, advance=1, description=escape(name))
        return
    started = said = time.monotonic()
    done = 0

    def count(name: str) -> None:
        nonlocal said, done
        done += 1
        now = time.monotonic()
        if now - said >= _EVERY_S:
            said = now
            say(f"  {done} of {total} cells, {(now - started) / done * (total - done):.0f} s to go")

    yield count

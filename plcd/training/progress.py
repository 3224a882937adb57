"""What a person sees of a training: a bar on a terminal, a line now and then elsewhere."""

import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Bar:
    """Counts steps on stderr; messages go above it. A context manager; ``quiet``: another process of many speaks."""

    def __init__(self, name: str, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(
            *columns, console=self._console, transient=True, disable=quiet or not sys.stderr.isatty()
        )
        self._task = self._bar.add_task(name, total=None, losses="", start=False)
        self._shown = 0.0

    def start(self, done: int, steps: int) -> None:
        """Begin at step ``done`` of ``steps``."""
        self._bar.update(self._task, total=steps, completed=done)
        self._bar.start_task(self._task)
        self._bar.start()

    def advance(self, done: int, loss: float) -> None:
        """``done`` steps are done."""
        now = time.monotonic()
        if now - self._shown > 0.2:
            self._shown = now
            self._bar.update(self._task, completed=done, losses=f"loss {loss:.4g}")

    def stop(self) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """One line for a person."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

"""The finished cells of a comparison."""

from pathlib import Path

from comparison.cell import Result
from comparison.lines import Lines


class Store:
    """The results in ``folder``, by key. The folder is made; ``fresh`` forgets what is there. Raises CliError if it cannot."""

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        self._lines = Lines(folder, "cells.jsonl", fresh)
        self._results: dict[str, Result] = {}
        for tables in self._lines:
            try:
                read = [Result.from_json(table) for table in tables]
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
            self._results |= {result.key: result for result in read}

    @property
    def path(self) -> Path:
        return self._lines.path

    def get(self, key: str) -> Result | None:
        """The result with that key, if it is there."""
        return self._results.get(key)

    def add(self, results: list[Result]) -> None:
        """Keep the results of one cell: once this returns they survive a crash. Raises CliError where the disk will not."""
        self._lines.add([result.to_json() for result in results])
        self._results |= {result.key: result for result in results}

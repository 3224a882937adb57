"""Finished results on disk: a line of JSON for each cell, appended when it is done, so that a run can be taken up again."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from comparison.cell import Result
from plcd.cli.errors import CliError, ExitCode


class Store:
    """The results in ``folder``, by key. The folder is made; ``fresh`` forgets what is there. Raises CliError if it cannot."""

    def __init__(self, folder: Path, fresh: bool = False) -> None:
        self.path = folder / "cells.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                self.path.unlink(missing_ok=True)
            self._results = {result.key: result for result in self._read()}
        except OSError as error:
            raise CliError(f"--out {folder}: {error.strerror}", ExitCode.FILE) from None

    def get(self, key: str) -> Result | None:
        """The result with that key, if it is there."""
        return self._results.get(key)

    def add(self, results: list[Result]) -> None:
        """Keep the results of one cell: once this returns they survive a crash. Raises CliError where the disk will not."""
        line = json.dumps([result.to_json() for result in results]) + "\n"
        try:
            with self.path.open("ab") as file:
                if self._torn():
                    file.write(b"\n")
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CliError(f"{self.path}: cannot be written: {error.strerror}", ExitCode.FILE) from None
        self._results |= {result.key: result for result in results}

    def _torn(self) -> bool:
        """Whether a line was begun and not ended, by a process that was killed."""
        with self.path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    def _read(self) -> Iterator[Result]:
        """What can be read; a line that was cut short is passed over."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                yield from [Result.from_json(table) for table in json.loads(line)]
            except (ValueError, TypeError, KeyError, AttributeError):
                continue

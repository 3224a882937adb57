"""Values kept on disk, one line of JSON each, so that an interrupted bench goes on. What is torn is passed over."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plcd.cli.errors import CliError, ExitCode


class Lines:
    """``folder / name``. The folder is made; ``fresh`` forgets what is there. Raises CliError if it cannot."""

    def __init__(self, folder: Path, name: str, fresh: bool = False) -> None:
        self.path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                self.path.unlink(missing_ok=True)
            self._read = self.path.read_bytes().splitlines() if self.path.exists() else []
        except OSError as error:
            raise CliError(f"--out {folder}: {error.strerror}", ExitCode.FILE) from None

    def __iter__(self) -> Iterator[Any]:
        """What was there at the beginning; a line that was cut short is passed over."""
        for line in self._read:
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def add(self, value: Any) -> None:
        """Once this returns it survives a crash. Raises CliError where the disk will not."""
        line = json.dumps(value) + "\n"
        try:
            with self.path.open("ab") as file:
                if self._torn():
                    file.write(b"\n")
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CliError(f"{self.path}: cannot be written: {error.strerror}", ExitCode.FILE) from None

    def _torn(self) -> bool:
        """Whether a line was begun and not ended, by a process that was killed."""
        with self.path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

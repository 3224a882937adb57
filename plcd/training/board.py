"""TensorBoard logs that a full disk cannot turn into the end of a training."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger


class Board(TensorBoardLogger):
    """Logs into ``folder``; after the first failure it says so and logs no more."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        super().__init__(folder, name="", version="")
        self._say = say
        self._broken = False

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._attempt(lambda: super(Board, self).log_metrics(dict(metrics), step))

    def save(self) -> None:
        self._attempt(super().save)

    def finalize(self, status: str) -> None:
        self._attempt(lambda: super(Board, self).finalize(status))

    def _attempt(self, action: Callable[[], Any]) -> None:
        if self._broken:
            return
        try:
            action()
        except OSError as error:
            self._broken = True
            self._say(f"TensorBoard logs cannot be written any more: {error.strerror or error}")

"""Checkpoints that are there whole or not at all, and what happens when the disk is full."""

import io
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from plcd.training.storing import replace_file
from plcd.training.weights import read_checkpoint

LAST = "last.ckpt"
"""What ``--resume`` goes on from."""


class AtomicCheckpoints(CheckpointIO):
    """Written under another name, seen on disk, then renamed. Reading takes tensors and plain values only."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Raises OSError where it cannot be written; the last good one is then still there."""
        buffer = io.BytesIO()  # torch's own writer says little about a full disk
        torch.save(checkpoint, buffer)
        replace_file(Path(path), lambda file: file.write(buffer.getbuffer()))

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        return read_checkpoint(Path(path))

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)

"""A fit on disk: there whole or not at all, read without running anything."""

import os
from pathlib import Path
from typing import Any

import torch


def save(state: dict[str, Any], path: Path) -> None:
    """Write ``state`` under another name, see it on disk, then rename. Raises OSError; what was there before then still is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except RuntimeError as error:  # torch's own writer says little about a full disk
        raise OSError(f"{path} cannot be written: {error}") from None
    finally:
        partial.unlink(missing_ok=True)


def load(path: Path) -> dict[str, Any] | None:
    """What :func:`save` wrote; None where there is nothing, or nothing that can be read: the fit then begins anew."""
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # whatever a damaged file does to the reader
        return None
    return state if isinstance(state, dict) else None

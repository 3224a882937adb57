"""A plcd like this checkout's, but with networks of the test's that ship with it."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def ship(folder: Path, default: str | None = None, **networks: bytes) -> Path:
    """Make ``folder`` a place from which ``python -m plcd`` runs with ``networks`` and, if given, a file models/default."""
    (folder / "models").mkdir(parents=True)
    (folder / "plcd").symlink_to(ROOT / "plcd")
    for name, content in networks.items():
        (folder / "models" / f"{name}.onnx").write_bytes(content)
    if default is not None:
        (folder / "models" / "default").write_text(f"{default}\n")
    return folder


def without_onnxruntime(folder: Path) -> dict[str, str]:
    """An environment in which onnxruntime cannot be loaded. ``folder``: for what that takes."""
    folder.mkdir()
    (folder / "onnxruntime.py").write_text("raise ImportError('libgomp.so.1: no such file')")
    return os.environ | {"PYTHONPATH": str(folder)}

"""The networks that ship: where they lie, what they are called, which one is the default."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from plcd.neural.errors import ModelError, one_line
from plcd.neural.network import Network

DEFAULT: Final = "default"
"""File beside the networks: one line, the name of the one that is used where none is named. Absent: none is."""


def models_folder() -> Path:
    """Where they lie: in the package when installed, beside it in a checkout."""
    package = Path(str(files("plcd")))
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def shipped() -> list[str]:
    """Their names, without ``.onnx``."""
    folder = models_folder()
    return sorted(path.stem for path in folder.glob("*.onnx")) if folder.is_dir() else []


def default_name() -> str | None:
    """The default's name; None where there is none."""
    try:
        return (models_folder() / DEFAULT).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def find_model(name_or_path: str | Path) -> Path:
    """The file: a path, or a shipped network with or without ``.onnx``. Raises ModelError."""
    path = Path(name_or_path)
    if path.exists():
        return path
    name, names = str(name_or_path).removesuffix(".onnx"), shipped()
    if name not in names:
        have = f"there are {', '.join(names)}" if names else "none ship with this version"
        raise ModelError(f"{one_line(name_or_path)!r}: no such file, and no such shipped network ({have})")
    return models_folder() / f"{name}.onnx"


def load_model(name_or_path: str | Path) -> Network[Any]:
    """A network for :class:`plcd.Concealer`: ``Concealer(rate=44_100, refiner=load_model("hybrid"))``.

    ``name_or_path``: one that ships (``plcd models`` lists them), or an ONNX file that keeps the contract of docs/models.md. It
    is tried in a process of its own first, which takes a second or two. onnxruntime is loaded here, not before. Raises
    :class:`plcd.neural.errors.ModelError`, a ValueError, with the reason where the network cannot be run.
    """
    from plcd.neural.loading import load

    path = find_model(name_or_path)
    try:
        return load(path)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def load_default() -> Network[Any] | None:
    """The default; None where there is none. Raises ModelError where there is one that cannot be run."""
    name = default_name()
    if name is None:
        return None
    if name not in shipped():
        raise ModelError(f"{models_folder() / DEFAULT} names {one_line(name, 80)!r}, which is not there")
    from plcd.neural.loading import make_network, read_model

    # Ours, checked when it was exported: it needs no trial in a process of its own, which takes a second.
    return make_network(read_model(models_folder() / f"{name}.onnx"))

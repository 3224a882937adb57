"""What ``--model`` means: a file, the name of a network that ships, or none."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from plcd.neural.network import Network

NONE = "none"


def models_folder() -> Path:
    """Where shipped networks lie: in the package when installed, beside it in a checkout."""
    package = Path(str(files("plcd")))
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def shipped() -> list[str]:
    """Names of the networks that ship, without ``.onnx``."""
    folder = models_folder()
    return sorted(path.stem for path in folder.glob("*.onnx")) if folder.is_dir() else []


def find_model(spec: str) -> Path:
    """The file that ``spec`` names: a path, or a shipped network with or without ``.onnx``. Raises CliError."""
    path = Path(spec)
    if path.exists():
        return path
    names = shipped()
    name = spec.removesuffix(".onnx")
    if name not in names:
        have = f"there are {', '.join(names)}" if names else "none ship with this version"
        raise CliError(
            f"model {spec!r}: no such file, and no such shipped network ({have}); use --model none",
            ExitCode.FILE,
        )
    return models_folder() / f"{name}.onnx"


def load_model(spec: str) -> "Network[Any] | None":
    """The network ``spec`` names; None for ``none``. Raises CliError (a model that is not to be had, or cannot be run)."""
    if spec == NONE:
        return None
    path = find_model(spec)
    from plcd.neural.errors import ModelError
    from plcd.neural.loading import load

    try:
        return load(path)
    except ModelError as error:
        raise CliError(f"model {path}: {error}; use --model none", ExitCode.FILE) from None

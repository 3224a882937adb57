"""What ``--model`` means: a file, the name of a network that ships, or none."""

from importlib.resources import files
from pathlib import Path

from plcd.cli.errors import CliError, ExitCode
from plcd.core.refiner import Refiner

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


def load_model(spec: str) -> Refiner | None:
    """The network ``spec`` names; None for ``none``. Raises CliError (a model that is not to be had, or cannot be run)."""
    if spec == NONE:
        return None
    path = Path(spec)
    if not path.exists():
        names = shipped()
        name = spec.removesuffix(".onnx")
        if name not in names:
            have = f"there are {', '.join(names)}" if names else "none ship with this version"
            raise CliError(
                f"model {spec!r}: no such file, and no such shipped network ({have}); use --model none",
                ExitCode.FILE,
            )
        path = models_folder() / f"{name}.onnx"
    if not path.is_file():
        raise CliError(f"model {spec!r} is not a file; use --model none", ExitCode.FILE)
    raise CliError(
        f"model {path}: this version of plcd cannot run networks yet; use --model none", ExitCode.FILE
    )

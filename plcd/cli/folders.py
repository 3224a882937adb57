"""Folders for outputs."""

from pathlib import Path

from plcd.cli.errors import CliError, ExitCode


def make_folder(place: Path) -> None:
    """``place``, but none of the folders it is in: a mistyped path makes no tree. Raises CliError."""
    try:
        place.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise CliError(
            f"{place}: cannot be made: there is no folder {str(place.parent)!r}", ExitCode.FILE
        ) from None
    except OSError as error:
        raise CliError(f"{place}: cannot be made: {error.strerror}", ExitCode.FILE) from None

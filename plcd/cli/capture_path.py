"""Where a session, or what was played of it, may be written to."""

import os
from pathlib import Path

from plcd.cli.errors import CliError, ExitCode


def check_path(path: Path, flag: str, new: bool = True) -> None:
    """That something could be written to ``path``, which is to be ``new``; ``flag`` begins the message. Raises CliError."""
    if new and path.exists():
        raise CliError(
            f"{flag}{path}: is there already, and is not replaced: give another name", ExitCode.FILE
        )
    if not path.parent.is_dir():
        raise CliError(f"{flag}{path}: there is no folder {str(path.parent)!r}", ExitCode.FILE)
    if not os.access(path.parent, os.W_OK):
        raise CliError(f"{flag}{path}: no permission", ExitCode.FILE)

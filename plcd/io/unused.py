"""Names of files that are not there yet: what was recorded once is never replaced."""

from pathlib import Path
from typing import Final

MOST: Final = 10_000


def unused(path: Path) -> Path:
    """``path``, or where there is such a file ``NAME-2``, ``NAME-3`` and so on: what a daemon that starts anew goes on in."""
    if not path.exists():
        return path
    names = (path.with_stem(f"{path.stem}-{number}") for number in range(2, MOST + 1))
    return next((name for name in names if not name.exists()), path)

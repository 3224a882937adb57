"""Names of files that are not there yet: what was recorded once is never replaced."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

MOST: Final = 10_000


def unused(path: Path, beside: Callable[[Path], Path] = lambda path: path) -> Path:
    """``path``, or where there is such a file, or the one that would lie ``beside`` it, ``NAME-2``, ``NAME-3`` and so on: what a
    daemon that starts anew goes on in.
    """
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in range(2, MOST + 1))
    free = (name for name in (path, *numbered) if not name.exists() and not beside(name).exists())
    return next(free, path)

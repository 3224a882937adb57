"""The private directory that holds the control sockets of this user's daemons."""

import os
import stat
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from plcd.io.control_errors import ControlAddressError


def runtime_dir() -> Path:
    """The directory, made if it is missing: owned by this user, mode 0700.

    The platform's runtime directory where there is one, else one of our own among the temporary files. Raises
    ControlAddressError where somebody else's directory or a link stands in its place.
    """
    *preferred, last = candidates()
    for path in preferred:
        if _usable_parent(path.parent):
            try:
                return _private(path)
            except ControlAddressError:
                continue
    return _private(last)


def candidates() -> Iterator[Path]:
    """Where a daemon of this user may have put its sockets, the preferred place first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the session has none; what follows here is for that
        yield Path(platformdirs.user_runtime_dir("plcd", appauthor=False))
    yield Path(tempfile.gettempdir()) / f"plcd-{_user()}"


def is_private(path: Path) -> bool:
    """Whether ``path`` is a real directory of this user's that no one else may enter."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and _owned(found) and not found.st_mode & 0o077


def _private(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ControlAddressError(f"cannot make {path} for the control socket: {error.strerror}") from error
    if os.name == "posix" and not is_private(path):
        raise ControlAddressError(
            f"{path} is not a directory of this user's alone (mode 0700): remove it, or name a place with --control"
        )
    return path


def _usable_parent(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode) and _owned(path.stat()) and os.access(path, os.W_OK)
    except OSError:
        return False


def _owned(found: os.stat_result) -> bool:
    return os.name != "posix" or found.st_uid == os.getuid()


def _user() -> str:
    return str(os.getuid()) if os.name == "posix" else os.environ.get("USERNAME", "user")

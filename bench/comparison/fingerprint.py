"""What a result depends on, as a hash: the source it was made by and the packages that source stands on."""

import ast
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from functools import cache

PROJECT = ("plcd.", "comparison.")
"""Beginnings of our own modules' names."""
PACKAGES = ("numpy", "numba", "scipy", "zimtohrli")
"""Packages whose arithmetic is in the results."""


@cache
def fingerprint(*modules: str) -> str:
    """Hash of the sources of ``modules`` and of all of ours that they import, however deep, and of the packages' versions."""
    digest = hashlib.sha256()
    for name in sorted(_closure(modules)):
        digest.update(f"{name}\0{_source(name)}\0".encode())
    for package in PACKAGES:
        digest.update(f"{package} {version(package)}\0".encode())
    return digest.hexdigest()


def version(package: str) -> str:
    """The installed version, a dash where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "–"


def _closure(modules: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and _source(name) is not None:
            found.add(name)
            waiting += _imported(_source(name) or "")
    return found


def _imported(source: str) -> Iterator[str]:
    """Every name of ours that may be an imported module; some are a module's members, which have no source."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.startswith(PROJECT))


@cache
def _source(name: str) -> str | None:
    """A module's text, from wherever it is loaded (a folder, a zip); None where there is no such module."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    read = getattr(spec.loader, "get_source", None) if spec is not None else None
    text: str | None = read(name) if read is not None else None
    return text

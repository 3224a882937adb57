"""What a result depends on, as a hash: the source it was made by and the packages that source stands on."""

import ast
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from functools import cache

OURS = ("plcd.",)
"""Beginnings of our own modules' names."""


@cache
def fingerprint(
    modules: tuple[str, ...], packages: tuple[str, ...] = (), ours: tuple[str, ...] = OURS
) -> str:
    """Hash of the sources of ``modules`` and of all of ``ours`` that they import, however deep, and ``packages``' versions."""
    digest = hashlib.sha256()
    for name in sorted(closure(modules, ours)):
        digest.update(f"{name}\0{_source(name)}\0".encode())
    for package in packages:
        digest.update(f"{package} {version(package)}\0".encode())
    return digest.hexdigest()


def version(package: str) -> str:
    """The installed version, a dash where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "–"


def closure(modules: tuple[str, ...], ours: tuple[str, ...] = OURS) -> set[str]:
    """Names of ``modules`` and of all of ``ours`` that they import, at their top or inside functions."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and _source(name) is not None:
            found.add(name)
            waiting += _imported(_source(name) or "", ours)
    return found


def _imported(source: str, ours: tuple[str, ...]) -> Iterator[str]:
    """Every name of ours that may be an imported module; some are a module's members, which have no source."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.startswith(ours))


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

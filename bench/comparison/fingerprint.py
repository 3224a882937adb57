"""What a result depends on, as a hash: the source it was made by and the packages that source stands on."""

from plcd.offline import fingerprint as of_code
from plcd.offline.fingerprint import version

__all__ = ["PACKAGES", "fingerprint", "version"]

PROJECT = ("plcd.", "comparison.")
"""Beginnings of our own modules' names."""
PACKAGES = ("numpy", "numba", "scipy", "zimtohrli")
"""Packages whose arithmetic is in the results."""


def fingerprint(*modules: str) -> str:
    """Hash of the sources of ``modules`` and of all of ours that they import, however deep, and of the packages' versions."""
    return of_code.fingerprint(modules, PACKAGES, PROJECT)

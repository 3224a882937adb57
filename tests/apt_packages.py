"""Programs that tests need and nobody has to have: installed where root and apt-get are there."""

import os
import shutil
import subprocess
from collections.abc import Callable


def provide(present: Callable[[], bool], packages: tuple[str, ...], what: str) -> str:
    """Have what ``present`` looks for, installing ``packages`` if need be: why there is none, or nothing."""
    if present():
        return ""
    remedy = f"apt-get install {' '.join(packages)}"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return f"no {what} to test with: as root, {remedy}"
    install = [
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
        "install",
        "-y",
        "--no-install-recommends",
        *packages,
    ]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (install, ["apt-get", "update"], install):
        subprocess.run(command, env=environment, capture_output=True, check=False)
        if present():
            return ""
    return f"no {what} to test with, and this failed: {remedy}"

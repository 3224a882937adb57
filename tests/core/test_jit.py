import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import plcd

PROGRAM = """
import resource, signal, sys
from plcd.core.jit import CACHE
from plcd.core.linear_prediction import mean_error
import numpy as np
if "full" in sys.argv:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
assert mean_error(np.ones(4), np.ones(2)) == 4.0
hits = sum(mean_error.stats.cache_hits.values()) if CACHE else 0
print("cached" if CACHE else "not cached", hits)
"""
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a copy of the core that has never run."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        source = Path(plcd.__file__).parent
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / "core", place / "tree" / "plcd" / "core", ignore=ignored)
        shutil.copy(source / "__init__.py", place / "tree" / "plcd")
        (place / "home").mkdir()
        yield place
        for folder in (place / "tree" / "plcd" / "core", place / "home"):
            folder.chmod(0o755)


def run(
    place: Path, *arguments: str, restricted: bool = False, environment: dict[str, str] | None = None
) -> str:
    """What the program says with ``place``'s core and home."""

    def obey_permissions() -> None:
        """Root may write anywhere; without this capability it may not."""
        if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
            os._exit(77)

    names = ("PATH", "LANG", "LD_LIBRARY_PATH")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={name: os.environ[name] for name in names if name in os.environ}
        | {"PYTHONPATH": str(place / "tree"), "HOME": str(place / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        | (environment or {}),
        preexec_fn=obey_permissions if restricted and os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
    )
    if done.returncode == 77:
        pytest.skip("root cannot give up its right to write anywhere here")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def block(folder: Path) -> None:
    """Make it impossible for anybody to keep a cache beside the sources in ``folder``: a file is where it would be."""
    (folder / "__pycache__").write_text("")


def core(place: Path) -> Path:
    return place / "tree" / "plcd" / "core"


def test_kernels_survive_the_process(place: Path) -> None:
    assert run(place) == "cached 0"
    assert run(place) == "cached 1"


def test_without_room_beside_the_source_the_users_cache_serves(place: Path) -> None:
    block(core(place))
    assert run(place) == "cached 0"
    assert run(place) == "cached 1"
    assert list((place / "home").rglob("*.nbi"))


def test_without_room_anywhere_kernels_are_compiled_each_time(place: Path) -> None:
    block(core(place))
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "NUMBA_CACHE_DIR": "/dev/null/cache"}
    assert run(place, environment=nowhere) == "not cached 0"


@pytest.mark.skipif(sys.platform != "linux" and os.geteuid() == 0, reason="needs permissions that count")
@pytest.mark.parametrize("home", [True, False])
def test_a_read_only_tree_and_home(place: Path, home: bool) -> None:
    core(place).chmod(0o555)
    if not home:
        (place / "home").chmod(0o555)
    assert run(place, restricted=True) == ("cached 0" if home else "not cached 0")
    assert not (core(place) / "__pycache__").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_a_full_disk(place: Path) -> None:
    assert run(place, "full") == "cached 0"
    assert run(place) == "cached 0"
    assert run(place) == "cached 1"


@pytest.mark.parametrize(("pattern", "content"), [("*.nbi", b""), ("*.nbc", b"\x80\x05no pickle")])
def test_a_broken_cache_is_made_anew(place: Path, pattern: str, content: bytes) -> None:
    run(place)
    files = list(core(place).rglob(pattern))
    assert files
    for file in files:
        file.write_bytes(content)
    assert run(place) == "cached 0"
    assert run(place) == "cached 1"

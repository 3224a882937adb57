"""What runs networks writes nothing about it anywhere."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import numpy as np
from plcd import load_model
network = load_model("hybrid")
import onnxruntime
assert onnxruntime.get_available_providers()
"""


def test_a_network_that_runs_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    places = {name: str(tmp_path) for name in ("HOME", "USERPROFILE")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    cache = {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(tmp_path / "numba"))}
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=kept | places | cache, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "numba" not in path.parts]
    assert left == []

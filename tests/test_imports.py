"""Which part may import which: the arrows of docs/design.md, read off every import statement."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plcd"

LAYERS = {
    "core": {"core"},
    "neural": {"neural", "core"},
    "wire": {"wire", "core"},
    "io": {"io", "neural", "wire", "core"},
    "offline": {"offline", "wire", "core"},
    "restoration": {"restoration", "neural", "offline", "core"},
    "scoring": {"scoring", "core"},
    "training": {"training", "neural", "offline", "scoring", "core"},
    "cli": {"cli", "neural", "training", "io", "offline", "restoration", "scoring", "wire", "core"},
}

PURE = {
    "abc",
    "bisect",
    "collections",
    "contextlib",
    "dataclasses",
    "enum",
    "functools",
    "ipaddress",
    "itertools",
    "math",
    "operator",
    "re",
    "struct",
    "types",
    "typing",
}
"""The standard library the core and the wire formats may use: nothing that opens, waits, measures time or rolls dice."""

FOREIGN = {"core": {"numpy", "numba"}, "wire": {"numpy"}}
"""The other packages they may use."""

OUTSIDE = {"tests", "bench", "demo", "pytest", "hypothesis", "conftest", "psutil"}
"""What belongs to development and is not there once plcd is installed."""

ON_DEMAND = {
    "sounddevice",
    "matplotlib",
    "zimtohrli",
    "visqol",
    "torch",
    "lightning",
    "onnx",
    "onnxruntime",
    "soxr",
    "samplerate",
    "aiohttp",
    "prometheus_client",
    "distributed",
}
"""Loaded by the one feature that needs it: its shared library or the package itself may be missing. (scipy, which the
report needs too, is loaded by numba wherever it is installed.)"""


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            if node.module == "plcd":
                yield from (f"plcd.{alias.name}" for alias in node.names)
            else:
                yield node.module


def layer_of(name: str) -> str | None:
    """The layer a dotted name belongs to; None for what is not in a layer."""
    parts = name.split(".")
    return parts[1] if parts[0] == "plcd" and len(parts) > 1 and parts[1] in LAYERS else None


def files_of(layer: str) -> list[Path]:
    files = sorted((PACKAGE / layer).rglob("*.py"))
    assert files, layer
    return files


def test_every_folder_of_the_package_is_a_layer() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts[0] for path in PACKAGE.glob("*/**/*.py")}
    assert folders == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_arrows_run_one_way(layer: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(layer)
        for name in imported(path)
        if (other := layer_of(name)) is not None and other not in LAYERS[layer]
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", FOREIGN)
def test_the_core_and_the_wire_formats_touch_nothing_of_the_world(layer: str) -> None:
    allowed = PURE | FOREIGN[layer]
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(layer)
        for name in imported(path)
        if layer_of(name) is None and name.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_the_core_rolls_no_dice_of_its_own() -> None:
    """numpy brings generators: in the core each follows from a seed it was given, never from the system or a global."""
    seeded = {"np.random.default_rng", "np.random.SeedSequence"}
    calls = [
        (path, node, ast.unparse(node.func))
        for path in files_of("core")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for path, node, name in calls
        if name == "open" or (name.startswith("np.random.") and (name not in seeded or not node.args))
    ]
    assert wrong == []


def test_nothing_installed_imports_what_is_only_for_development() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] in OUTSIDE
    ]
    assert wrong == []


def test_the_command_line_loads_nothing_that_only_one_feature_needs() -> None:
    code = f"import sys, plcd.cli.main; print(sorted({ON_DEMAND!r} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == "[]"

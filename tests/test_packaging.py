"""What is shipped and what set-up installs: the wheel, the lock file, the set-up script's way out."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).parent / "neural"))
import tiny_models as tiny

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.lock", "requirements-train.lock", "scripts/virtualenv.lock"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def build(tree: Path, target: Path) -> Path:
    """The wheel of ``tree``."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_the_models_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "models").rglob("*"):
        assert path.is_dir() or f"plcd/models/{path.relative_to(ROOT / 'models').as_posix()}" in names
    assert "plcd/py.typed" in names
    assert {f"plcd/io/http/page/{name}" for name in ("index.html", "page.css", "page.js")} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"plcd"}


def test_a_default_and_its_network_are_packed(tmp_path: Path) -> None:
    """A tree like this one, but with what will be added to models/ once a network has won."""
    tree = tmp_path / "tree"
    for name in ("plcd", "models"):
        shutil.copytree(
            ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "default")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    (tree / "models" / "winner.onnx").write_bytes(tiny.magnitude())
    (tree / "models" / "default").write_text("winner\n")
    packed = zipfile.ZipFile(build(tree, tmp_path / "dist"))
    assert {"plcd/models/default", "plcd/models/winner.onnx"} <= set(packed.namelist())
    packed.extractall(tmp_path / "site")
    code = "from plcd.neural.shipped import load_default as f; print(f().name)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-P", "-c", code]
    assert subprocess.check_output(command, cwd=tmp_path, env=environment, text=True) == "tiny\n"


def test_installed_models_are_found_in_the_package(wheel: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), str(wheel)], check=True, capture_output=True)
    code = "import plcd.neural.shipped as m; print(m.models_folder())"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(found.strip()) == tmp_path / "site" / "plcd" / "models"


def test_a_checkouts_models_are_found_beside_the_package() -> None:
    from plcd.neural.shipped import models_folder

    assert models_folder() == ROOT / "models"


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|file:|^\s*-(?!-hash)| @ ", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_locked_has_a_version_and_hashes(lock: str) -> None:
    for block in blocks(lock):
        assert re.match(r"[a-z0-9-]+==\S+( ;.*)? \\\n", block), block[:60]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}$", block, re.MULTILINE), block[:60]


def test_the_lock_has_whatever_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["report"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    locked: dict[str, list[str]] = {}
    for block in blocks("requirements.lock"):
        name, version = re.split(r"==|\s", block)[:2]
        locked.setdefault(name, []).append(version)
    for requirement in map(Requirement, asked):
        if requirement.name == "plcd":
            continue
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert versions, requirement
        assert all(requirement.specifier.contains(version) for version in versions), requirement
    assert "plcd" not in locked, "plcd is this tree, never a package from an index"


def blocks(lock: str) -> list[str]:
    """The locked packages, each with its lines of hashes."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("#"))
    return re.split(r"\n(?=\S)", text.strip())


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize(
    ("python", "advice"),
    [
        ("exit 1", "Python 3.11 or newer is needed"),
        (f'[ "$1" = -m ] && exit 1; exec {sys.executable} "$@"', "apt install python3-venv"),
    ],
)
def test_set_up_says_in_one_line_what_to_install(tmp_path: Path, python: str, advice: str) -> None:
    for file in ("scripts/setup.sh", "pyproject.toml", *LOCKS):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("cat", "cksum", "dirname", "mktemp", "rm", "sh"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    (tools / "python3").write_text(f"#!/bin/sh\n{python}\n")
    (tools / "python3").chmod(0o755)
    ended = subprocess.run(
        ["sh", "scripts/setup.sh"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert advice in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()

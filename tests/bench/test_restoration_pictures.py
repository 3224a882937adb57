"""The spectrograms before and after: drawn from a clip, a row a method."""

import subprocess
import sys
from pathlib import Path

import pytest
from quality_bench import BENCH, clips

pytest.importorskip("matplotlib", reason="matplotlib is not installed")
from PIL import Image

COMMAND = [sys.executable, str(BENCH / "restoration_pictures.py")]


def _run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=110, check=False
    )


def test_each_method_is_a_row_and_the_same_picture_the_same_file(tmp_path: Path) -> None:
    flags = ("--data", clips(tmp_path / "data", 1, 1.6), "--clip", "family0/clip0.wav", "--start", 0.1)
    heights, files = {}, []
    for methods in ("lookahead", "interpolate,lookahead", "interpolate,lookahead"):
        done = _run(*flags, "--methods", methods, "--out", tmp_path / "a.png")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [str(tmp_path / "a.png")]
        with Image.open(tmp_path / "a.png") as picture:
            heights[methods] = picture.height
            colours = picture.convert("RGB").getcolors(1 << 16)
            assert colours is not None
            assert len(colours) > 50
        files.append((tmp_path / "a.png").read_bytes())
    assert heights == {"lookahead": 680, "interpolate,lookahead": 850}
    assert files[1] == files[2] != files[0]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--start", "1"), 2, "the clip has 1.6 s"),
        (("--methods", "magic"), 2, "there are zero, causal"),
        (("--clip", "absent.wav"), 3, "no such file"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    flags = (
        "--data",
        clips(tmp_path / "data", 1, 1.6),
        "--clip",
        "family0/clip0.wav",
        "--out",
        tmp_path / "a.png",
    )
    done = _run(*flags, *arguments)
    assert done.returncode == code
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "a.png").exists()

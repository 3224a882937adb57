"""``plcd train`` as a command: what it refuses, with and without PyTorch."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from phrases import write_phrases


def plcd(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "plcd", "train", *map(str, args)], capture_output=True, text=True
    )


def test_recipes_are_listed() -> None:
    lines = plcd("list").stdout.splitlines()
    assert {"bin2bin-lite", "parcnet", "hybrid", "codec-magnitude"} <= {line.split()[0] for line in lines}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("parcnet",), 2, "no data: say --data DIR"),
        (
            ("parcnett", "--data", "x"),
            3,
            "recipe 'parcnett': no such file, and no such recipe; there are attention-res-u-net",
        ),
        (("parcnet", "--data", "x", "--seed", "-1"), 2, "--seed -1: must not be negative"),
        (("parcnet", "--data", "x", "--steps", "0"), 2, "--steps"),
        (("parcnet", "--data", "x", "--max-minutes", "-3"), 2, "--max-minutes -3"),
        (("parcnet", "--data", "x", "--finetune", "a", "--init", "b"), 2, "choose one"),
        (("parcnet", "--data", "x", "--slope"), 2, "--slope"),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: tuple[str, ...], code: int, message: str) -> None:
    ended = plcd(*arguments)
    assert ended.returncode == code
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_recipe_that_is_no_toml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("task = [")
    ended = plcd(tmp_path / "mine.toml", "--data", tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert "not TOML" in ended.stderr


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is here")
def test_without_pytorch_it_says_what_to_install(tmp_path: Path) -> None:
    ended = plcd("parcnet", "--data", tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "plcd train needs torch, lightning" in ended.stderr
    assert "pip install '.[train]' in plcd's folder" in ended.stderr


@pytest.mark.skipif(find_spec("torch") is None, reason="training needs PyTorch: make test-train")
class TestWithPyTorch:
    def test_data_that_teaches_nothing_ends_it(self, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "silent.wav", np.zeros(44_100), 44_100)
        soundfile.write(tmp_path / "slow.wav", np.ones(8000) / 2, 8000)
        (tmp_path / "empty.wav").touch()
        ended = plcd("parcnet", "--data", tmp_path, "--out", tmp_path / "out")
        assert ended.returncode == 3
        lines = ended.stderr.splitlines()
        assert len(lines) == 4
        assert all(line.endswith("; skipped") for line in lines[:3])
        assert lines[3].startswith("plcd: no audio to train on in")
        assert lines[3].endswith("all 3 audio files were turned away")

    def test_a_short_run_with_workers_prints_its_model(self, tmp_path: Path) -> None:
        write_phrases(tmp_path / "takes", 3, 2.0)
        out = tmp_path / "out"
        ended = plcd(
            *("parcnet", "--data", f"{tmp_path / 'takes'}=2", "--out", out, "--steps", 3, "--batch", 2),
            *("--workers", 1, "--threads", 1, "--loss", "parcnet"),
        )
        assert (ended.returncode, ended.stdout) == (0, f"{out / 'parcnet.onnx'}\n")
        assert (out / "scores.csv").is_file()
        assert list(out.glob("events.out.tfevents.*"))

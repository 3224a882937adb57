"""The measurement of networks of spectrograms: what is deleted, what is found, a run taken up again, and its page."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from quality_bench import BENCH, clips

sys.path.insert(0, str(BENCH))

from comparison.clips import Clip, read_clip
from pictures.cases import KINDS, case_of
from pictures.measure import of_pictures, of_sound
from pictures.page import SIX

from plcd.neural.patches import FRAMES, HOP, SIZE
from plcd.neural.spectrogram import find_network, load_network
from plcd.training.recipe import recipe_names

COMMAND = [sys.executable, str(BENCH / "res_u_net.py")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips(tmp_path_factory.mktemp("data"), 2, 2.2)


@pytest.fixture(scope="module")
def clip(data: Path) -> Clip:
    return read_clip(data, data / "family0" / "clip0.wav", 512, 0)


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=110, check=False
    )


def test_both_kinds_delete_as_much_of_the_same_patches(clip: Clip) -> None:
    one, several = (case_of(clip, kind) for kind in KINDS)
    assert np.array_equal(one.wave, several.wave)
    assert one.deleted.size == several.deleted.size == 4 * FRAMES
    assert one.wave.size == (one.deleted.size - 1) * HOP + SIZE
    for start in range(0, one.deleted.size, FRAMES):
        block, blocks = (case.deleted[start : start + FRAMES] for case in (one, several))
        assert 0.1 <= block.mean() <= 0.71
        assert abs(int(block.sum()) - int(blocks.sum())) < 8
        assert np.flatnonzero(np.diff(block.astype(int))).size <= 2
    assert case_of(clip, "block").key == one.key != several.key


def test_lines_come_nearer_than_nothing_and_sound_is_scored(clip: Clip) -> None:
    network, _ = load_network(find_network(None))
    case = case_of(clip, "blocks")
    found = of_pictures(case, network)
    assert found["psnr_lines"] > found["psnr_given"] + 3
    assert found["psnr_made"] > found["psnr_given"] + 3
    assert found["nrmse_made"] < found["nrmse_given"]
    assert 0.3 < found["nrmse_given"] < 0.84
    heard = of_sound(case, network)
    assert {name.split("_")[0] for name in heard} == {"odg", "zimtohrli"}
    assert all(np.isfinite(value) for value in heard.values())
    assert heard["zimtohrli_plcd"] > heard["zimtohrli_cut"]


def test_the_command_says_all_and_goes_on_where_it_was(data: Path, tmp_path: Path) -> None:
    flags = ("--data", data, "--out", tmp_path, "--clips", 1, "--seconds", 1.2)
    first = run(*flags)
    assert first.returncode == 0, first.stderr
    for title in (
        "## Against straight lines",
        "## Before and after, one block",
        "| family0 |",
        "The six at equal",
    ):
        assert title in first.stdout
    kept = tmp_path / "cases.jsonl"
    lines = kept.read_text().splitlines()
    assert len(lines) == 2
    kept.write_text(lines[0] + "\n" + lines[1][:20])
    again = run(*flags)
    assert again.stdout == first.stdout
    missing = run(*flags, "--six", tmp_path)
    assert missing.returncode == 3
    assert "there is no" in missing.stderr
    assert run(*flags, "--model", "nowhere").returncode == 3


def test_the_six_are_recipes() -> None:
    assert set(SIX) <= set(recipe_names())

"""The comparison of restorations: gaps, cells, a run taken up again, and its table."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quality_bench import BENCH, clips

sys.path.insert(0, str(BENCH))

from comparison.clips import Clip, read_clip
from repairs.cell import NMSE, Store, key_of, run_cell
from repairs.cell import Cell as RepairCell
from repairs.gaps import APART, LEAD, LENGTHS, PACKET, flags_of
from repairs.methods import CAUSAL, find_repairs

from plcd.cli.errors import CliError
from plcd.restoration.methods import Options

COMMAND = [sys.executable, str(BENCH / "restoration.py")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips(tmp_path_factory.mktemp("data"), 2, 1.3)


@pytest.fixture(scope="module")
def clip(data: Path) -> Clip:
    return read_clip(data, data / "family0" / "clip0.wav", PACKET, 0)


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=110, check=False
    )


@pytest.mark.parametrize("length", LENGTHS.values())
def test_gaps_have_one_length_and_room_around_them(clip: Clip, length: int) -> None:
    flags = flags_of(clip, length)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags, [0])).astype(np.int8))).reshape(-1, 2)
    assert len(edges) >= 3
    assert set((edges[:, 1] - edges[:, 0]).tolist()) == {length}
    assert edges[0, 0] >= LEAD
    assert edges[-1, 1] <= len(flags) - LEAD
    assert (edges[1:, 0] - edges[:-1, 1] >= APART).all()
    np.testing.assert_array_equal(flags_of(clip, length), flags)
    longer = replace(clip, samples=np.tile(clip.samples, (6, 1)))
    assert (flags_of(longer, length, 1) != flags_of(longer, length)).any()


def test_silence_has_no_gain_and_both_sides_beat_the_past(clip: Clip) -> None:
    found = {}
    for repair in find_repairs("zero,interpolate", Options()):
        key = key_of(clip, 23, repair.identity)
        found[repair.name] = run_cell(RepairCell(clip, 23, repair.name, Options(), key))
    assert found["zero"].values[NMSE] == pytest.approx(0.0)
    assert found["interpolate"].values[NMSE] < found[CAUSAL].values[NMSE] < -3
    assert found["interpolate"].seconds > 0
    assert len({result.key for result in found.values()}) == 3


def test_what_is_finished_is_not_done_again(data: Path, tmp_path: Path) -> None:
    flags = ("--data", data, "--methods", "zero", "--draws", 1, "--out", tmp_path)
    assert run(*flags, "--gaps", "12").returncode == 0
    kept = (tmp_path / "cells.jsonl").read_bytes()
    assert kept.count(b"\n") == 4
    (tmp_path / "cells.jsonl").write_bytes(kept + b'{"key": "half')
    done = run(*flags, "--gaps", "12,46")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "cells.jsonl").read_bytes().splitlines()
    assert {line.split(b'"draw": ')[1] for line in lines[:4]} == {b"0}"}
    assert lines[:4] == kept.splitlines()
    assert len(lines) == 9
    assert "## Gaps of 46 ms" in done.stdout
    assert "| silence | 0.00 [0.00, 0.00] |" in done.stdout
    assert len([result for result in map(Store(tmp_path).get, _keys(lines)) if result]) == 8


def _keys(lines: list[bytes]) -> list[str]:
    return [line.split(b'"')[3].decode() for line in lines]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--methods", "magic"), 2, "there are zero, causal"),
        (("--gaps", "13"), 2, "of 12, 23, 46, 80"),
        (("--draws", "0"), 2, "at least 1"),
        (("--data", "/no/such"), 3, "no such folder"),
    ],
)
def test_wrong_use_is_one_line(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = run("--data", data, "--out", tmp_path, *arguments)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_all_are_those_that_are_installed() -> None:
    names = [repair.name for repair in find_repairs("all", Options())]
    assert names[0] == CAUSAL
    assert "interpolate" in names
    with pytest.raises(CliError):
        find_repairs("nothing", Options())

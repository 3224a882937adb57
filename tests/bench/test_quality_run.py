"""The command itself, as a process: what it writes, that it can be killed and go on, and what it says of wrong input."""

import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import pytest
import soundfile
from comparison.publish import publish
from comparison.timing import read_timing
from quality_bench import QUALITY, RATE, clips, music, run_quality

SMALL = ("--systems", "plcd", "--loss", "gilbert10", "--traces", "4", "--seconds", "1", "--jobs", "1")
CELLS = 8
"""Two clips, four traces."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips."""
    return clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody disturbed."""
    out = tmp_path_factory.mktemp("whole")
    done = run_quality("--data", data, *SMALL, "--out", out, "--listen-page", out / "listen.html")
    assert done.returncode == 0, done.stderr
    assert str(out / "results.csv") in done.stdout
    return out


def test_everything_promised_is_written(whole: Path) -> None:
    assert {path.name for path in whole.iterdir()} == {
        "cells.jsonl",
        "results.csv",
        "times.csv",
        "table.md",
        "plots",
        "listen.html",
    }
    plots = {path.name for path in (whole / "plots").iterdir()}
    assert plots == {"box-gilbert10.png", "bursts.png", "worst.png"}
    assert sum(path.stat().st_size for path in (whole / "plots").iterdir()) < 1_000_000
    rows = (whole / "results.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 2 * 4 * 3  # clips, traces; zero, plcd and plcd with lookahead
    table = (whole / "table.md").read_text(encoding="utf-8")
    for name in plots:
        assert f"(plots/{name})" in table


def _end_after(cells: int, how: signal.Signals, data: Path, out: Path) -> tuple[int, str]:
    """Start a run, end it when so many cells are kept; its exit code and what it said."""
    command = [*QUALITY, "--data", str(data), *SMALL, "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as running:
        deadline = time.monotonic() + 60
        while _kept(out) < cells and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(how)
        _, said = running.communicate(timeout=30)
    return running.returncode, said


def _kept(out: Path) -> int:
    cells = out / "cells.jsonl"
    return cells.read_bytes().count(b"\n") if cells.exists() else 0


@pytest.mark.realtime
def test_a_run_that_was_ended_goes_on(data: Path, whole: Path, tmp_path: Path) -> None:
    """Once by Ctrl-C, once by a kill that leaves a line half written."""
    code, said = _end_after(1, signal.SIGINT, data, tmp_path)
    assert code == 130
    assert said.count("\n") == 1
    assert "the same command goes on from there" in said
    kept = _kept(tmp_path)
    assert 1 <= kept < CELLS
    _end_after(kept + 1, signal.SIGKILL, data, tmp_path)
    with (tmp_path / "cells.jsonl").open("ab") as file:
        file.write(b'[{"key": "half')
    kept = _kept(tmp_path)
    assert 2 <= kept < CELLS
    resumed = run_quality("--data", data, *SMALL, "--out", tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert f"{kept} of {CELLS} cells are there already" in resumed.stderr
    assert (tmp_path / "results.csv").read_bytes() == (whole / "results.csv").read_bytes()


def test_a_finished_run_does_nothing_again_and_a_new_system_only_itself(data: Path, whole: Path) -> None:
    before = (whole / "cells.jsonl").read_bytes()
    again = run_quality("--data", data, *SMALL, "--out", whole)
    assert again.returncode == 0
    assert (whole / "cells.jsonl").read_bytes() == before
    fewer = ("--systems", "repeat", *SMALL[2:4], "--traces", "1", *SMALL[6:], "--lookahead", "0")
    more = run_quality("--data", data, *fewer, "--out", whole)
    assert more.returncode == 0
    added = (whole / "cells.jsonl").read_bytes().removeprefix(before).decode()
    assert added.count('"system": "repeat"') == 2
    assert '"system": "zero"' not in added


def test_what_was_written_goes_into_the_repository(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "of-yesterday.png").write_bytes(b"")
    report, *plots = publish(tmp_path, whole, ["--write", "--systems", "burg, plcd"])
    text = report.read_text(encoding="utf-8")
    assert report == tmp_path / "QUALITY.md"
    assert "`.venv/bin/python bench/quality.py --write --systems 'burg, plcd'`" in text
    assert "processor" in text
    assert (whole / "table.md").read_text(encoding="utf-8") in text
    assert {path.name for path in plots} == {path.name for path in (tmp_path / "plots").iterdir()}
    assert all(f"(plots/{path.name})" in text for path in plots)


def test_times_are_measured_apart_and_shown(data: Path, tmp_path: Path) -> None:
    few = ("--systems", "repeat", *SMALL[2:4], "--traces", "1", *SMALL[6:], "--lookahead", "0", "--time")
    done = run_quality("--data", data, *few, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    found = read_timing(tmp_path, 512)
    assert found.keys() == {("zero", 0), ("repeat", 0)}
    assert found["repeat", 0]["p50"] > 0
    assert read_timing(tmp_path, 256) == {}
    assert "nothing beside it" in (tmp_path / "table.md").read_text(encoding="utf-8")
    stale = (tmp_path / "timing.json").read_text(encoding="utf-8").replace('"code": "', '"code": "x')
    (tmp_path / "timing.json").write_text(stale, encoding="utf-8")
    assert read_timing(tmp_path, 512) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--systems", "nothing"), 2, "there are zero, repeat"),
        (("--systems", "/no/such.onnx"), 3, "/no/such.onnx"),
        (("--loss", "sunspots"), 2, "there are gilbert10"),
        (("--listen-loss", "sunspots"), 2, "there are gilbert10"),
        (("--data", "/no/such"), 3, "no such folder"),
        (("--traces", "0"), 2, "--traces"),
        (("--lookahead", "x"), 2, "--lookahead"),
        (("--seconds", "-1"), 2, "--seconds"),
        (("--systems", "burg", "--lookahead", "1"), 2, "can look ahead"),
    ],
)
def test_wrong_use_is_one_line(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = run_quality("--data", data, "--out", tmp_path / "out", "--traces", "1", *arguments)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()[-1]) > 0


def test_clips_that_cannot_be_used_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = clips(tmp_path / "data", 1)
    soundfile.write(folder / "short.wav", music(0.5), RATE)
    soundfile.write(folder / "silent.wav", 0 * music(1.5), RATE)
    (folder / "broken.flac").write_bytes(b"fLaC nothing")
    soundfile.write(folder / "stereo.flac", music(1.4, 3, channels=2), RATE)
    few = (
        "--systems",
        "repeat",
        "--loss",
        "burst16,burst1",
        "--traces",
        "1",
        "--lookahead",
        "0",
        "--jobs",
        "1",
    )
    done = run_quality("--data", folder, *few, "--out", tmp_path / "out")
    assert done.returncode == 3
    for told in (
        "short.wav: shorter than 1 s",
        "silent.wav: is silent",
        "broken.flac",
        "3 of 5 clips left out",
    ):
        assert told in done.stderr
    rows = (tmp_path / "out" / "results.csv").read_text(encoding="utf-8")
    assert "stereo.flac,burst1,0,0,repeat" in rows
    empty = tmp_path / "empty"
    empty.mkdir()
    none = run_quality("--data", empty, "--out", tmp_path / "out")
    assert none.returncode == 3
    assert "holds no audio files" in none.stderr

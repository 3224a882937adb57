"""``plcd restore --scheduler``: files restored on a real Dask cluster, with the bytes of a local run."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from dask_cluster import Cluster, cluster

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.parser import parse
from plcd.restoration.methods import METHODS

RATE = 16_000
PACKET = 128


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Cluster]:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with cluster(elsewhere) as started:
        yield started


def _takes(folder: Path, count: int, gaps: int) -> Path:
    """Recordings with traces beside them, and one whose sound is no number beside its gap."""
    folder.mkdir()
    for number in range(count + 1):
        rng = np.random.default_rng(number)
        packets = 20 + 10 * gaps
        time_ = np.arange(packets * PACKET) / RATE
        sound = 0.3 * np.sin((1400 + 100 * number) * time_) + rng.normal(0, 0.01, time_.size)
        sound = np.stack((sound, 0.5 * sound), axis=1).astype(np.float32)
        lost = range(10, packets - 10, 10)
        for packet in lost:
            sound[packet * PACKET : (packet + 1) * PACKET] = 0
        name = f"take{number}" if number else "broken"
        if not number:
            sound[9 * PACKET] = np.nan
        soundfile.write(folder / f"{name}.wav", sound, RATE, "FLOAT")
        flags = ["1" if packet in lost else "0" for packet in range(packets)]
        (folder / f"{name}.txt").write_text("\n".join(flags) + "\n")
    return folder


def _command(folder: Path, output: Path, *more: str) -> list[str]:
    flags = ["-o", str(output), "--gaps", str(folder), "--packet", str(PACKET), *more]
    return ["restore", str(folder), *flags]


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_cluster_gives_the_same_bytes_and_a_failing_file_is_one_line(
    tmp_path: Path, running: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    takes = _takes(tmp_path / "takes", 3, 4)
    said, shown = [], []
    for output, more in (("here", ()), ("there", ("--scheduler", running.address))):
        args = parse(_command(takes, tmp_path / output, *more))
        assert args.run(args) == ExitCode.FILE
        captured = capsys.readouterr()
        said.append(sorted(captured.err.splitlines()))
        shown.append(captured.out)
    assert said[0] == said[1]
    assert len(said[0]) == 2
    assert "broken.wav: sample 1152 is NaN" in "".join(said[0])
    assert shown[0] == shown[1]
    assert sorted(_bytes(tmp_path / "there")) == ["take1.wav", "take2.wav", "take3.wav"]
    assert _bytes(tmp_path / "here") == _bytes(tmp_path / "there")


@pytest.mark.realtime
def test_a_worker_that_dies_costs_nothing_and_what_was_interrupted_goes_on_here(
    tmp_path: Path, running: Cluster
) -> None:
    takes = _takes(tmp_path / "takes", 2, 50)
    (takes / "broken.wav").unlink()
    output = tmp_path / "there"
    journals = [output / f"take{number}.wav.partial" for number in (1, 2)]
    command = [sys.executable, "-m", "plcd"]
    with subprocess.Popen(
        [*command, *_command(takes, output, "--scheduler", running.address)],
        stderr=subprocess.PIPE,
        text=True,
    ) as restoring:

        def wait_for(gaps: int) -> None:
            deadline = time.monotonic() + 90
            while not all(path.exists() and path.read_bytes().count(b"\n") > gaps for path in journals):
                assert time.monotonic() < deadline
                assert restoring.poll() is None
                time.sleep(0.01)

        wait_for(2)
        running.workers[0].kill()
        wait_for(6)
        restoring.send_signal(signal.SIGINT)
        _, said = restoring.communicate(timeout=60)
    assert restoring.returncode == ExitCode.RUNTIME, said
    assert said.count("\n") == 1, said
    assert "the same command goes on there" in said
    assert sorted(_bytes(output)) == [path.name for path in journals]
    for target in (output, tmp_path / "whole"):
        subprocess.run([*command, *_command(takes, target)], check=True, capture_output=True)
    assert _bytes(output) == _bytes(tmp_path / "whole")


@pytest.mark.realtime
def test_a_scheduler_that_is_lost_is_a_line_for_each_file_and_nothing_is_lost_with_it(
    tmp_path: Path, running: Cluster
) -> None:
    takes = _takes(tmp_path / "takes", 2, 150)
    (takes / "broken.wav").unlink()
    output = tmp_path / "there"
    journals = [output / f"take{number}.wav.partial" for number in (1, 2)]
    command = [sys.executable, "-m", "plcd", *_command(takes, output, "--scheduler", running.address)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as restoring:
        deadline = time.monotonic() + 90
        while not all(path.exists() and path.read_bytes().count(b"\n") > 2 for path in journals):
            assert time.monotonic() < deadline
            assert restoring.poll() is None
            time.sleep(0.01)
        running.scheduler.kill()
        _, said = restoring.communicate(timeout=60)
    assert restoring.returncode == ExitCode.FILE, said
    *lines, last = said.splitlines()
    assert last == "plcd: 2 of 2 files failed"
    assert len(lines) == 2, said
    for number, line in enumerate(sorted(lines), 1):
        assert line.startswith(f"plcd: {takes / f'take{number}.wav'}: gap at ")
        assert line.endswith("s: the cluster is gone; the same command goes on when it is back")
    assert sorted(_bytes(output)) == [path.name for path in journals]


def test_a_method_that_the_workers_lack_stops_everything(tmp_path: Path, running: Cluster) -> None:
    if not METHODS["deep-prior"].absent:
        pytest.skip("torch is installed here")
    takes = _takes(tmp_path / "takes", 1, 1)
    args = parse(_command(takes, tmp_path / "out", "--method", "deep-prior", "--scheduler", running.address))
    with pytest.raises(CliError, match="deep-prior needs torch") as caught:
        args.run(args)
    assert caught.value.exit_code == ExitCode.FILE
    assert not list((tmp_path / "out").iterdir())

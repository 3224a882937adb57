"""The same comparison on a Dask cluster that somebody started elsewhere: a scheduler and two workers, from the command line."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import pytest
from comparison.cell import OtherCodeError, run_cell
from comparison.clips import find_clips, read_clip
from comparison.cluster import dask_pool
from comparison.losses import parse_losses
from comparison.plan import Settings, plan
from comparison.systems import parse_systems
from quality_bench import BENCH, clips, run_quality

distributed = pytest.importorskip("distributed", reason="distributed is not installed")

SMALL = ("--systems", "plcd", "--loss", "gilbert10", "--traces", "1", "--seconds", "1")
STARTED_S = 60


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers: processes with a folder of their own, which know nothing of bench/."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    dask = [str(Path(sys.executable).parent / "dask")]
    told = elsewhere / "scheduler.json"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    nothing = elsewhere / "nothing"
    nothing.mkdir()
    for ours in ("plcd", "comparison"):
        (nothing / f"{ours}.py").write_text("raise ImportError('a scheduler has none of our modules')")
    with ExitStack() as stack:

        def start(*arguments: str, **more: str) -> None:
            process = subprocess.Popen(
                [*dask, *arguments, "--no-dashboard", "--scheduler-file", str(told)],
                cwd=elsewhere,
                env=environment | more,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)

        start("scheduler", "--host", "127.0.0.1", "--port", "0", PYTHONPATH=str(nothing))
        deadline = time.monotonic() + STARTED_S
        while not told.exists():
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        for number in range(2):
            start("worker", "--nthreads", "1", "--local-directory", str(elsewhere / f"worker{number}"))
        with distributed.Client(scheduler_file=str(told), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=STARTED_S)
            address: str = client.scheduler.address
        yield address


def test_a_cluster_gives_the_same_csv(tmp_path: Path, scheduler: str) -> None:
    data = clips(tmp_path / "data")
    here = run_quality("--data", data, *SMALL, "--out", tmp_path / "here", "--jobs", "1")
    assert here.returncode == 0, here.stderr
    there = run_quality("--data", data, *SMALL, "--out", tmp_path / "there", "--scheduler", scheduler)
    assert there.returncode == 0, there.stderr
    csvs = [(tmp_path / place / "results.csv").read_bytes() for place in ("here", "there")]
    assert csvs[0] == csvs[1]


def test_what_fails_on_a_worker_comes_back_as_it_was_raised(tmp_path: Path, scheduler: str) -> None:
    data = clips(tmp_path, 1)
    clip = read_clip(data, find_clips(data)[0], 512, 1.0)
    settings = Settings(tuple(parse_systems("repeat")), tuple(parse_losses("gilbert10")), 1, (0,), 512)
    cell = plan(clip, settings)[0][0]
    stale = replace(cell, runs=tuple(replace(run, code="of another version") for run in cell.runs))
    with dask_pool(scheduler, BENCH / "comparison") as (pool, width):
        assert width == 2
        assert len(pool.submit(run_cell, cell).result(60)[0]) == len(cell.runs)
        with pytest.raises(OtherCodeError, match="another version"):
            pool.submit(run_cell, stale).result(60)

"""The same comparison on a Dask cluster that somebody started elsewhere."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import pytest
from comparison.cell import OtherCodeError, run_cell
from comparison.clips import find_clips, read_clip
from comparison.losses import parse_losses
from comparison.plan import Settings, plan
from comparison.systems import parse_systems
from dask_cluster import cluster
from quality_bench import BENCH, clips, run_quality

from plcd.cli.cluster import dask_pool

SMALL = ("--systems", "plcd", "--loss", "gilbert10", "--traces", "1", "--seconds", "1")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    with cluster(tmp_path_factory.mktemp("elsewhere")) as running:
        yield running.address


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

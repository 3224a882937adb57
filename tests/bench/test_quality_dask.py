"""The same comparison on a Dask cluster of two worker processes."""

from pathlib import Path

import pytest
from quality_bench import clips, run_quality

distributed = pytest.importorskip("distributed", reason="distributed is not installed")

SMALL = ("--systems", "plcd", "--loss", "gilbert10", "--traces", "1", "--seconds", "1")


def test_a_cluster_gives_the_same_csv(tmp_path: Path) -> None:
    data = clips(tmp_path / "data")
    here = run_quality("--data", data, *SMALL, "--out", tmp_path / "here", "--jobs", "1")
    assert here.returncode == 0, here.stderr
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as cluster:
        address = cluster.scheduler_address
        there = run_quality("--data", data, *SMALL, "--out", tmp_path / "there", "--scheduler", address)
    assert there.returncode == 0, there.stderr
    csvs = [(tmp_path / place / "results.csv").read_bytes() for place in ("here", "there")]
    assert csvs[0] == csvs[1]

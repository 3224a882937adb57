"""A Dask cluster as somebody starts it elsewhere: a scheduler and two workers from the command line, in a folder of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import plcd

distributed = pytest.importorskip("distributed", reason="distributed is not installed")

_STARTED_S = 60


@dataclass(frozen=True)
class Cluster:
    """What tests need of it."""

    address: str
    scheduler: "subprocess.Popen[bytes]"
    workers: "list[subprocess.Popen[bytes]]"


@contextmanager
def cluster(elsewhere: Path) -> Iterator[Cluster]:
    """Two workers of one thread each, which have plcd and know nothing of bench/; the scheduler has none of our modules."""
    dask = [sys.executable, "-m", "dask"]
    told = elsewhere / "scheduler.json"
    nothing = elsewhere / "nothing"
    nothing.mkdir()
    for ours in ("plcd", "comparison"):
        (nothing / f"{ours}.py").write_text("raise ImportError('a scheduler has none of our modules')")
    with ExitStack() as stack:

        def start(path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(
                [*dask, *arguments, "--no-dashboard", "--scheduler-file", str(told)],
                cwd=elsewhere,
                env=os.environ | {"PYTHONPATH": str(path)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
            return process

        scheduler = start(nothing, "scheduler", "--host", "127.0.0.1", "--port", "0")
        deadline = time.monotonic() + _STARTED_S
        while not told.exists():
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        package = Path(plcd.__file__).parents[1]
        workers = [
            start(
                package, "worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(elsewhere / name)
            )
            for name in ("one", "other")
        ]
        with distributed.Client(scheduler_file=str(told), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=_STARTED_S)
            address: str = client.scheduler.address
        yield Cluster(address, scheduler, workers)

"""What a real daemon process costs: processor time, memory, time to be ready, and how well it keeps time."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from machine import progress

from plcd.io.control_client import ControlClient

READY = re.compile(r"plcd: ready (\S+)")


@dataclass
class Running:
    """A daemon that said it is ready."""

    process: subprocess.Popen[str]
    address: str
    seconds_to_ready: float
    control: str


@contextmanager
def daemon(
    environment: dict[str, str] | None = None, model: str = "auto", flags: Sequence[str] = ()
) -> Iterator[Running]:
    """A daemon with the null output, ``model`` and ``flags``, on a free port; it is interrupted at the end."""
    folder = tempfile.mkdtemp(prefix="plcd-bench-")
    control = f"ipc://{folder}/control"
    command = [
        sys.executable,
        "-m",
        "plcd",
        "--listen",
        "127.0.0.1:0",
        "--output",
        "null",
        "--control",
        control,
        "--model",
        model,
        *flags,
    ]
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if ready := READY.search(line):
                yield Running(process, ready[1], time.perf_counter() - started, control)
                break
        else:
            raise RuntimeError("the daemon did not become ready")
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def time_start() -> dict[str, float]:
    """Seconds from start to ready: three times with an empty kernel cache, five with a full one; the medians."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        environment.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # else every start compiles every module of every library
        cold, warm = [], []
        for _ in range(3):
            shutil.rmtree(cache)
            os.mkdir(cache)
            with daemon(environment) as running:
                cold.append(running.seconds_to_ready)
        for _ in range(5):
            with daemon(environment) as running:
                warm.append(running.seconds_to_ready)
    return {"cold": round(sorted(cold)[1], 2), "warm": round(sorted(warm)[2], 2)}


def run(music: Path, loss: str, seconds: float, model: str = "auto") -> dict[str, float | int]:
    """Stream ``music`` in a loop through a daemon for ``seconds``: share of one core, memory, counters."""
    progress(f"daemon, loss {loss}, network {model}, {seconds:g} s")
    with daemon(model=model) as running:
        command = [sys.executable, "-m", "plcd", "send", str(music), "--to", running.address, "--loop", "0"]
        sender = subprocess.Popen(
            [*command, "--loss", loss], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        try:
            time.sleep(2)  # the stream is accepted and plays
            process = psutil.Process(running.process.pid)
            before, started = process.cpu_times(), time.perf_counter()
            time.sleep(seconds)
            after, elapsed = process.cpu_times(), time.perf_counter() - started
            with ControlClient(running.control) as control:
                stats = control.request("stats")["stats"]
            memory = process.memory_info().rss
        finally:
            sender.terminate()
            sender.wait(30)
    spent = after.user + after.system - before.user - before.system
    return {
        "seconds": round(elapsed, 1),
        "cpu_percent": round(100 * spent / elapsed, 2),
        "memory_mb": round(memory / 1e6, 1),
        "frames": stats["frames"]["played"],
        "lost": stats["packets"]["lost"],
        "late": stats["packets"]["late"],
        "underruns": stats["events"]["underruns"],
        "missed_deadlines": stats["events"]["missed_deadlines"],
        "conceal_p50_ms": stats["timing_ms"]["conceal"]["p50"],
        "conceal_p99_ms": stats["timing_ms"]["conceal"]["p99"],
    }

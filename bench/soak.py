"""Real minutes of a real daemon: python bench/soak.py [--minutes 30] [--write]

plcd plays to the null output what plcd send sends it over UDP on loopback: 2 % bursts, jitter, swapped packets, a clock that is
200 ppm fast and slow in turn. Three times the sender is killed and started anew. All the while the daemon is asked how it is.
With --write the outcome goes to bench/SOAK.md and docs/soak.png. A run of less than half an hour judges nothing that a busy
machine could spoil: underruns, missed deadlines, stalls that move the playout point.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent))

import daemon_cost
from machine import described, progress

from plcd.io.control_client import ControlClient

ROOT = Path(__file__).resolve().parent.parent
MUSIC = ROOT / "demo" / "music.flac"
RESULTS = ROOT / "bench" / "SOAK.md"
PLOT = ROOT / "docs" / "soak.png"
FULL_MINUTES = 30.0
PPM = (200, -200, 200, -200)
"""Of the sender's lives, one after the other."""
SEND = ("--loss", "gilbert:0.0082,0.4", "--jitter", "8", "--reorder", "0.01", "--loop", "0")
PAUSE_S = (0.3, 2.0, 0.3)
"""Between two lives."""
MEMORY_MB = 16.0
"""How much more memory than after the first minute the daemon may ever hold."""
SETTLING_S = 30.0
"""After a start: what the clocks differ by is not known yet, and the level drifts by it."""
LOOK_S = 0.1
"""As often as the daemon's snapshot is renewed."""
WINDOW_S = 10.0
"""Means are of so long."""
AWAY_MS = 2.0
"""A settled stream stays as close to its place: what the daemon's filtered level says (``drift.away_ms``)."""
STEP_MS = 0.5
"""Two neighbouring means of it differ by less."""


@dataclass
class Course:
    """What was seen, look by look, and what it came to. ``failures``: a line for each thing that should not be."""

    minutes: float
    seconds: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    away_ms: list[float] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)
    ppm: list[float] = field(default_factory=list)
    restarts_s: list[float] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    failures: list[str] = field(default_factory=list)


def run(minutes: float, model: str) -> Course:
    """Soak a daemon for so long."""
    course = Course(minutes)
    with daemon_cost.daemon(model=model) as running, ControlClient(running.control) as control:
        process = psutil.Process(running.process.pid)
        began = time.monotonic()
        for number, ppm in enumerate(PPM):
            progress(f"sender {number + 1} of {len(PPM)}, {ppm:+d} ppm, {15 * minutes:.0f} s")
            until = began + 60.0 * minutes * (number + 1) / len(PPM)
            with _sending(running.address, ppm, number) as sender:
                while time.monotonic() < until:
                    time.sleep(max(0.0, min(LOOK_S, until - time.monotonic())))
                    _look(course, control.request("stats")["stats"], process, time.monotonic() - began)
                    if sender.poll() is not None or running.process.poll() is not None:
                        course.failures.append("a process ended by itself")
                        return course
            if number < len(PAUSE_S):
                time.sleep(PAUSE_S[number])
                course.restarts_s.append(time.monotonic() - began)
        time.sleep(0.5)
        course.last = control.request("stats")["stats"]
    return course


@contextmanager
def _sending(address: str, ppm: int, seed: int) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-m", "plcd", "send", str(MUSIC), "--to", address, "--ppm", str(ppm)]
    sender = subprocess.Popen(
        [*words, "--seed", str(seed), *SEND], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield sender
    finally:
        sender.send_signal(signal.SIGKILL)
        sender.wait()


def _look(course: Course, stats: dict[str, Any], process: psutil.Process, at_s: float) -> None:
    course.seconds.append(at_s)
    course.memory_mb.append(process.memory_info().rss / 1e6)
    away = stats["drift"]["away_ms"]
    course.away_ms.append(np.nan if away is None else away)
    course.latency_ms.append(stats["buffer"]["latency_ms"])
    course.ppm.append(np.nan if stats["drift"]["ppm"] is None else stats["drift"]["ppm"])


def means(course: Course) -> list[tuple[float, float, bool]]:
    """(second, mean of how far the level is from its place in ms, the same sender has settled) of each window."""
    starts = [0.0, *course.restarts_s]
    found = []
    seconds, away = np.array(course.seconds), np.array(course.away_ms)
    for begin in np.arange(0.0, seconds[-1] - WINDOW_S + 1e-9, WINDOW_S):
        inside = (seconds >= begin) & (seconds < begin + WINDOW_S)
        inside &= np.isfinite(away)
        if not inside.any():
            continue
        born = max((start for start in starts if start <= begin), default=0.0)
        broken = any(begin <= start < begin + WINDOW_S for start in course.restarts_s)
        settled = begin >= born + SETTLING_S and not broken
        found.append((begin + WINDOW_S / 2, float(np.mean(away[inside])), settled))
    return found


def steps_of(windows: list[tuple[float, float, bool]]) -> list[float]:
    """Milliseconds between the means of neighbouring windows of one settled sender."""
    return [abs(b[1] - a[1]) for a, b in pairwise(windows) if a[2] and b[2] and b[0] - a[0] < 1.5 * WINDOW_S]


def judge(course: Course) -> None:
    """Note what should not be."""
    if not course.last:
        return
    events, packets = course.last["events"], course.last["packets"]
    full = course.minutes >= FULL_MINUTES
    after = [mb for at, mb in zip(course.seconds, course.memory_mb, strict=True) if at >= _warm_s(course)]
    windows = means(course)
    steps = steps_of(windows)
    for fine, what in (
        (events["restarts"] == len(PPM) - 1, f"{events['restarts']} restarts of {len(PPM) - 1} found"),
        (not full or events["reanchored"] == 0, f"re-anchored {events['reanchored']} times"),
        (not full or events["underruns"] == 0, f"{events['underruns']} underruns"),
        (not full or events["missed_deadlines"] == 0, f"{events['missed_deadlines']} missed deadlines"),
        (
            packets["expected"]
            == packets["on_time"] + packets["late"] + packets["lost"] + packets["recovered"],
            "expected is not the sum of its parts",
        ),
        (
            packets["expected"] > (80 if full else 1) * 60 * course.minutes,
            f"only {packets['expected']} packets",
        ),
        (0.01 < packets["lost"] / packets["expected"] < 0.03, f"{packets['lost']} lost"),
        (packets["kernel_dropped"] == packets["queue_dropped"] == 0, "packets dropped in this machine"),
        (max(after) - after[0] <= MEMORY_MB, f"memory grew by {max(after) - after[0]:.1f} MB"),
        (
            not full or max(steps, default=0.0) <= STEP_MS,
            f"the latency stepped by {max(steps, default=0.0):.2f} ms",
        ),
        (
            not full or max((abs(away) for _, away, settled in windows if settled), default=0.0) <= AWAY_MS,
            f"the latency left its place by more than {AWAY_MS:g} ms",
        ),
    ):
        if not fine:
            course.failures.append(what)


def _warm_s(course: Course) -> float:
    """From when on memory is watched."""
    return min(60.0, 15.0 * course.minutes)


def markdown(course: Course) -> str:
    """SOAK.md."""
    events, packets, timing = course.last["events"], course.last["packets"], course.last["timing_ms"]
    after = [mb for at, mb in zip(course.seconds, course.memory_mb, strict=True) if at >= _warm_s(course)]
    windows = means(course)
    settled = [away for _, away, fine in windows if fine]
    away = f"{min(settled):+.2f} .. {max(settled):+.2f} ms" if settled else "too short"
    steps = f"{max(steps_of(windows), default=0.0):.2f} ms"
    rows = (
        ("underruns", str(events["underruns"]), "0"),
        ("missed deadlines", str(events["missed_deadlines"]), "0"),
        ("restarts of the sender, each found", str(events["restarts"]), str(len(PPM) - 1)),
        ("re-anchored", str(events["reanchored"]), "0"),
        ("packets expected", str(packets["expected"]), ""),
        (
            "on time / late / lost",
            f"{packets['on_time']} / {packets['late']} / {packets['lost']}",
            "they sum to expected",
        ),
        ("out of order", str(packets["reordered"]), ""),
        ("dropped by kernel or queue", str(packets["kernel_dropped"] + packets["queue_dropped"]), "0"),
        (
            f"latency of a settled sender beside what it was at first, means of {WINDOW_S:g} s",
            away,
            f"within {AWAY_MS:g} ms",
        ),
        ("largest step between two of them", steps, f"≤ {STEP_MS:g} ms"),
        (
            "latency shown, least / most",
            f"{min(course.latency_ms):.1f} / {max(course.latency_ms):.1f} ms",
            "the resampler's own delay apart, constant",
        ),
        (
            "memory from the first minute on, first / most / last",
            f"{after[0]:.1f} / {max(after):.1f} / {after[-1]:.1f} MB",
            f"≤ {MEMORY_MB:g} MB more than at first",
        ),
        (
            "a frame with a hole, p50 / p99",
            f"{timing['conceal']['p50']:.2f} / {timing['conceal']['p99']:.2f} ms",
            "",
        ),
    )
    return "\n".join(
        [
            "# Half an hour, really"
            if course.minutes >= FULL_MINUTES
            else f"# {course.minutes:g} minutes, really",
            "",
            f"Regenerated by `make soak`: {course.minutes:g} minutes of a daemon on real UDP (loopback), null output, default ",
            f"depth, {course.last['predictor']}, network {course.last['model']}; `plcd send {' '.join(SEND)}`, "
            f"{' then '.join(f'{ppm:+d}' for ppm in PPM)} ppm,",
            "killed and started anew between. [HOURS.md](HOURS.md) has simulated hours, which are another thing.",
            "",
            f"Machine: {described()}.",
            "",
            "| | | to be |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            "![latency, memory and clock over time](../docs/soak.png)",
            "",
            *(f"**Failed:** {failure}." for failure in course.failures),
            "" if course.failures else "All of it held.",
            "",
        ]
    )


def plot(course: Course, path: Path) -> None:
    """Latency, memory and the clock's estimate over time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, sharex=True, figsize=(9, 7), layout="constrained")
    minutes = np.array(course.seconds) / 60
    axes[0].plot(minutes, course.away_ms)
    axes[0].set(
        ylabel="latency beside\nwhat it was at first, ms",
        ylim=(-5, 5),
        title=f"{course.minutes:g} minutes: 2 % bursts, jitter, ±200 ppm",
    )
    axes[1].plot(minutes, course.memory_mb)
    axes[1].set(ylabel="memory, MB", ylim=(0, 1.2 * max(course.memory_mb)))
    axes[2].plot(minutes, course.ppm)
    axes[2].set(ylabel="sender's clock, ppm", xlabel="minutes")
    for axis in axes:
        for at in course.restarts_s:
            axis.axvline(at / 60, color="tab:red", lw=0.8, ls=":")
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main() -> int:
    """Soak and report; 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES)
    parser.add_argument("--model", default="auto", help="as plcd's")
    parser.add_argument("--write", action="store_true", help="write bench/SOAK.md and docs/soak.png")
    args = parser.parse_args()
    course = run(args.minutes, args.model)
    judge(course)
    if course.last:
        text = markdown(course)
        print(text)
        if args.write:
            RESULTS.write_text(text, encoding="utf-8")
            plot(course, PLOT)
    for failure in course.failures:
        print(f"soak: failed: {failure}", file=sys.stderr)
    return int(bool(course.failures))


if __name__ == "__main__":
    sys.exit(main())

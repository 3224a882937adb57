"""Simulated hours through the engine as it is: python bench/hours.py [--hours 24] [--write]

Bursts, jitter, swapped packets, a clock that is 200 ppm off, restarts, numbers that wrap: bench/hours_on_end/session.py. Time is
an argument of the engine, so this takes as long as the machine needs. It is no substitute for real hours (bench/soak.py), nor
they for this: here it is the arithmetic that runs for a day. With --write the outcome goes to bench/HOURS.md.
"""

import argparse
import gc
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import soundfile as sf

sys.path.insert(0, str(Path(__file__).parent))

from hours_on_end import session as network
from hours_on_end.session import PACKET, RATE, SECOND_NS, Life, Truth
from machine import described

from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import PlayedFrame, Samples
from plcd.core.predictor import Predictor
from plcd.io.intake import Intake
from plcd.io.replay import Replayed, Session, replay
from plcd.io.resampling import SampleRateConverter
from plcd.wire.formats import Formats

ROOT = Path(__file__).resolve().parent.parent
MUSIC = ROOT / "demo" / "music.flac"
RESULTS = ROOT / "bench" / "HOURS.md"
DEPTH_MS = 60.0
LIFE_S = 2 * 3600.0
PPM = 200.0
MEMORY_MB = 32.0
"""How much more memory the last hour may hold than the first; what the process has is rounded up by its allocator."""
STEP_MS = 1.0
"""The latency may change by so much between two looks, 0.7 s apart: drift that is not followed yet makes 0.15 ms of it."""
LOOKS = 64
"""Frames between two looks."""


@dataclass
class Outcome:
    """What so many hours came to. ``failures``: one line for each thing that should not be."""

    hours: float
    life_s: float
    seconds: float = 0.0
    processor_s: float = 0.0
    truth: Truth = field(default_factory=Truth)
    packets: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    reanchored: int = 0
    wraps: int = 0
    frames: int = 0
    latency_ms: tuple[float, float] = (0.0, 0.0)
    """Least and most, beyond the first minute of each life."""
    step_ms: float = 0.0
    """The largest change between two looks within a life."""
    loudest: float = 0.0
    memory_mb: list[float] = field(default_factory=list)
    """After each hour."""
    failures: list[str] = field(default_factory=list)


class _Watch:
    """Looks at the engine now and then while it plays."""

    def __init__(self, engine: Engine, lives: list[Life], outcome: Outcome, every_s: float) -> None:
        self._engine = engine
        self._lives = {life.ssrc: life for life in lives}
        self._outcome = outcome
        self._every_s = every_s
        self._process = psutil.Process()
        self._before: tuple[int, float] | None = None
        self._low, self._high = np.inf, -np.inf
        self._finite = True
        self._wraps: dict[int, int] = {}

    def hear(self, frame: PlayedFrame, rate: int, channels: int) -> None:
        loudest = float(np.max(np.abs(frame.audio)))
        self._finite &= np.isfinite(loudest)
        self._outcome.loudest = max(self._outcome.loudest, loudest)

    def look(self, now_ns: int) -> None:
        """Behind the frame that was asked for at ``now_ns``."""
        elapsed_s = (now_ns - SECOND_NS) / SECOND_NS
        if elapsed_s >= self._every_s * (len(self._outcome.memory_mb) + 1):
            gc.collect()
            self._outcome.memory_mb.append(self._process.memory_info().rss / 1e6)
        stream, resampled = self._engine.stream, self._engine.resampled
        if stream is None or resampled is None or self._engine.state != "playing":
            return
        self._wraps[stream.source.stream] = stream.wraps
        life = self._lives[stream.source.stream]
        played = stream.buffer.cursor - resampled.delay - (1 << 32) - life.first_timestamp
        sent_ns = life.start_ns + played / PACKET * life.period_ns
        latency_ms = (now_ns + PACKET * SECOND_NS / RATE - sent_ns) / 1e6
        if now_ns > life.end_ns:
            return
        if self._before is not None and self._before[0] == life.number:
            self._outcome.step_ms = max(self._outcome.step_ms, abs(latency_ms - self._before[1]))
        self._before = life.number, latency_ms
        if now_ns > life.start_ns + 60 * SECOND_NS:
            self._low, self._high = min(self._low, latency_ms), max(self._high, latency_ms)

    def end(self) -> None:
        self._outcome.latency_ms = self._low, self._high
        self._outcome.wraps = sum(self._wraps.values())
        if not self._finite:
            self._outcome.failures.append("sound that is no number")


def simulate(hours: float, life_s: float = LIFE_S, ppm: float = PPM, seed: int = 1) -> Outcome:
    """Play so many hours of a sender that is started anew every ``life_s`` seconds."""
    music: Samples = sf.read(MUSIC, dtype="float32", always_2d=True)[0][:, :1]
    predictor = Ensemble.of(Predictor("burg", 32, 512))
    config = EngineConfig(packet=PACKET, depth=Depth(ms=DEPTH_MS), predictor=predictor)
    engine = Engine(config, make_resampler=SampleRateConverter)
    outcome = Outcome(hours, life_s)
    all_lives = network.lives(hours, life_s, ppm)
    watch = _Watch(engine, all_lives, outcome, min(3600.0, hours * 3600 / 4))
    played = Session(engine, Intake(Formats({})))
    began, worked = time.perf_counter(), time.process_time()
    arrivals = network.datagrams(all_lives, music, outcome.truth, seed)
    done = replay(played, arrivals, watch.hear, watch.look)
    outcome.seconds, outcome.processor_s = time.perf_counter() - began, time.process_time() - worked
    watch.end()
    _judge(outcome, engine, played.intake, done)
    return outcome


def _judge(outcome: Outcome, engine: Engine, intake: Intake, done: Replayed) -> None:
    counters, truth, packets = engine.counters, outcome.truth, engine.packets()
    outcome.packets = packets
    outcome.restarts = counters.streams - 1
    outcome.reanchored = counters.reanchored
    outcome.frames = counters.frames
    lost = truth.expected - truth.delivered
    memory = outcome.memory_mb
    for fine, what in (
        (outcome.restarts == truth.lives - 1, f"{outcome.restarts} restarts, {truth.lives - 1} happened"),
        (counters.reanchored == 0, f"the playout point was moved {counters.reanchored} times"),
        (packets["expected"] == truth.expected, f"{packets['expected']} expected, {truth.expected} sent"),
        (packets["received"] == truth.delivered, f"{packets['received']} received of {truth.delivered}"),
        (packets["lost"] == lost, f"{packets['lost']} lost, {lost} were"),
        (
            packets["expected"]
            == packets["on_time"] + packets["late"] + packets["lost"] + packets["recovered"],
            "expected is not the sum of its parts",
        ),
        (packets["late"] <= 1e-4 * truth.expected, f"{packets['late']} packets late"),
        (packets["foreign"] == packets["stray"] == 0, "packets taken for a stranger's"),
        (not intake.malformed and not intake.refused, "packets that could not be read"),
        (outcome.wraps == truth.wraps, f"{outcome.wraps} wraps seen, {truth.wraps} happened"),
        (sum(counters.by_origin) == counters.frames, "origins do not sum to the frames"),
        (outcome.step_ms <= STEP_MS, f"the latency stepped by {outcome.step_ms:.2f} ms"),
        (outcome.loudest <= 1.2, f"a peak of {outcome.loudest:.2f}"),
        (
            len(memory) < 2 or memory[-1] - memory[0] <= MEMORY_MB,
            f"memory grew from {memory[0]:.0f} to {memory[-1]:.0f} MB" if memory else "",
        ),
        (done.backwards == 0, "arrivals out of order"),
    ):
        if not fine:
            outcome.failures.append(what)


def markdown(one: Outcome) -> str:
    """HOURS.md."""
    p, memory = one.packets, one.memory_mb
    rows = (
        ("simulated", f"{one.hours:g} hours, {one.frames} frames", ""),
        ("took", f"{one.seconds / 60:.0f} minutes, {one.processor_s / 60:.1f} of processor time", ""),
        ("packets expected", f"{p['expected']}", "as sent"),
        ("received", f"{p['received']}, {p['reordered']} of them out of order", "as delivered"),
        ("on time / late / lost", f"{p['on_time']} / {p['late']} / {p['lost']}", "they sum to expected"),
        ("restarts of the sender, each found", f"{one.restarts}", "as many as there were"),
        ("numbers that wrapped around", f"{one.wraps}", "as many as there were"),
        ("synchronisation lost (re-anchored)", f"{one.reanchored}", "0"),
        (
            "latency from the sender's clock to the output, beyond each first minute",
            f"{one.latency_ms[0]:.1f} .. {one.latency_ms[1]:.1f} ms",
            "",
        ),
        (
            "largest change of it between two looks, 0.7 s apart",
            f"{one.step_ms:.2f} ms",
            f"no step: ≤ {STEP_MS:g} ms",
        ),
        (
            f"memory after {len(memory)} looks, first / most / last",
            f"{memory[0]:.0f} / {max(memory):.0f} / {memory[-1]:.0f} MB",
            f"≤ {MEMORY_MB:g} MB more than at first",
        ),
    )
    return "\n".join(
        [
            "# Simulated hours",
            "",
            "Regenerated by `.venv/bin/python bench/hours.py --write`. The parsers and the engine of the daemon, a depth of "
            f"{DEPTH_MS:g} ms, a cheap predictor;",
            f"mono, packets of {PACKET} at {RATE / 1000:g} kHz; 2 % lost in bursts, jitter of {network.JITTER_MS:g} ms, 1 % "
            f"swapped, a sender that is {PPM:g} ppm fast",
            f"and slow in turn, and started anew every {one.life_s / 3600:.3g} hours: after 0.2 or 3 s, from the same port or "
            "another.",
            "Real time says other things: [SOAK.md](SOAK.md).",
            "",
            f"Machine: {described()}.",
            "",
            "| | | to be |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            *(f"**Failed:** {failure}." for failure in one.failures),
            "" if one.failures else "All of it held.",
            "",
        ]
    )


def main() -> int:
    """Simulate and report; 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--life", type=float, default=LIFE_S, help="seconds between restarts of the sender")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write bench/HOURS.md")
    args = parser.parse_args()
    one = simulate(args.hours, args.life, seed=args.seed)
    text = markdown(one)
    if args.write:
        RESULTS.write_text(text, encoding="utf-8")
    print(text)
    return int(bool(one.failures))


if __name__ == "__main__":
    sys.exit(main())

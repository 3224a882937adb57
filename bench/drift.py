"""Simulated hours of a sender whose clock is off, through the engine as it is: python bench/drift.py [--hours 24] [--ppm 200 ...]

Uniform jitter of 3 ms, a depth of 20 ms, the resampler of the daemon. Time is an argument of the engine: an hour of packets
of 512 takes about a minute. What is counted: packets late or lost, splices, and how far the filtered level of the buffer
leaves the place where it is to be held, from the 60th second on.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf

from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import Origin
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.predictor import Predictor
from plcd.io.resampling import SampleRateConverter

SECOND_NS = 1_000_000_000
SETTLED_S = 60.0
MUSIC = Path(__file__).resolve().parent.parent / "demo" / "music.flac"


@dataclass
class Course:
    """What an hour, or many, came to."""

    ppm: float
    seconds: float
    late: int = 0
    lost: int = 0
    spliced: int = 0
    """Times the playout point was moved."""
    holes: int = 0
    """Frames with anything but received sound."""
    level_ms: tuple[float, float] = (0.0, 0.0)
    """The filtered level beside where it is to be held: least and most, from 60 s on."""
    found_ppm: float = 0.0
    began_s: float | None = None
    """When the resampler was switched on."""


def simulate(
    seconds: float, ppm: float, rate: int = 44_100, packet: int = 512, jitter_ms: float = 3.0, seed: int = 1
) -> Course:
    """Play so many seconds of the output's time of a sender that is fast by ``ppm``."""
    config = EngineConfig(
        packet=packet, depth=Depth(ms=20.0), predictor=Ensemble.of(Predictor("burg", 16, 256))
    )
    engine = Engine(config, make_resampler=SampleRateConverter)
    course = Course(ppm, seconds)
    arrivals = _arrivals(rate, packet, ppm, jitter_ms, np.random.default_rng(seed))
    waiting, at_ns = next(arrivals)
    low, high, wanted = np.inf, -np.inf, None
    for tick in range(round(seconds * rate / packet)):
        now_ns = SECOND_NS + tick * packet * SECOND_NS // rate
        while at_ns <= now_ns:
            engine.insert(waiting, at_ns)
            waiting, at_ns = next(arrivals)
        if engine.rate is None:
            continue
        frame = engine.pull(now_ns)
        resampled = engine.resampled
        if resampled is None:
            continue
        course.holes += frame.origin not in (Origin.RECEIVED, Origin.IDLE)
        if resampled.running and course.began_s is None:
            course.began_s = (now_ns - SECOND_NS) / SECOND_NS
        if now_ns >= (1 + SETTLED_S) * SECOND_NS and resampled.wanted_level is not None:
            wanted = resampled.wanted_level
            level = resampled.loop.level(now_ns)
            low, high = min(low, level - wanted), max(high, level - wanted)
    packets = engine.packets()
    course.late, course.lost = packets["late"], packets["lost"]
    course.spliced = engine.counters.reanchored + engine.counters.grown + engine.counters.shrunk
    course.level_ms = (1000 * low / rate, 1000 * high / rate)
    course.found_ppm = engine.resampled.loop.ppm if engine.resampled else 0.0
    return course


def _arrivals(
    rate: int, packet: int, ppm: float, jitter_ms: float, rng: np.random.Generator
) -> Iterator[tuple[AudioPacket, int]]:
    """Packets of the demo's music, over and over, and when they come; jitter is less than a packet's time."""
    music = sf.read(MUSIC, dtype="float32", always_2d=True)[0][:, :1]
    blocks = music[: len(music) // packet * packet].reshape(-1, packet, 1)
    form, source = StreamFormat("L16", rate, 1), SourceId("192.0.2.1", 5004, 1)
    number = 0
    period_ns = 1e9 * packet / rate / (1.0 + 1e-6 * ppm)
    while True:
        for jitter in rng.uniform(0, 1e6 * jitter_ms, 4096).tolist():
            samples = blocks[number % len(blocks)]
            one = AudioPacket(source, number % 65536, number * packet % 2**32, form, samples)
            yield one, SECOND_NS + round(number * period_ns + jitter)
            number += 1


def main() -> int:
    """Print a table; 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--ppm", type=float, nargs="+", default=[200.0, -200.0, 500.0, -500.0, 0.0])
    parser.add_argument("--rate", type=int, default=44_100)
    parser.add_argument("--packet", type=int, default=512)
    args = parser.parse_args()
    missed = False
    print(
        "| drift | hours | late, lost | splices | frames with holes | level from 60 s on | found | resampling from |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for ppm in args.ppm:
        one = simulate(3600 * args.hours, ppm, args.rate, args.packet)
        low, high = one.level_ms
        began = "never" if one.began_s is None else f"{one.began_s:.0f} s"
        print(
            f"| {ppm:+g} ppm | {args.hours:g} | {one.late}, {one.lost} | {one.spliced} | {one.holes} "
            f"| {low:+.3f} .. {high:+.3f} ms | {one.found_ppm:+.1f} ppm | {began} |",
            flush=True,
        )
        missed |= bool(one.late or one.lost or one.spliced or one.holes) or max(-low, high) > 0.5
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

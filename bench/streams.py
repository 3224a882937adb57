"""How many streams one machine conceals in time: engines with their phases staggered, fed in real time, at 10 % loss.

One process a core, each with its share of the streams in one thread. A frame is asked for when it is due; it has missed its
deadline when it is made later than a frame's time after that. Nothing is done ahead of a loss; a network runs when the loss is
known, on a thread of its own for each stream, and where it is not through in time the prediction plays, as in the daemon.
"""

import argparse
import gc
import heapq
import json
import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from machine import described, progress
from numpy.typing import NDArray

from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.loss import parse_loss
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.warm import warm
from plcd.io.priority import raise_priority
from plcd.neural.runner import Runner
from plcd.neural.shipped import load_model

RATE, PACKET = 44_100, 512
FRAME_NS = PACKET * 1_000_000_000 // RATE
LOSS = "gilbert:0.079,0.69"
MUSIC = Path(__file__).parent / "data" / "dev" / "mixed"
RESULTS = Path(__file__).parent / "STREAMS.md"
FORM = StreamFormat("L16", RATE, 1)
NETWORK_SHARE = 0.55
"""Of a frame's time, until when a network may run: what is left is for the predictions of other streams that wait behind it."""
SETTLE_S = 1.0
"""From the start of all processes to the first frame."""


@dataclass
class Feed:
    """One stream: its engine, and what arrives just before each frame."""

    engine: Engine
    packets: NDArray[np.float32]
    lost: NDArray[np.bool_]
    source: SourceId
    first_ns: int
    runner: Runner | None = None
    count: int = 0

    def play(self) -> bool:
        """Give the packet that is due, if it is not lost, and make the frame. Whether there was a hole in it."""
        number = self.count
        self.count += 1
        due_ns = self.first_ns + number * FRAME_NS
        if self.runner is not None:
            self.runner.until_ns = due_ns + round(NETWORK_SHARE * FRAME_NS)
        if not self.lost[number % self.lost.size]:
            samples = self.packets[number % self.packets.shape[0]]
            self.engine.insert(
                AudioPacket(self.source, number & 0xFFFF, number * PACKET & 0xFFFFFFFF, FORM, samples), due_ns
            )
        return bool(self.engine.pull(due_ns).holes)


def run(
    model: str, predictor: str, place: int, every: int, streams: int, seconds: float, start_ns: int
) -> dict[str, Any]:
    """Play the streams ``place``, ``place + every``... of ``streams`` until ``seconds`` after ``start_ns`` (monotonic)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[place % (os.cpu_count() or 1)]})
    raise_priority()
    ensemble = Ensemble.parse(predictor)
    warm(ensemble)
    files = sorted(MUSIC.glob("*.flac"))
    music = sf.read(files[0], dtype="float32", always_2d=True)[0][:, :1]
    packets = music[: music.shape[0] // PACKET * PACKET].reshape(-1, PACKET, 1)
    config = EngineConfig(
        PACKET, Depth(ms=None, packets=1), RATE, 1, ensemble, lookahead=0, budget=0.0, run_ahead="off"
    )
    feeds = []
    for number in range(place, streams, every):
        runner = _runner(model)
        rng = np.random.default_rng(number)
        feed = Feed(
            Engine(config, refiner=runner),
            np.roll(packets, int(rng.integers(packets.shape[0])), axis=0),
            parse_loss(LOSS).sample(20_000, rng),
            SourceId("127.0.0.1", 9, number + 1),
            start_ns + number * FRAME_NS // streams,
            runner,
        )
        feed.lost[:8] = False
        feeds.append(feed)
    gc.collect()
    gc.freeze()
    late_ns: list[int] = []
    missed = holes = 0
    queue = [(feed.first_ns, index) for index, feed in enumerate(feeds)]
    heapq.heapify(queue)
    end_ns = start_ns + int(seconds * 1e9)
    worked = time.process_time()
    while queue:
        due_ns, index = heapq.heappop(queue)
        wait_ns = due_ns - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / 1e9)
        holes += feeds[index].play()
        took_ns = time.monotonic_ns() - due_ns
        late_ns.append(took_ns)
        missed += took_ns > FRAME_NS
        if due_ns + FRAME_NS < end_ns:
            heapq.heappush(queue, (due_ns + FRAME_NS, index))
    return {
        "frames": len(late_ns),
        "holes": holes,
        "missed": missed,
        "ended": sum(feed.runner.late for feed in feeds if feed.runner is not None),
        "share": (time.process_time() - worked) / seconds,
        "late_ms": [round(float(np.quantile(late_ns, level)) / 1e6, 3) for level in (0.5, 0.99, 1.0)],
    }


def _runner(model: str) -> Runner | None:
    if model == "none":
        return None
    runner = Runner(load_model(model))
    runner.warm()
    return runner


def measure(model: str, predictor: str, streams: int, seconds: float, processes: int) -> dict[str, Any]:
    """All processes together."""
    context = multiprocessing.get_context("spawn")
    prepare_s = 10.0 + (streams / processes) * (0.0 if model == "none" else 4.0)
    start_ns = time.monotonic_ns() + int((prepare_s + SETTLE_S) * 1e9)
    with context.Pool(processes) as pool:
        jobs = [
            (model, predictor, place, processes, streams, seconds, start_ns) for place in range(processes)
        ]
        parts = pool.starmap(run, jobs)
    return {
        "model": model,
        "predictor": predictor,
        "streams": streams,
        "seconds": seconds,
        "frames": sum(part["frames"] for part in parts),
        "holes": sum(part["holes"] for part in parts),
        "missed": sum(part["missed"] for part in parts),
        "ended": sum(part["ended"] for part in parts),
        "share": round(sum(part["share"] for part in parts), 2),
        "late_ms": [max(part["late_ms"][level] for part in parts) for level in range(3)],
    }


def markdown(rows: list[dict[str, Any]]) -> str:
    """The file."""
    lines = [
        "# How many streams at once",
        "",
        "Regenerated by `.venv/bin/python bench/streams.py --write`. Mono, 44.1 kHz, packets of 512, 10 % loss, nothing done",
        "ahead, phases staggered, one process a core in real-time priority. Late: from when a frame was due to when it was",
        "made, the worse process; a deadline is missed after 11.6 ms. Ended: runs of a network not through after",
        f"{NETWORK_SHARE:g} of that, or that could not be: the prediction plays there.",
        "",
        f"Machine: {described()}.",
        "",
        "| network | predictor | streams | minutes | frames | holes | missed | ended | cores used | late p50 / p99 / max, ms |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        late = " / ".join(f"{value:.2f}" for value in row["late_ms"])
        lines.append(
            f"| {row['model']} | {row['predictor']} | {row['streams']} | {row['seconds'] / 60:g} | {row['frames']} | "
            f"{row['holes']} | {row['missed']} | {row['ended']} | {row['share']} | {late} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what the flags say."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--setting",
        metavar="MODEL,PREDICTOR,STREAMS",
        action="append",
        help="may be said several times [none,tapered:1024/4096,64]",
    )
    parser.add_argument("--seconds", type=float, default=600, help="of each setting [600]")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="[one a core]")
    parser.add_argument("--write", action="store_true", help="rewrite bench/STREAMS.md")
    args = parser.parse_args()
    rows = []
    for setting in args.setting or ["none,tapered:1024/4096,64"]:
        model, predictor, streams = setting.rsplit(",", 2)
        progress(f"{streams} streams, network {model}, {predictor}, {args.seconds:g} s")
        rows.append(measure(model, predictor, int(streams), args.seconds, args.processes))
        print(json.dumps(rows[-1]))
    if args.write:
        RESULTS.write_text(markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

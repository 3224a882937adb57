"""How many peers a daemon mixes in time: real senders' packets over UDP, timed null output, every peer with losses of its own.

One process sends all streams, each from a socket of its own at its own pace and with its own clock, as musicians elsewhere
do; the daemon is asked at the end what it did.
"""

import argparse
import json
import multiprocessing
import socket
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile as sf
from daemon_cost import daemon
from machine import described, progress

from plcd.core.loss import parse_loss
from plcd.io.control_client import ControlClient
from plcd.wire.rtp import build

RATE, CHANNELS, PACKET = 48_000, 2, 128
PAYLOAD_TYPE = 96
LOSS = "gilbert:0.02,0.98"
"""Of each packet by itself."""
LOSS_PERCENT = 2
MUSIC = Path(__file__).parent / "data" / "dev" / "mixed"
RESULTS = Path(__file__).parent / "PEERS.md"
PPM = 60.0
"""Where clocks differ, peers lie evenly between minus and plus so much of the machine's."""
SETTLE_S = 5.0
"""From the first packet to the beginning of what is reckoned: all peers play, and their fits are cached."""
BLOCK_S = 5.0


def payloads(number: int) -> list[bytes]:
    """A few seconds of music in packets, for the peer ``number``: stereo, big endian, no loud sum."""
    files = sorted(MUSIC.glob("*.flac"))
    music = sf.read(files[number % len(files)], dtype="float32", always_2d=True)[0][:, 0]
    music = np.roll(music, 7919 * number)[: round(BLOCK_S * RATE) // PACKET * PACKET]
    stereo = np.stack((music, np.roll(music, 241)), axis=1) * 0.3
    coded = np.rint(stereo * 32767).astype(">i2")
    return [coded[start : start + PACKET].tobytes() for start in range(0, len(coded), PACKET)]


def send(to: tuple[str, int], peers: int, ppm: float, seconds: float) -> None:
    """Send ``peers`` streams for ``seconds``; their clocks differ by up to ``ppm``."""
    streams = [payloads(number) for number in range(peers)]
    lost = [parse_loss(LOSS).sample(100_000, np.random.default_rng(number)) for number in range(peers)]
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(peers)]
    skews = np.linspace(-ppm, ppm, peers) if peers > 1 else np.array([ppm])
    periods = [PACKET / RATE / (1 + 1e-6 * skew) for skew in skews]
    start = time.monotonic()
    due = [start + periods[number] * number / peers for number in range(peers)]
    counts = [0] * peers
    while True:
        now = time.monotonic()
        if now - start > seconds:
            break
        for number in range(peers):
            while due[number] <= now:
                count = counts[number]
                if count < 8 or not lost[number][count % lost[number].size]:
                    datagram = build(
                        streams[number][count % len(streams[number])],
                        payload_type=PAYLOAD_TYPE,
                        sequence=count & 0xFFFF,
                        timestamp=count * PACKET & 0xFFFFFFFF,
                        ssrc=number + 1,
                    )
                    socks[number].sendto(datagram, to)
                counts[number] = count + 1
                due[number] += periods[number]
        time.sleep(max(0.0, min(due) - time.monotonic()))
    for sock in socks:
        sock.close()


def measure(peers: int, ppm: float, depth: str, seconds: float) -> dict[str, Any]:
    """One daemon, mixing."""
    progress(f"{peers} peers, clocks within {ppm:g} ppm, depth {depth}, {seconds:g} s")
    flags = ["--mix", "--max-peers", str(peers), "--packet", str(PACKET), "--depth", depth]
    form = ["--rtp-map", f"{PAYLOAD_TYPE}=L16/{RATE}/{CHANNELS}"]
    with (
        daemon(model="none", flags=[*flags, *form]) as running,
        closing(ControlClient(running.control)) as control,
    ):
        host, _, port = running.address.rpartition(":")
        arguments = ((host, int(port)), peers, ppm, seconds + SETTLE_S + 2.0)
        sender = multiprocessing.get_context("spawn").Process(target=send, args=arguments)
        sender.start()
        try:
            while control.request("stats")["stats"]["mix"]["joined"] < peers:
                time.sleep(0.1)
            time.sleep(SETTLE_S)
            process = psutil.Process(running.process.pid)
            before, settled, began = (
                control.request("stats")["stats"],
                process.cpu_times(),
                time.perf_counter(),
            )
            time.sleep(seconds)
            after, spent, ended = control.request("stats")["stats"], process.cpu_times(), time.perf_counter()
            memory = process.memory_info().rss
        finally:
            sender.terminate()
            sender.join()
    lost = [peer["packets"]["lost"] / peer["packets"]["expected"] for peer in after["peers"]]
    worked = spent.user + spent.system - settled.user - settled.system

    def more(*path: str) -> int:
        one, two = before, after
        for name in path:
            one, two = one[name], two[name]
        return int(two) - int(one)

    return {
        "peers": len(after["peers"]),
        "ppm": ppm,
        "depth": depth,
        "seconds": seconds,
        "predictor": after["predictor"],
        "fallback": after["predictor_fallback"],
        "resampling": sum(peer["drift"]["resampling"] for peer in after["peers"]),
        "frames": more("frames", "played"),
        "concealed": more("timing_ms", "conceal", "count"),
        "lost_percent": round(100 * float(np.mean(lost)), 2),
        "ready": more("ahead", "ready"),
        "missing": more("ahead", "missing"),
        "missed": more("events", "missed_deadlines"),
        "underruns": more("events", "underruns"),
        "dropped": more("packets", "kernel_dropped") + more("packets", "queue_dropped"),
        "late": more("packets", "late"),
        "conceal_ms": [after["timing_ms"]["conceal"][name] for name in ("p50", "p99", "max")],
        "frame_ms": [after["timing_ms"]["frame"][name] for name in ("p50", "p99", "max")],
        "cores": round(worked / (ended - began), 2),
        "memory_mb": round(memory / 1e6),
    }


def markdown(rows: list[dict[str, Any]]) -> str:
    """The file."""
    lines = [
        "# How many peers are mixed in time",
        "",
        "Regenerated by `.venv/bin/python bench/peers.py --write`. `plcd --mix` with the timed null output; every peer is",
        f"stereo at 48 kHz in packets of {PACKET} (a frame lasts {1000 * PACKET / RATE:.2f} ms) over real UDP,",
        f"with {LOSS_PERCENT} % of its packets lost at random. The predictor is what the adaptive rule picks for so many peers,",
        "and the one that steps in where fits were not made ahead. A deadline is missed when making a frame with a hole takes",
        "longer than it lasts; max is over the daemon's whole life, p50 and p99 over its newest frames.",
        "",
        f"Machine: {described()}.",
        "",
        "| peers | clocks within | resampled | depth | s | predictor, else | frames | with holes | lost | fits ready / missing | "
        "missed deadlines | underruns | frame with holes p50 / p99 / max, ms | any frame, ms | cores | MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        conceal, frame = (
            " / ".join(f"{value:.2f}" for value in row[name]) for name in ("conceal_ms", "frame_ms")
        )
        lines.append(
            f"| {row['peers']} | {row['ppm']:g} ppm | {row['resampling']} | {row['depth']} | {row['seconds']:g} | "
            f"{row['predictor']}, {row['fallback']} | {row['frames']} | {row['concealed']} | {row['lost_percent']} % | "
            f"{row['ready']} / {row['missing']} | {row['missed']} | {row['underruns']} | {conceal} | {frame} | "
            f"{row['cores']} | {row['memory_mb']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what the flags say."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--peers", type=int, action="append", help="may be said several times [8]")
    parser.add_argument("--ppm", type=float, action="append", help="may be said several times [0 and 60]")
    parser.add_argument("--depth", default="10ms", help="[10ms]")
    parser.add_argument("--seconds", type=float, default=60, help="of each setting [60]")
    parser.add_argument("--write", action="store_true", help="rewrite bench/PEERS.md")
    args = parser.parse_args()
    rows = []
    for peers in args.peers or [8]:
        for ppm in args.ppm or [0.0, PPM]:
            rows.append(measure(peers, ppm, args.depth, args.seconds))
            print(json.dumps(rows[-1]), flush=True)
    if args.write:
        RESULTS.write_text(markdown(rows), encoding="utf-8")
    sys.exit(any(row["missed"] for row in rows))


if __name__ == "__main__":
    main()

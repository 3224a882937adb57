"""The way of short packets: from the kernel's stamp on a datagram to the write into the device's buffer, over real UDP.

Packets of 128 samples at 48 kHz, a fixed depth of one packet, no resampling. Every sample of packet k has the value k, so what is
written tells which datagram it came in.
"""

import argparse
import asyncio
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import soundfile as sf
from machine import described, progress

from plcd.core.depth import Depth
from plcd.core.engine_config import EngineConfig
from plcd.core.frame import Origin, PlayedFrame
from plcd.core.packet import AudioPacket, StreamFormat
from plcd.io.daemon import Daemon, DaemonConfig
from plcd.io.outputs.base import Output, OutputStatus
from plcd.io.outputs.open import make_output, parse_output, warm_output

RATE, PACKET = 48_000, 128
NUMBERS = 30_000
"""Packets until the values begin anew."""
PERIOD_MS = 1000 * PACKET / RATE
PAGE = Path(__file__).parent / "SHORT_PACKETS.md"
SERVER = "plcd-bench"
"""Name of the JACK server."""


class Watched:
    """An output that notes when each packet is written; the rest is the output's own."""

    def __init__(self, output: Output, stamps: dict[int, int]) -> None:
        self._output = output
        self._stamps = stamps
        self.took_ns: list[int] = []

    def start(self, first_ns: int) -> None:
        self._output.start(first_ns)

    def wait(self) -> int:
        return self._output.wait()

    def write(self, frame: PlayedFrame) -> None:
        self._output.write(frame)
        written_ns = time.monotonic_ns()
        if frame.origin is Origin.RECEIVED:
            stamp_ns = self._stamps.pop(round(float(frame.audio[0, 0]) * 32768), None)
            if stamp_ns is not None:
                self.took_ns.append(written_ns - stamp_ns)

    def status(self) -> OutputStatus:
        return self._output.status()

    def close(self) -> None:
        self._output.close()


async def measure(output: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Milliseconds from stamp to write, and what the daemon counted, for ``--output output``."""
    stamps: dict[int, int] = {}
    watched: list[Watched] = []
    spec = parse_output(output)

    def make(rate: int, channels: int) -> Output:
        watched.append(Watched(make_output(spec, rate, channels, PACKET), stamps))
        return watched[0]

    engine = EngineConfig(PACKET, Depth(ms=None, packets=1), RATE, 1, drift="off")
    daemon = Daemon(
        DaemonConfig(
            "127.0.0.1",
            0,
            make,
            lambda: warm_output(spec),
            engine,
            {96: StreamFormat("L16", RATE, 1)},
            control_by_port=False,
        )
    )
    insert = daemon._thread.engine.insert

    def noted(packet: AudioPacket, arrival_ns: int) -> None:
        stamps[round(float(packet.samples[0, 0]) * 32768)] = arrival_ns
        insert(packet, arrival_ns)

    daemon._thread.engine.insert = noted  # type: ignore[method-assign]
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(daemon.run(ready.set_result))
    address = await ready
    music = folder / "numbers.wav"
    numbers = np.repeat(np.arange(NUMBERS, dtype=np.int16), PACKET)
    sf.write(music, numbers, RATE, subtype="PCM_16")
    command = [sys.executable, "-m", "plcd", "send", str(music), "--to", address, "--packet", str(PACKET)]
    sender = subprocess.Popen([*command, "--loop", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await asyncio.sleep(3 + seconds)
    finally:
        sender.terminate()
        sender.wait(30)
    stats: Any = daemon._thread.take_snapshot()
    daemon.stop()
    await running
    took = np.array(watched[0].took_ns[RATE // PACKET :]) / 1e6
    return {
        "output": output,
        "packets": int(took.size),
        "ms": [round(float(np.quantile(took, level)), 2) for level in (0.5, 0.99, 1.0)],
        "late": stats["packets"]["late"],
        "lost": stats["packets"]["lost"],
        "underruns": stats["events"]["underruns"],
        "behind_ms": round(stats["buffer"]["ring_ms"] + stats["buffer"]["device_ms"], 2),
    }


def start_jack() -> bool:
    """Have a JACK server on its dummy device until this process ends; False where there is no jackd.

    Before PortAudio is loaded, which at the end of the process must find the server still there.
    """
    if shutil.which("jackd") is None:
        return False
    os.environ["JACK_DEFAULT_SERVER"] = SERVER
    realtime = "-R" if os.geteuid() == 0 else "-r"  # as musicians run it, where this user may
    command = f"jackd {realtime} -n {SERVER} -d dummy -r {RATE} -p {PACKET} -C 2 -P 2"
    server = subprocess.Popen(command.split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(server.terminate)
    time.sleep(3)
    return True


def page(rows: list[dict[str, Any]]) -> str:
    """bench/SHORT_PACKETS.md."""
    lines = [
        "# The way of short packets",
        "",
        "Regenerated by `.venv/bin/python bench/short_packets.py --write`: packets of 128 at 48 kHz over UDP, a depth of one",
        f"packet, no resampling. From the kernel's stamp to the write into the device's buffer; a period is {PERIOD_MS:.2f} ms,",
        "to reach: p99 at most two. Behind it: what the ring and the device add, as they report.",
        "",
        f"Machine: {described()}.",
        "",
        "| output | packets | p50 / p99 / max, ms | p99 in periods | | late | lost | underruns | behind it, ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        periods = row["ms"][1] / PERIOD_MS
        times = " / ".join(f"{value:.2f}" for value in row["ms"])
        lines.append(
            f"| {row['output']} | {row['packets']} | {times} | {periods:.2f} | {'reached' if periods <= 2 else 'missed'} | "
            f"{row['late']} | {row['lost']} | {row['underruns']} | {row['behind_ms']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure with the timer and, where there is a jackd, with a real device."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=60, help="of each output [60]")
    parser.add_argument("--write", action="store_true", help=f"rewrite bench/{PAGE.name}")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="plcd-bench-") as folder:
        for output in ("null", "system"):
            if output == "system" and not start_jack():
                progress("no jackd on this machine: the device is left out")
                continue
            progress(f"--output {output}, {args.seconds:g} s")
            rows.append(asyncio.run(measure(output, args.seconds, Path(folder))))
    if args.write:
        PAGE.write_text(page(rows), encoding="utf-8")
    print(json.dumps(rows, indent=2) if args.json else page(rows))


if __name__ == "__main__":
    main()

"""A running ``plcd --listen`` of its own for a test, something to send to it, and what it played."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.io.control_client import ControlClient
from plcd.io.control_endpoint import parse_endpoint
from plcd.io.sender import Sender, SendOptions
from plcd.wire.rtp import build

PLCD = (sys.executable, "-m", "plcd")
QUICK = ("--predictor", "burg:32/256")
"""A predictor that costs nothing, where the test is not about concealment."""
PATIENT = ("--depth", "300ms")
"""A depth that forgives a busy machine, where the test is not about the depth."""
MONO = StreamFormat("L16", 44100, 1)
RATE = 44100
PATIENCE_S = 30.0

Stats = dict[str, Any]


class Running:
    """One daemon process. ``log`` grows with what it says on stderr."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.process = process
        self.log: list[str] = []
        self.address = ("", 0)
        self.folder = folder
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(PATIENCE_S) or not self.address[1]:
            process.kill()
            raise AssertionError("no ready line, but:\n" + "\n".join(self.log))
        endpoint = parse_endpoint(f"ipc://{folder}/c")
        assert endpoint is not None
        self.client = ControlClient(endpoint)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))
            match = re.fullmatch(r"plcd: ready (?:\[(.+)\]|([^\[\]:]+)):(\d+)\n", line)
            if match:
                self.address = (match[1] or match[2], int(match[3]))
                self._ready.set()
        self._ready.set()

    @property
    def text(self) -> str:
        """All of stderr so far."""
        return "\n".join(self.log)

    def stats(self) -> Stats:
        """The newest snapshot."""
        stats = self.client.request("stats")["stats"]
        assert isinstance(stats, dict)
        return stats

    def wait_for(self, true: Callable[[Stats], bool]) -> Stats:
        """The first snapshot of which ``true`` holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not true(stats := self.stats()):
            assert time.monotonic() < deadline, f"still waiting with {stats}\n{self.text}"
            time.sleep(0.05)
        return stats

    def wait_idle(self) -> Stats:
        """Until a stream has played and fallen silent."""
        return self.wait_for(lambda stats: stats["state"] == "idle" and stats["frames"]["played"] > 0)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def finish(self) -> str:
        """End it as a user would; it must have been well behaved throughout. All that it said."""
        assert self.stop() == 0, self.text
        assert "Traceback" not in self.text
        return self.text


@contextlib.contextmanager
def running(*flags: str, listen: str = "127.0.0.1:0", **popen: Any) -> Iterator[Running]:
    """A daemon with ``flags``, controlled over a socket of its own; killed at the end if it still runs.

    Unless they say otherwise the predictor plays alone: what it plays does not depend on how busy the machine is.
    """
    alone = () if "--model" in flags else ("--model", "none")
    with tempfile.TemporaryDirectory(prefix="plcd-test-") as name:
        command = (*PLCD, "--listen", listen, "--control", f"ipc://{name}/c", *alone, *flags)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **popen)
        daemon = None
        try:
            daemon = Running(process, Path(name))
            yield daemon
        finally:
            if daemon is not None:
                daemon.client.close()
            if process.poll() is None:
                process.kill()
            process.wait()


def music(seconds: float, channels: int = 1, rate: int = RATE) -> Samples:
    """Three gliding tones and a little noise on the grid of 16 bits; every channel its own, never digital silence."""
    rng = np.random.default_rng(1)
    t = np.arange(round(seconds * rate)) / rate
    columns = []
    for channel in range(channels):
        phases = [2 * np.pi * (f * t + 9 * t * t) for f in (220.0 + 40 * channel, 331.0, 498.5)]
        columns.append(sum(np.sin(phase) for phase in phases) * 0.2 + 0.003 * rng.standard_normal(t.size))
    whole = np.rint(np.stack(columns, axis=1) * 32768)
    whole[whole == 0] = 1
    return (whole / 32768).astype(np.float32)


def write_float(path: Path, audio: Samples, rate: int = RATE) -> None:
    """``audio`` as a float32 WAV file, which ``plcd conceal`` answers with another, unrounded."""
    soundfile.write(path, audio, rate, subtype="FLOAT")


def played(path: Path) -> Samples:
    """The whole file, ``(n, channels)``."""
    audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(audio, dtype=np.float32)


def send(audio: Samples, to: tuple[str, int], stream: StreamFormat = MONO, **options: Any) -> Any:
    """Stream ``audio`` in real time; the sender's report."""
    return Sender(audio, stream, to, SendOptions(**options)).run()


@contextlib.contextmanager
def streaming(
    audio: Samples, to: tuple[str, int], stream: StreamFormat = MONO, **options: Any
) -> Iterator[Sender]:
    """Stream ``audio`` meanwhile, from a thread."""
    sender = Sender(audio, stream, to, SendOptions(**options))
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        yield sender
    finally:
        sender.stop()
        thread.join()


class Source:
    """RTP packets by hand: each ``send`` is one datagram from one socket, as fast as they are asked for."""

    def __init__(
        self, to: tuple[str, int], ssrc: int = 1, sequence: int = 100, timestamp: int = 5000
    ) -> None:
        family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect(to)
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp

    def send(self, samples: Samples, payload_type: int = 11) -> None:
        """The next packet of the stream."""
        payload = np.rint(samples * 32768).astype(">i2").tobytes()
        self.raw(
            build(
                payload,
                payload_type=payload_type,
                sequence=self.sequence,
                timestamp=self.timestamp,
                ssrc=self.ssrc,
            )
        )
        self.sequence += 1
        self.timestamp += len(samples)

    def stream(self, audio: Samples, packet: int = 512, payload_type: int = 11) -> None:
        """All of ``audio`` in real time."""
        start = time.monotonic()
        for first in range(0, len(audio), packet):
            time.sleep(max(0.0, start + first / RATE - time.monotonic()))
            self.send(audio[first : first + packet], payload_type)

    def raw(self, datagram: bytes) -> None:
        """These bytes."""
        self.socket.send(datagram)

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def assert_adds_up(stats: Stats) -> None:
    """The counters' contracts hold."""
    packets, frames = stats["packets"], stats["frames"]
    assert packets["expected"] == sum(packets[name] for name in ("on_time", "late", "lost", "recovered"))
    assert packets["recovered"] == packets["recovered_by_copy"] + packets["recovered_by_parity"]
    assert packets["received"] == packets["on_time"] + packets["late"] + packets["duplicate"]
    assert sum(frames["by_origin"].values()) == frames["played"]

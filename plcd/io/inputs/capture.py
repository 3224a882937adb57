"""A running capture process: its blocks as they come, and why it ended."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from plcd.core.frame import Samples
from plcd.io.inputs.base import Pace
from plcd.io.inputs.capture_process import COUNT, FAILED
from plcd.io.priority import raise_priority

FIRST_S = 20.0
"""How long the first block may take: 0.2 s for the process, 1.7 s for a sound server (PulseAudio, measured), and ten times that
on a machine that has no time. Nobody waits for it: silence is sent."""
NEXT_S = 1.0
"""The same for every other."""
END_S = 2.0
"""How long the process may take to end."""


def look(device: str | int | None) -> str | None:
    """Why there is no such input device now, or None."""
    try:
        said = subprocess.run(
            _command({"device": device, "look": True}),
            stdin=subprocess.PIPE,
            capture_output=True,
            timeout=FIRST_S,
            check=False,
        )
        error: str | None = json.loads(said.stdout).get("error")
        return error
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None  # opening it will show


def _command(wanted: dict[str, Any]) -> list[str]:
    return [sys.executable, "-P", str(Path(__file__).with_name("capture_process.py")), json.dumps(wanted)]


class Capture:
    """Begins at once. ``take(block, rate)`` is called on a thread of its own with each block."""

    def __init__(self, device: str | int | None, pace: Pace, take: Callable[[Samples, int], None]) -> None:
        self.name: str | None = None
        """The device's full name, once it is open."""
        self.overflows = 0
        """Stretches that were lost because nobody was in time to fetch them."""
        self.flowing = False
        """Blocks come."""
        self._take = take
        self._seen = time.monotonic()
        self._trouble: str | None = None
        self._process = subprocess.Popen(
            _command({"device": device, **pace._asdict()}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._thread = threading.Thread(target=self._read, name="plcd-capture", daemon=True)
        self._thread.start()

    def trouble(self) -> str | None:
        """Why it is of no use any more, or None."""
        if self._trouble is None and time.monotonic() - self._seen > (NEXT_S if self.flowing else FIRST_S):
            return "it gives no more samples" if self.flowing else "it gives no samples"
        return self._trouble

    def close(self) -> None:
        """End it; no block comes after this."""
        self._take = lambda block, rate: None
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a driver may hold on to it
            self._process.wait(END_S)
        self._thread.join(END_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        try:
            self._trouble = self._follow()
        except (OSError, ValueError) as error:
            self._trouble = str(error)
        self.flowing = False

    def _follow(self) -> str:
        """Until it ends; why."""
        form = self._line()
        if "error" in form:
            return str(form["error"])
        self.name = str(form["name"])
        rate, channels = int(form["rate"]), int(form["channels"])
        size = int(form["samples"]) * channels * 4
        raise_priority(quiet=True)
        while True:
            (count,) = COUNT.unpack(self._exactly(COUNT.size))
            if count == FAILED:
                return str(self._line().get("error"))
            block = np.frombuffer(self._exactly(size), np.float32).reshape(-1, channels)
            self.overflows = count
            self._seen = time.monotonic()
            self.flowing = True
            # A device may give what is no number; nothing else is changed.
            self._take(
                block if np.isfinite(block).all() else np.nan_to_num(block, posinf=0.0, neginf=0.0), rate
            )

    def _line(self) -> dict[str, Any]:
        text = bytearray()
        while not text.endswith(b"\n"):
            text += self._exactly(1)
        line: dict[str, Any] = json.loads(text)
        return line

    def _exactly(self, size: int) -> bytes:
        assert self._process.stdout is not None
        parts = []
        while size:
            part = os.read(self._process.stdout.fileno(), size)
            if not part:
                raise ValueError("its capture ended")
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

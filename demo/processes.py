"""The demo's two processes: a listening plcd, and a plcd that sends."""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from plcd.cli.address import parse_address
from plcd.io.control_client import ControlClient
from plcd.io.control_endpoint import default_endpoint
from plcd.io.control_errors import ControlError, ControlUnavailableError

PLCD = (sys.executable, "-m", "plcd")

READY = "plcd: ready "

START_TIMEOUT_S = 60.0
"""Compiling the kernels for the first time takes 20 s on a slow machine."""

STOP_TIMEOUT_S = 10.0


class DemoError(Exception):
    """The demo failed. The message says how."""


class Daemon:
    """``plcd --listen`` on a free port of this machine. A context manager: it never outlives the block."""

    def __init__(self, *flags: str) -> None:
        self.address = ""
        self.log: list[str] = []
        """Its lines on stderr so far."""
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            [*PLCD, "--listen", "127.0.0.1:0", *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_ready(self) -> None:
        """Return once it receives packets; ``address`` is then known. Raises DemoError."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                raise DemoError(f"plcd was not ready within {START_TIMEOUT_S:.0f} s") from None
            if line is None:
                raise DemoError(f"plcd did not start: {self._last_words()}")
            if line.startswith(READY):
                self.address = line.removeprefix(READY).strip()
                self._control = ControlClient(default_endpoint(parse_address(self.address)[1]))
                return

    def stats(self) -> dict[str, Any]:
        """Its counters. Raises DemoError when it does not answer."""
        try:
            reply: dict[str, Any] = self._control.request("stats")["stats"]
        except (ControlError, ControlUnavailableError) as error:
            raise DemoError(f"{error}: {self._last_words()}") from None
        return reply

    def stats_when(self, enough: Callable[[dict[str, Any]], bool], timeout_s: float) -> dict[str, Any]:
        """The first counters that are ``enough``, or after ``timeout_s`` the newest."""
        deadline = time.monotonic() + timeout_s
        while True:
            stats = self.stats()
            if enough(stats) or time.monotonic() > deadline:
                return stats
            time.sleep(0.02)

    def stop(self) -> None:
        """Have it write everything out and end. Raises DemoError when it does not, or not with success."""
        try:
            self._control.request("shutdown")
            code = self._process.wait(STOP_TIMEOUT_S)
        except (ControlError, ControlUnavailableError, subprocess.TimeoutExpired) as error:
            raise DemoError(f"plcd did not stop: {error}") from None
        if code:
            raise DemoError(f"plcd ended with exit code {code}: {self._last_words()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(3)
            self._process.kill()
        self._process.wait()
        self._reader.join(2)
        if self.address:
            self._control.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self.log.append(line.rstrip())
                self._lines.put(line)
        self._lines.put(None)

    def _last_words(self) -> str:
        self._reader.join(1)
        return self.log[-1].removeprefix("plcd: ") if self.log else "it said nothing"


def send(music: Path, address: str, timeout_s: float, *flags: str) -> None:
    """Stream ``music`` to ``address`` to its end. Raises DemoError."""
    try:
        done = subprocess.run(
            [*PLCD, "send", str(music), "--to", address, *flags],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DemoError(f"plcd send was not done after {timeout_s:.0f} s") from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise DemoError(f"plcd send ended with exit code {done.returncode}: {words[-1]}")

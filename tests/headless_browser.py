"""A real headless Chromium for tests, driven through the DevTools protocol over a pair of pipes."""

import contextlib
import fcntl
import functools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from apt_packages import provide

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ANSWER_S = 30.0
OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",  # as root there is none
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # in containers that is small
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
PIPES = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads descriptor 3 and writes to 4."""


class NoBrowserError(Exception):
    """There can be no browser here; says why."""


class PageError(AssertionError):
    """A script in the page threw, or the browser refused a command."""


@functools.cache
def find_browser() -> str:
    """Its path; installed where root and apt-get are there. Raises NoBrowserError."""
    if sys.platform == "win32":
        raise NoBrowserError("no browser to test with: Chromium's pipes need descriptors 3 and 4")
    trouble = provide(lambda: _found() is not None, ("chromium",), "headless browser")
    program = _found()
    if program is None:
        raise NoBrowserError(trouble)
    return program


def _found() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One process, and the commands and events that go to and fro."""

    def __init__(self, program: str, folder: Path) -> None:
        """Its profile and what it prints go below ``folder``."""
        (theirs_in, self._out), (self._in, theirs_out) = os.pipe(), os.pipe()
        # Out of the way of 3 and 4.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]
        command = [sys.executable, "-c", PIPES, *map(str, high), program, *OPTIONS]
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, f"--user-data-dir={folder / 'profile'}"], pass_fds=high, stdout=log, stderr=log
            )
        for end in (theirs_in, theirs_out, *high):
            os.close(end)
        self._buffer = b""
        self._last_id = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str = "", **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come meanwhile are kept."""
        self._last_id += 1
        message: dict[str, object] = {"id": self._last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        deadline = time.monotonic() + ANSWER_S
        while True:
            answer = self._read(deadline)
            if answer.get("id") == self._last_id:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait(self, method: str, session: str) -> dict[str, Any]:
        """The next event of this name, taken out of those kept."""
        deadline = time.monotonic() + ANSWER_S
        while True:
            for i, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId", "") == session:
                    return self.events.pop(i)
            self.events.append(self._read(deadline))

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            if not data:
                raise PageError(f"the browser {'ended' if ready else 'did not answer'}")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(PageError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

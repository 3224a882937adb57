"""A real headless Chromium for tests, driven through the DevTools protocol over a pair of pipes."""

import base64
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
from collections.abc import Iterator
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


class UnavailableError(Exception):
    """There can be no browser here; says why."""


class PageError(AssertionError):
    """A script in the page threw, or the browser refused a command."""


@functools.cache
def find_browser() -> str:
    """Its path; installed where root and apt-get are there. Raises UnavailableError."""
    if sys.platform == "win32":
        raise UnavailableError("no browser to test with: Chromium's pipes need descriptors 3 and 4")
    trouble = provide(lambda: _found() is not None, ("chromium",), "headless browser")
    program = _found()
    if program is None:
        raise UnavailableError(trouble)
    return program


def _found() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """One process; each tab has a storage of its own."""

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

    @contextlib.contextmanager
    def tab(
        self, width: int = 1280, height: int = 900, before: str = "", downloads: Path | None = None
    ) -> "Iterator[Tab]":
        """An empty tab without history; the script ``before`` runs before each page's own."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        if downloads is not None:
            self.call(
                "Browser.setDownloadBehavior",
                behavior="allow",
                downloadPath=str(downloads),
                browserContextId=context,
                eventsEnabled=True,
            )
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.call(f"{domain}.enable")
        tab.resize(width, height)
        if before:
            tab.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        try:
            yield tab
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)
            self.events.clear()

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


class Tab:
    """A page, used as a person would: with a mouse and keys."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self._session = session

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        return self.browser.call(method, self._session, **parameters)

    def open(self, address: str) -> None:
        """Go there and wait until it is loaded."""
        self.call("Page.navigate", url=address)
        self.browser.wait("Page.loadEventFired", self._session)

    def reload(self) -> None:
        self.call("Page.reload")
        self.browser.wait("Page.loadEventFired", self._session)

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def evaluate(self, expression: str) -> Any:
        """A script's value, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def until(self, condition: str, timeout_s: float = 10.0) -> None:
        """Wait until this is true."""
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise PageError(f"never came true: {condition}")
            time.sleep(0.02)

    def click(self, selector: str, x: float = 0.5, y: float = 0.5, to_x: float | None = None) -> None:
        """Press the mouse at this share of an element's width and height, move it to ``to_x``, and release it."""
        box = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{ block: 'center' }});"
            " const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })()"
        )
        left, top, width, height = box
        here = {"x": left + x * width, "y": top + y * height}
        there = here if to_x is None else {**here, "x": left + to_x * width}
        button = {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", **here)
        self.call("Input.dispatchMouseEvent", type="mousePressed", **here, **button)
        if to_x is not None:
            self.call("Input.dispatchMouseEvent", type="mouseMoved", **there, button="left", buttons=1)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", **there, **button)

    def key(self, key: str) -> None:
        """Press and release one key, by its name or character."""
        codes = {
            " ": 32,
            "Enter": 13,
            "Escape": 27,
            "ArrowLeft": 37,
            "ArrowRight": 39,
            "Home": 36,
            "End": 35,
            "Tab": 9,
        }
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = codes.get(key, ord(key.upper()) if len(key) == 1 else 0)
        pressed = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **pressed, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def complaints(self) -> list[str]:
        """Errors and warnings since the tab was opened, of the page's scripts and of the browser about the page."""
        self.evaluate("0")  # events before it have come then
        found = []
        for event in self._own_events():
            method, details = event["method"], event["params"]
            if method == "Runtime.exceptionThrown":
                found.append(str(details["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning", "assert"):
                found.append(str(details["args"]))
            elif method == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
                found.append(str(details["entry"]["text"]))
        return found

    def requests(self) -> list[str]:
        """The address of everything that was asked for since the tab was opened."""
        self.evaluate("0")
        return [
            event["params"]["request"]["url"]
            for event in self._own_events()
            if event["method"] == "Network.requestWillBeSent"
        ]

    def screenshot(self, path: Path, full: bool = True) -> None:
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"]
        path.write_bytes(base64.b64decode(data))

    def _own_events(self) -> list[dict[str, Any]]:
        return [event for event in self.browser.events if event.get("sessionId") == self._session]

"""A tab of a headless browser, for tests."""

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headless_browser import Browser, PageError


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


@contextlib.contextmanager
def open_tab(
    browser: Browser, width: int = 1280, height: int = 900, before: str = "", downloads: Path | None = None
) -> Iterator[Tab]:
    """An empty tab with a storage of its own; the script ``before`` runs before each page's own."""
    context = browser.call("Target.createBrowserContext")["browserContextId"]
    if downloads is not None:
        browser.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(downloads),
            browserContextId=context,
            eventsEnabled=True,
        )
    target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    tab = Tab(browser, session)
    for domain in ("Page", "Runtime", "Network", "Log"):
        tab.call(f"{domain}.enable")
    tab.resize(width, height)
    if before:
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=before)
    try:
        yield tab
    finally:
        browser.call("Target.disposeBrowserContext", browserContextId=context)
        browser.events.clear()

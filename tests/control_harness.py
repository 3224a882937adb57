"""A control server on its own event loop thread, for tests that talk to it through real sockets."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plcd.io.control import ControlServer
from plcd.io.control_endpoint import ControlEndpoint
from plcd.io.control_errors import ControlError


class Station:
    """Stands where the daemon stands: keeps what it was asked, and answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.snapshots = 0
        self.state: dict[str, object] = {"state": "playing", "uptime_s": 1.5}

    def snapshot(self) -> dict[str, object]:
        self.snapshots += 1
        return dict(self.state)

    async def command(self, name: str, arguments: dict[str, object]) -> dict[str, object]:
        self.asked.append((name, arguments))
        if arguments.get("depth") == "-1":
            raise ControlError("the depth must be 1 to 2000 ms")
        if arguments.get("depth") == "break":
            raise RuntimeError("not meant to happen")
        if arguments.get("depth") == "hang":
            await asyncio.sleep(60)
        if arguments.get("depth") == "stubborn":
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise ControlError("the daemon is stopping") from None
        return {"depth_ms": 40.0} if name == "set_depth" else {}


@contextmanager
def serving(endpoint: ControlEndpoint, station: Station, keys: Path | None = None) -> Iterator[ControlServer]:
    """A server that is open inside the block. What its opening raises is raised here."""
    server = ControlServer(endpoint, station, keys)
    loop = _new_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.open(), loop).result(10)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.SelectorEventLoop()
    import uvloop

    return uvloop.new_event_loop()

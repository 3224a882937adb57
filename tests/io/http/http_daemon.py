"""What the HTTP port needs of a daemon, for tests: real snapshots of an engine that has heard nothing yet."""

import contextlib
from collections.abc import AsyncIterator

import aiohttp

from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.io.engine_thread import EngineThread
from plcd.io.http.server import HttpServer
from plcd.io.outputs.timer import TimerOutput
from plcd.wire.formats import Formats


def make_thread() -> EngineThread:
    """One that was not started."""
    engine = Engine(EngineConfig(), lambda level, message: None)
    return EngineThread(
        engine, Formats({}, "auto"), lambda rate, _: TimerOutput(rate, 512), lambda error: None
    )


@contextlib.asynccontextmanager
async def serving(
    thread: EngineThread, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[HttpServer, aiohttp.ClientSession]]:
    """A server of ``thread``'s snapshots on a port of its own, and a client of it."""
    server = HttpServer(host, 0, lambda: thread.snapshot, thread.tap)
    await server.open()
    try:
        async with aiohttp.ClientSession(server.address) as client:
            yield server, client
    finally:
        await server.close()

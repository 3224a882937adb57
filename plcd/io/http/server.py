"""The HTTP port: routes, headers and limits, on the daemon's event loop.

Everything is made from the newest snapshot, which the engine's thread publishes whether anybody looks or not. Sound alone comes
from that thread, through a :class:`plcd.io.tap.Tap`, and only while a page is open or somebody listens in.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from plcd.io.http.address import bracketed
from plcd.io.http.connections import Connections
from plcd.io.http.feeds import Feeds
from plcd.io.http.guard import Guard
from plcd.io.http.metrics import Metrics, Own
from plcd.io.tap import Tap

log = logging.getLogger("plcd.http")

PAGE = Path(__file__).parent / "page"
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/charts.js": ("charts.js", "text/javascript"),
    "/listen.js": ("listen.js", "text/javascript"),
    "/player.js": ("player.js", "text/javascript"),
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws://{host}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "plcd",
}

LINE_BYTES = 2048
HEADER_BYTES = 4096
"""Longest request line and header that are read."""

BACKLOG = 16
"""Connections that may wait to be taken."""


class HttpServer:
    """Serves one daemon. Lives on the event loop that opens it."""

    def __init__(self, host: str, port: int, snapshot: Callable[[], dict[str, object]], tap: Tap) -> None:
        """``host``: a loopback address; ``port`` 0: one the system chooses."""
        self._host = host
        self._port = port
        self._snapshot = snapshot
        self._refused = 0
        self._guard: Guard | None = None
        self._connections = Connections()
        self._feeds = Feeds(snapshot, tap, self._connections)
        self._metrics = Metrics(snapshot, self._own)
        self._files = {path: ((PAGE / name).read_bytes(), kind) for path, (name, kind) in FILES.items()}
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=_requests_log(),
            handle_signals=False,
            shutdown_timeout=1.0,
            lingering_time=0.0,
            max_line_size=LINE_BYTES,
            max_field_size=HEADER_BYTES,
        )
        self._listener: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{bracketed(self._host)}:{self._port}/"

    async def open(self) -> None:
        """Bind and serve. Raises OSError."""
        await self._runner.setup()
        self._connections.server = self._runner.server
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connections, self._host, self._port, backlog=BACKLOG)
        self._port = self._listener.sockets[0].getsockname()[1]
        self._guard = Guard(self._host, self._port)
        for job in (self._connections.sweep, self._feeds.report, self._feeds.pump):
            self._tasks.append(asyncio.create_task(job(), name=f"http {job.__name__}"))
        log.info("http: page and metrics at %s", self.address)

    async def close(self) -> None:
        """Stop serving. Harmless when repeated, or when ``open`` failed."""
        if self._listener is not None:
            self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        async def send_away(_: web.Application) -> None:
            await self._feeds.close()

        app = web.Application(middlewares=[self._check])
        app.on_response_prepare.append(self._dress)
        app.on_shutdown.append(send_away)
        app.add_routes([web.get(path, self._file) for path in FILES])
        app.add_routes([web.get("/metrics", self._exposition), web.get("/api/stats", self._stats)])
        app.add_routes([web.get("/live", self._feeds.live, allow_head=False)])
        app.add_routes([web.get("/listen", self._feeds.listen, allow_head=False)])
        return app

    @web.middleware
    async def _check(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        assert self._guard is not None
        headers = request.headers
        refusal = self._guard.refusal(headers.getall("Host", []), headers.getall("Origin", []))
        if refusal is not None:
            self._refused += 1
            return web.Response(status=403, text=f"{refusal}\n")
        return await handler(request)

    async def _file(self, request: web.Request) -> web.Response:
        body, kind = self._files[request.path]
        return web.Response(body=body, content_type=kind, charset="utf-8")

    async def _exposition(self, request: web.Request) -> web.Response:
        body, kind = self._metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": kind})

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self._snapshot())

    def _own(self) -> Own:
        return Own(len(self._feeds.listeners), len(self._feeds.watchers), self._refused)

    async def _dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """What every answer bears. Connections are for one request each: no answer to one may be taken for another's."""
        assert self._guard is not None
        known = self._guard.refusal([request.host], []) is None
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = POLICY.format(
            host=request.host if known else "localhost"
        )
        if not isinstance(response, web.WebSocketResponse):
            response.force_close()


def _requests_log() -> logging.Logger:
    """For failures of ours; requests that cannot be read are answered, and worth no line."""

    def is_ours(record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))

    logger = logging.getLogger("plcd.http.requests")
    logger.filters = [is_ours]
    return logger

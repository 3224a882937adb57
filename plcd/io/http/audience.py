"""Those who follow one feed over WebSockets: a few, each with a queue of its own that never grows."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, web

from plcd.io.http.connections import Connections

log = logging.getLogger("plcd.http")

HEARTBEAT_S = 20.0
"""How often a silent peer is asked whether it is still there."""

SEND_S = 5.0
"""How long a peer may refuse to read before it is left."""

CLOSE_S = 2.0


class Audience:
    """At most ``most`` at a time; each misses the oldest messages when it is ``queue`` of them behind.

    They are told things and have nothing to say: whoever sends a message is disconnected.
    """

    def __init__(
        self, most: int, queue: int, what: str, connections: Connections, changed: Callable[[], None]
    ) -> None:
        """``what`` they do, for the one who is turned away. ``changed`` is called when somebody came or left."""
        self.dropped = 0
        """Messages that somebody missed."""
        self._most = most
        self._queue = queue
        self._what = what
        self._connections = connections
        self._changed = changed
        self._seats: dict[web.WebSocketResponse, asyncio.Queue[str | bytes]] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def tell(self, message: str | bytes) -> None:
        """To everybody. Never waits."""
        for queue in self._seats.values():
            if queue.full():
                queue.get_nowait()
                self.dropped += 1
            queue.put_nowait(message)

    async def admit(self, request: web.Request, greeting: str | None = None) -> web.WebSocketResponse:
        """Serve one who asks for the feed until it ends. Raises HTTPException where there is no room, or no upgrade asked for."""
        if len(self._seats) >= self._most:
            raise web.HTTPServiceUnavailable(text=f"at most {self._most} may {self._what} at a time\n")
        socket = web.WebSocketResponse(
            timeout=CLOSE_S, heartbeat=HEARTBEAT_S, compress=False, max_msg_size=1024
        )
        queue: asyncio.Queue[str | bytes] = asyncio.Queue(self._queue)
        if greeting is not None:
            queue.put_nowait(greeting)
        self._seats[socket] = queue
        try:
            await socket.prepare(request)
            self._connections.spare(request.protocol)
            self._changed()
            writer = asyncio.create_task(_write(socket, queue, request), name="http feed")
            await socket.receive()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await socket.close()
        finally:
            del self._seats[socket]
            self._changed()
        return socket

    async def close(self) -> None:
        """Send everybody away."""
        await asyncio.gather(
            *(socket.close(code=WSCloseCode.GOING_AWAY) for socket in self._seats if socket.prepared),
            return_exceptions=True,
        )


async def _write(
    socket: web.WebSocketResponse, queue: "asyncio.Queue[str | bytes]", request: web.Request
) -> None:
    """Whatever is queued; gives up on a peer that is gone, or does not read."""
    with contextlib.suppress(ConnectionError):
        while True:
            message = await queue.get()
            send = socket.send_bytes if isinstance(message, bytes) else socket.send_str
            try:
                await asyncio.wait_for(send(message), SEND_S)  # type: ignore[arg-type]
            except TimeoutError:
                log.info("http: left a peer that did not read for %g s", SEND_S)
                break
    if request.transport is not None:
        request.transport.abort()

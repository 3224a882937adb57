"""Bounds on connections: how many there are, and how long one may take over its one request."""

import asyncio
from typing import cast

from aiohttp import web

CONNECTIONS = 32
"""At a time: eight pages with a feed and a listener each, a scraper or two, and room."""

REQUEST_S = 10.0
"""From a connection to its end, unless it became a WebSocket. Answers are made in milliseconds and read on this machine."""

SWEEP_S = 1.0


class Connections:
    """Makes the protocol of each connection to ``server``; closes what is too many or takes too long."""

    def __init__(self) -> None:
        self.server: web.Server | None = None
        """Set before the first connection."""
        self._since: dict[object, float] = {}
        self._spared: set[object] = set()

    def __call__(self) -> asyncio.BaseProtocol:
        """For ``loop.create_server``."""
        assert self.server is not None
        return self.server() if len(self.server.connections) < CONNECTIONS else _Refusal()

    def spare(self, protocol: object) -> None:
        """It became a WebSocket, which has limits of its own."""
        self._spared.add(protocol)

    async def sweep(self) -> None:
        """Close what has taken too long, again and again. Runs until it is cancelled."""
        assert self.server is not None
        loop = asyncio.get_running_loop()
        while True:
            now, current = loop.time(), self.server.connections
            self._since = {protocol: self._since.get(protocol, now) for protocol in current}
            self._spared.intersection_update(current)
            for protocol in current:
                late = protocol not in self._spared and now - self._since[protocol] >= REQUEST_S
                if late and protocol.transport is not None:
                    protocol.transport.abort()
            await asyncio.sleep(SWEEP_S)


class _Refusal(asyncio.Protocol):
    """Of a connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()

"""A JackTrip hub's door: clients ask over TCP which UDP port to send to, and are told plcd's own.

Nothing is sent over UDP on account of it: a client is answered when its audio comes, like any other peer.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from plcd.io.addresses import plain
from plcd.io.limited_log import LimitedLog
from plcd.wire.jacktrip_handshake import (
    AUTH_NOT_REQUIRED,
    NAME_BYTES,
    NUMBER_BYTES,
    answer,
    is_auth,
    name_of,
    number,
)

log = logging.getLogger("plcd.jacktrip")

MAX_CONNECTIONS = 16
TIMEOUT_S = 5.0
NAME_S = 0.5
"""Old clients send no name, and wait for the answer."""


class JackTripHub:
    """Answers with ``udp_port`` whoever asks from a host that is ``allowed``."""

    def __init__(self, udp_port: int, allowed: Callable[[str], bool] = lambda host: True) -> None:
        self.asked = 0
        """Clients that were told the port."""
        self.turned_away = 0
        """Connections not allowed, too many, too slow, or of something else."""
        self._udp_port = udp_port
        self._allowed = allowed
        self._open = 0
        self._limited = LimitedLog(log)
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen on ``host`` (empty: every interface) and ``port``. Raises OSError."""
        self._server = await asyncio.start_server(
            self._serve, host or None, port, limit=256, backlog=MAX_CONNECTIONS
        )

    async def close(self) -> None:
        """Listen no more; connections end within :data:`TIMEOUT_S`."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if not peer:  # gone already
            writer.transport.abort()
            return
        host = plain(peer[0])
        refusal = "" if self._allowed(host) else "it is not allowed here"
        if not refusal and self._open >= MAX_CONNECTIONS:
            refusal = f"{MAX_CONNECTIONS} connections are open already"
        if refusal:
            self._turn_away(host, refusal)
            writer.transport.abort()
            return
        self._open += 1
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._talk(reader, writer, host)
        except TimeoutError:
            self._turn_away(host, f"no request within {TIMEOUT_S:g} s")
        except (OSError, EOFError, ValueError) as error:
            self._turn_away(host, str(error) or "it hung up")
        finally:
            self._open -= 1
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        port = number(await reader.readexactly(NUMBER_BYTES))
        if is_auth(port):
            writer.write(AUTH_NOT_REQUIRED)
            port = number(await reader.readexactly(NUMBER_BYTES))
        if not 1 <= port <= 65535:
            raise ValueError(f"{port} is no UDP port")
        name = b""
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(NAME_S):
                name = await reader.readexactly(NAME_BYTES)
        writer.write(answer(self._udp_port))
        await writer.drain()
        self.asked += 1
        shown = name_of(name) or "without a name"
        self._limited.info(host, f"JackTrip client {shown} at {host} port {port} asked to join")

    def _turn_away(self, host: str, reason: str) -> None:
        self.turned_away += 1
        self._limited.warning("turned away", f"JackTrip client at {host} turned away: {reason}")

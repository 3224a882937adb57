"""The daemon's side of control: a feed of snapshots and a socket for requests, on the asyncio thread.

Requests and replies are JSON objects, one message of one part each; docs/control.md is the contract. Whatever
arrives on the request socket gets exactly one reply, because a REP socket that owes one is deaf.
"""

import asyncio
import json
import logging
from pathlib import Path
from typing import Protocol

import zmq
import zmq.asyncio
import zmq.auth.asyncio

from plcd.io.control_bind import bind, unbind
from plcd.io.control_endpoint import ControlEndpoint
from plcd.io.control_errors import ControlEndpointError, ControlError
from plcd.io.control_keys import AuthorisedClients, load_server_keys, use_keys
from plcd.io.control_requests import parse_request

_log = logging.getLogger(__name__)

SCHEMA = "plcd.snapshot/1"
"""What every snapshot carries as ``schema``. The number grows when a field changes its meaning or goes."""

PUBLISH_INTERVAL_S = 0.1

MESSAGE_LIMIT_BYTES = 65_536
"""Longest message ZeroMQ takes off the wire; a peer that sends more is disconnected."""

QUEUE_LIMIT_MESSAGES = 16
"""Each way and peer. A subscriber that is 1.6 s behind misses snapshots instead of growing the daemon."""

COMMAND_TIMEOUT_S = 4.0
"""Longest the daemon may take over one command before the next one is heard; below the client's patience of 5 s."""

LINGER_MS = 500
"""How long closing waits for the last reply (that to ``shutdown``) to leave."""


class Controllable(Protocol):
    """What control needs of a daemon."""

    def snapshot(self) -> dict[str, object]:
        """The latest state as JSON values, without ``schema``. Cheap; from any thread."""
        ...

    async def command(self, name: str, arguments: dict[str, object]) -> dict[str, object]:
        """Carry out one command of ``control_requests.ARGUMENTS`` but ``stats``; the result joins the reply.

        Raises ControlError with the reason for the asker. Cancelled when it takes longer than COMMAND_TIMEOUT_S.
        """
        ...


class ControlServer:
    """Serves one daemon at one endpoint. Lives on the event loop that opens it."""

    def __init__(self, endpoint: ControlEndpoint, daemon: Controllable, keys: Path | None = None) -> None:
        """``keys``: the directory that ``plcd keys`` makes; with it only authorised clients are heard.

        Raises ControlEndpointError: an address beyond this machine without keys, or unusable keys.
        """
        if not endpoint.loopback and keys is None:
            raise ControlEndpointError(
                f"{endpoint} can be reached from other machines: give --control-keys DIR (plcd keys DIR makes them), "
                "or use 127.0.0.1"
            )
        self.endpoint = endpoint
        self.requests = 0
        """Requests answered so far, refused ones included."""
        self.refused = 0
        """Requests answered with an error."""
        self._daemon = daemon
        self._keys = load_server_keys(keys) if keys else None
        self._authorised = AuthorisedClients(keys) if keys else None
        self._context: zmq.asyncio.Context | None = None
        self._authenticator: zmq.auth.asyncio.AsyncioAuthenticator | None = None
        self._sockets: list[zmq.asyncio.Socket] = []
        self._bound = False
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._subscriptions = 0
        self._subscribed = asyncio.Event()

    async def open(self) -> None:
        """Bind both sockets and serve. Raises ControlAddressError, with nothing left open."""
        self._context = context = zmq.asyncio.Context()
        try:
            if self._authorised is not None:
                self._authenticator = zmq.auth.asyncio.AsyncioAuthenticator(context)
                self._authenticator.configure_curve_callback("*", self._authorised)
                self._authenticator.start()
            replies, feed = self._socket(context, zmq.REP), self._socket(context, zmq.XPUB)
            bind(self.endpoint, replies, feed)
            self._bound = True
        except BaseException:
            await self.close()
            raise
        self._tasks = [
            asyncio.create_task(self._serve(replies), name="control requests"),
            asyncio.create_task(self._count_subscriptions(feed), name="control subscriptions"),
            asyncio.create_task(self._publish(feed), name="control feed"),
        ]

    async def close(self) -> None:
        """Stop serving, let the last reply leave and remove the socket files. Harmless when repeated."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._authenticator is not None:
            self._authenticator.stop()
            self._authenticator = None
        if self._bound:
            unbind(self.endpoint)
            self._bound = False
        for socket in self._sockets:
            socket.close()
        self._sockets = []
        if self._context is not None:
            context, self._context = self._context, None
            await asyncio.to_thread(context.term)  # waits for what lingers

    def _socket(self, context: zmq.asyncio.Context, kind: int) -> zmq.asyncio.Socket:
        socket = context.socket(kind)
        self._sockets.append(socket)
        socket.linger = LINGER_MS
        socket.ipv6 = True
        socket.maxmsgsize = MESSAGE_LIMIT_BYTES
        socket.sndhwm = socket.rcvhwm = QUEUE_LIMIT_MESSAGES
        if self._keys is not None:
            use_keys(socket, self._keys, as_server=True)
        return socket

    async def _serve(self, replies: zmq.asyncio.Socket) -> None:
        # A command may make an answer of its cancellation: that must not keep this going.
        while not self._closing:
            parts = await replies.recv_multipart()
            self.requests += 1
            try:
                reply = _encode({"ok": True, **await self._answer(parts)})
            except ControlError as error:
                self.refused += 1
                reply = _encode({"ok": False, "error": str(error)})
            except TimeoutError:
                self.refused += 1
                reply = _encode({"ok": False, "error": f"no result within {COMMAND_TIMEOUT_S:g} s"})
            except Exception:
                _log.exception("a control request failed")
                self.refused += 1
                reply = _encode({"ok": False, "error": "internal error: see the daemon's log"})
            await replies.send(reply)

    async def _answer(self, parts: list[bytes]) -> dict[str, object]:
        name, arguments = parse_request(parts)
        if name == "stats":
            counts = {"requests": self.requests, "refused": self.refused}
            return {"stats": {"schema": SCHEMA, **self._daemon.snapshot()}, "control": counts}
        return await asyncio.wait_for(self._daemon.command(name, arguments), COMMAND_TIMEOUT_S)

    async def _count_subscriptions(self, feed: zmq.asyncio.Socket) -> None:
        while True:
            message = (await feed.recv_multipart())[0]
            if message[:1] == b"\x01":
                self._subscriptions += 1
            elif message[:1] == b"\x00":
                self._subscriptions -= 1
            if self._subscriptions > 0:
                self._subscribed.set()
            else:
                self._subscribed.clear()

    async def _publish(self, feed: zmq.asyncio.Socket) -> None:
        while True:
            await self._subscribed.wait()
            try:
                message = _encode({"schema": SCHEMA, **self._daemon.snapshot()})
            except Exception:
                _log.exception("a snapshot could not be published")
            else:
                await feed.send(message)  # never waits: what a subscriber has no room for is dropped
            await asyncio.sleep(PUBLISH_INTERVAL_S)


def _encode(message: dict[str, object]) -> bytes:
    return json.dumps(message, allow_nan=False, ensure_ascii=False).encode()

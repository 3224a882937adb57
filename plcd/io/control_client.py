"""The other side of control: ask a daemon, and follow its snapshots. Blocking, for terminal tools, tests and scripts."""

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import zmq

from plcd.io.control_endpoint import ControlEndpoint, named_endpoint
from plcd.io.control_errors import ControlError, ControlUnavailableError
from plcd.io.control_keys import load_client_keys, use_keys

SNAPSHOT_LIMIT_BYTES = 1_048_576
"""Longest reply or snapshot that is taken; they are about 2 KB."""


class ControlClient:
    """Talks to one daemon, which need not run yet. For one thread; a context manager."""

    def __init__(
        self, endpoint: ControlEndpoint | str, keys: Path | None = None, timeout_s: float = 5.0
    ) -> None:
        """``keys``: a directory with ``client.key_secret`` and ``server.key``.

        Raises ControlEndpointError: an endpoint that names no daemon, or unusable keys.
        """
        self.endpoint = named_endpoint(endpoint) if isinstance(endpoint, str) else endpoint
        self.timeout_s = timeout_s
        self._keys = load_client_keys(keys) if keys else None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._asking: zmq.Socket[bytes] | None = None
        self._feed: zmq.Socket[bytes] | None = None

    def request(self, command: str, **arguments: object) -> dict[str, Any]:
        """Have one command carried out and return the daemon's reply.

        Raises ControlError with the daemon's reason when it refuses, ControlUnavailableError when no reply
        comes within ``timeout_s``.
        """
        if self._asking is None:
            self._asking = self._connect(zmq.REQ, self.endpoint.requests)
        self._asking.send(json.dumps({"command": command, **arguments}).encode())
        if not self._asking.poll(round(self.timeout_s * 1000)):
            self._asking.close(linger=0)  # it would wait for this reply for ever
            self._asking = None
            raise ControlUnavailableError(self._silence())
        reply = _decode(self._asking.recv())
        if reply.get("ok") is not True:
            raise ControlError(str(reply.get("error", "refused without a reason")))
        return reply

    def next_snapshot(self, timeout_s: float | None = None) -> dict[str, Any] | None:
        """The newest snapshot that has come since the last call, waited for at most ``timeout_s``; None without one.

        The first call subscribes. A daemon that goes and comes back is followed.
        """
        if self._feed is None:
            self._feed = self._connect(zmq.SUB, self.endpoint.feed)
            self._feed.subscribe(b"")
        if not self._feed.poll(round((self.timeout_s if timeout_s is None else timeout_s) * 1000)):
            return None
        newest = self._feed.recv()
        while self._feed.poll(0):
            newest = self._feed.recv()
        return _decode(newest)

    def wait(self, deadline_s: float) -> None:
        """Return when the daemon answers; raise ControlUnavailableError when it has not after ``deadline_s``."""
        end = time.monotonic() + deadline_s
        patience, self.timeout_s = self.timeout_s, 0.25
        try:
            while True:
                try:
                    self.request("stats")
                    return
                except ControlUnavailableError:
                    if time.monotonic() >= end:
                        raise
        finally:
            self.timeout_s = patience

    def close(self) -> None:
        """Let go of both sockets."""
        self._context.destroy(linger=0)
        self._asking = self._feed = None

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, kind: int, address: str) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        socket.linger = 0
        socket.ipv6 = True
        socket.maxmsgsize = SNAPSHOT_LIMIT_BYTES
        if self._keys is not None:
            use_keys(socket, self._keys, as_server=False)
        socket.connect(address)
        return socket

    def _silence(self) -> str:
        if self._keys is not None:
            return f"no daemon answers at {self.endpoint}, or it does not accept these keys"
        if self.endpoint.path is None:
            return f"no daemon answers at {self.endpoint}, or it wants keys (--control-keys)"
        return f"no daemon answers at {self.endpoint}: is one running? --control says which"


def _decode(message: bytes) -> dict[str, Any]:
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ControlUnavailableError("what answers there is not plcd")
    return value

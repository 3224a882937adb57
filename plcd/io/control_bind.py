"""Binds the control sockets so that nobody else can connect to them, not even for a moment.

ZeroMQ removes whatever stands at an ipc path before it binds, a living daemon's socket as well as a user's file, so what
stands there is looked at first.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import zmq

from plcd.io.control_endpoint import ControlEndpoint, is_answered
from plcd.io.control_errors import ControlAddressError


def bind(endpoint: ControlEndpoint, requests: "zmq.Socket[Any]", feed: "zmq.Socket[Any]") -> None:
    """Bind both sockets; socket files have mode 0600 from the start. Raises ControlAddressError.

    The process's umask is narrowed for the moment of binding: a file another thread makes in it is private too.
    """
    for path in endpoint.socket_files:
        _make_way(path)
    before = os.umask(0o177) if endpoint.path is not None else None
    try:
        requests.bind(endpoint.requests)
        feed.bind(endpoint.feed)
    except zmq.ZMQError as error:
        raise ControlAddressError(
            f"cannot open the control endpoint {endpoint}: {_reason(error, endpoint)}"
        ) from error
    finally:
        if before is not None:
            os.umask(before)


def unbind(endpoint: ControlEndpoint) -> None:
    """Remove the socket files, which ZeroMQ leaves behind.

    To be called while the sockets are still open: as long as they answer, nobody else puts their own in that place.
    """
    for path in endpoint.socket_files:
        with suppress(OSError):
            path.unlink()


def _make_way(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ControlAddressError(f"cannot open the control socket {path}: {error.strerror}") from error
    if not stat.S_ISSOCK(mode):
        raise ControlAddressError(f"{path} exists and is not a socket: give another path with --control")
    if is_answered(path):
        raise ControlAddressError(
            f"another daemon is controlled at {path}: give another endpoint with --control, or --control none"
        )
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ControlAddressError(
            f"cannot replace the stale control socket {path}: {error.strerror}"
        ) from error


def _reason(error: zmq.ZMQError, endpoint: ControlEndpoint) -> str:
    if error.errno == zmq.EADDRINUSE:
        return "in use (the feed takes the next port)"
    if endpoint.path is not None and not endpoint.path.parent.is_dir():
        return f"there is no directory {endpoint.path.parent}"
    return os.strerror(error.errno) if error.errno else str(error)

"""Where a daemon is controlled: one address for requests, one beside it for the feed."""

import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

import zmq

from plcd.io.control_errors import ControlEndpointError
from plcd.io.runtime_dir import candidates, is_private, runtime_dir

_TCP = re.compile(r"tcp://(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[0-9]{1,5})")
_FEED_SUFFIX = ".feed"


@dataclass(frozen=True, slots=True)
class ControlEndpoint:
    """A pair of ZeroMQ addresses."""

    requests: str
    """Of the REP socket; also how users write and see the endpoint."""
    feed: str
    """Of the XPUB socket."""
    path: Path | None
    """The socket file of ``requests`` for ipc, None for tcp."""
    loopback: bool
    """Whether only this machine can reach it. True for ipc."""

    @property
    def socket_files(self) -> tuple[Path, ...]:
        """The files the two sockets make; none for tcp."""
        return () if self.path is None else (self.path, Path(f"{self.path}{_FEED_SUFFIX}"))

    def __str__(self) -> str:
        return self.requests


def parse_endpoint(text: str) -> ControlEndpoint | None:
    """Read ``none`` (None), ``ipc:///PATH`` (feed at PATH.feed) or ``tcp://HOST:PORT`` (feed at PORT + 1).

    A host name is resolved here, so that what is judged to be loopback is what gets bound. Raises ControlEndpointError.
    """
    if text == "none":
        return None
    if text.startswith("ipc://"):
        return _ipc(Path(text.removeprefix("ipc://")))
    match = _TCP.fullmatch(text)
    if match is None:
        raise ControlEndpointError(
            f"cannot read the control endpoint {text!r}: write none, ipc:///PATH or tcp://HOST:PORT"
        )
    port = int(match["port"])
    if not 1 <= port <= 65534:
        raise ControlEndpointError(f"the port in {text!r} must be 1 to 65534: the feed is at the next one")
    address = _resolve(match["v6"] or match["host"], text)
    host = f"[{address}]" if address.version == 6 else str(address)
    return ControlEndpoint(
        f"tcp://{host}:{port}", f"tcp://{host}:{port + 1}", path=None, loopback=address.is_loopback
    )


def named_endpoint(text: str) -> ControlEndpoint:
    """The endpoint that ``text`` names to a client, for whom ``none`` is none to talk to. Raises ControlEndpointError."""
    endpoint = parse_endpoint(text)
    if endpoint is None:
        raise ControlEndpointError("none names no daemon: give ipc:///PATH or tcp://HOST:PORT")
    return endpoint


def default_endpoint(port: int) -> ControlEndpoint:
    """The endpoint of the daemon that listens on UDP ``port`` when none is given: private to this user.

    On Windows tcp on loopback at the same number, as ipc is not to be had there. Makes the directory; raises
    ControlAddressError where it cannot.
    """
    if os.name == "nt":
        host = "tcp://127.0.0.1"
        return ControlEndpoint(f"{host}:{port}", f"{host}:{port + 1}", path=None, loopback=True)
    return _ipc(runtime_dir() / f"plcd-{port}.sock")


def find_daemons() -> list[ControlEndpoint]:
    """Endpoints in the default places of this user that a living daemon has open, in order of port."""
    places = [path for path in candidates() if is_private(path)] if os.name == "posix" else []
    files = sorted({file for place in places for file in place.glob("plcd-*.sock")}, key=_port_of)
    return [_ipc(file) for file in files if is_answered(file)]


def is_answered(path: Path) -> bool:
    """Whether some process accepts connections on the socket file ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # a full backlog, a refusal of permission: somebody is there
        return True


def _ipc(path: Path) -> ControlEndpoint:
    if not path.is_absolute():
        raise ControlEndpointError(f"the control socket's path must be absolute: ipc:///{path}")
    if os.name != "posix":
        raise ControlEndpointError("ipc control sockets need Linux or macOS: use tcp://127.0.0.1:PORT")
    feed = f"{path}{_FEED_SUFFIX}"
    if len(os.fsencode(feed)) > zmq.IPC_PATH_MAX_LEN:
        raise ControlEndpointError(
            f"the control socket's path is too long (at most {zmq.IPC_PATH_MAX_LEN - len(_FEED_SUFFIX)} bytes): {path}"
        )
    return ControlEndpoint(f"ipc://{path}", f"ipc://{feed}", path, loopback=True)


def _resolve(host: str, text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if host == "*":
        return ipaddress.IPv4Address("0.0.0.0")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return min(
            (ipaddress.ip_address(entry[4][0]) for entry in found), key=lambda address: address.version
        )
    except (OSError, ValueError, UnicodeError) as error:
        raise ControlEndpointError(f"cannot find the host in {text!r}: {error}") from error


def _port_of(path: Path) -> tuple[int, str]:
    digits = path.stem.removeprefix("plcd-")
    return int(digits) if digits.isdecimal() else 0, path.name

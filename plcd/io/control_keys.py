"""CURVE keys for control: who the daemon is, and who may talk to it.

A directory holds ``server.key_secret`` and ``server.key`` (the daemon), ``clients/NAME.key`` (whoever has the secret
half may control it) and ``client.key_secret`` (one such secret half). A client elsewhere needs ``server.key`` and
``client.key_secret`` only.
"""

import logging
import os
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
import zmq.auth
from zmq.utils import z85

from plcd.io.control_errors import ControlEndpointError

_log = logging.getLogger(__name__)

SERVER = "server"
CLIENT = "client"
CLIENTS_FOLDER = "clients"


@dataclass(frozen=True, slots=True)
class CurveKeys:
    """Keys of one side, in ZeroMQ's Z85 text form."""

    public: bytes
    secret: bytes
    server: bytes
    """The daemon's public key."""


def create_keys(directory: Path) -> list[Path]:
    """Make the keys of a daemon and of one client. Returns the files, all of mode 0600, in directories of 0700.

    Raises ControlEndpointError, with nothing written, when one of the files exists already or cannot be written.
    """
    wanted = {
        f"{SERVER}.key": directory / f"{SERVER}.key",
        f"{SERVER}.key_secret": directory / f"{SERVER}.key_secret",
        f"{CLIENT}.key": directory / CLIENTS_FOLDER / f"{CLIENT}.key",
        f"{CLIENT}.key_secret": directory / f"{CLIENT}.key_secret",
    }
    for path in wanted.values():
        if path.exists() or path.is_symlink():
            raise ControlEndpointError(f"{path} exists already: keys are never overwritten")
    _require_curve()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / CLIENTS_FOLDER).mkdir(mode=0o700, exist_ok=True)
        # Made where only this user can look (a temporary directory is 0700), then copied into fresh 0600 files.
        with tempfile.TemporaryDirectory() as workshop:
            for name in (SERVER, CLIENT):
                zmq.auth.create_certificates(workshop, name)
            for name, path in wanted.items():
                with open(path, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
                    file.write(Path(workshop, name).read_bytes())
    except OSError as error:
        raise ControlEndpointError(f"cannot write keys to {directory}: {error.strerror}") from error
    return list(wanted.values())


def load_server_keys(directory: Path) -> CurveKeys:
    """The daemon's keys. Raises ControlEndpointError: missing, unreadable, or the secret is readable by others."""
    public, secret = _load_secret(directory / f"{SERVER}.key_secret")
    return CurveKeys(public, secret, public)


def load_client_keys(directory: Path) -> CurveKeys:
    """A client's keys. Raises ControlEndpointError: missing, unreadable, or readable by others."""
    public, secret = _load_secret(directory / f"{CLIENT}.key_secret")
    server, _ = _load(directory / f"{SERVER}.key")
    return CurveKeys(public, secret, server)


class AuthorisedClients:
    """Who may control the daemon: the public keys in ``clients/*.key``, read anew for each connection."""

    def __init__(self, directory: Path) -> None:
        """Raises ControlEndpointError where there is no such key, or one cannot be read."""
        self._folder = directory / CLIENTS_FOLDER
        paths = sorted(self._folder.glob("*.key"))
        if not paths:
            raise ControlEndpointError(
                f"no client is authorised: there is no {self._folder}/*.key (make keys with: plcd keys DIR)"
            )
        for path in paths:
            _load(path)

    def callback(self, domain: str, key: bytes) -> bool:
        """Whether the holder of ``key`` (Z85) may connect. The name and arguments are pyzmq's."""
        return any(key == authorised for authorised in self._keys())

    def _keys(self) -> Iterator[bytes]:
        for path in self._folder.glob("*.key"):
            try:
                yield _load(path)[0]
            except ControlEndpointError as error:
                _log.warning("%s", error)


def use_keys(socket: "zmq.Socket[Any]", keys: CurveKeys, as_server: bool) -> None:
    """Make a socket that is neither bound nor connected yet speak CURVE only."""
    socket.curve_publickey = keys.public
    socket.curve_secretkey = keys.secret
    if as_server:
        socket.curve_server = True
    else:
        socket.curve_serverkey = keys.server


def _load_secret(path: Path) -> tuple[bytes, bytes]:
    public, secret = _load(path)
    if secret is None:
        raise ControlEndpointError(f"{path} holds no secret key")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ControlEndpointError(f"{path} can be read by others: chmod 600 {path}")
    return public, secret


def _load(path: Path) -> tuple[bytes, bytes | None]:
    _require_curve()
    if not path.is_file():
        raise ControlEndpointError(f"there is no key file {path} (make keys with: plcd keys DIR)")
    try:
        public, secret = zmq.auth.load_certificate(path)
        for key in (public, secret):
            if key is not None and len(z85.decode(key)) != 32:
                raise ValueError("a key is not 40 characters long")
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise ControlEndpointError(f"cannot read the key file {path}: {error}") from error
    return public, secret


def _require_curve() -> None:
    if not zmq.has("curve"):
        raise ControlEndpointError("this ZeroMQ was built without CURVE: keys cannot be used")

"""Network addresses as users write them."""

import re

from plcd.cli.errors import CliError, ExitCode
from plcd.io.http.address import is_loopback
from plcd.wire.jacktrip_handshake import PORT as HUB_PORT

_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,9})")


def parse_address(text: str) -> tuple[str, int]:
    """The host and port in ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``, where an empty host means every
    interface.

    Port 0 asks the system for a free one. Raises CliError.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        host, _, port_text = text.rpartition(":")
        bracketed = f"[{host}]:{port_text}" if host.count(":") > 1 else f"[{text}]:9000"
        hint = f", with brackets around an IPv6 address: {bracketed}" if text.count(":") > 1 else ""
        raise CliError(f"cannot read the address {text!r}: write it as HOST:PORT{hint}", ExitCode.ADDRESS)
    port = int(match["port"])
    if port > 65535:
        raise CliError(f"the port in {text!r} is too large: at most 65535", ExitCode.ADDRESS)
    return match["v6"] or match["host"] or "", port


def parse_hub(text: str) -> tuple[str, int]:
    """The host and port of a JackTrip hub: ``HOST``, ``HOST:PORT``, an IPv6 address, or one in brackets. Raises CliError."""
    bare = text if text.count(":") > 1 and not text.startswith("[") else text.strip("[]")
    if bare and (":" not in bare or bare.count(":") > 1) and "]" not in bare:
        return bare, HUB_PORT
    host, port = parse_address(text)
    if not host or not port:
        raise CliError(f"{text!r} does not say which hub: write it as HOST or HOST:PORT", ExitCode.ADDRESS)
    return host, port


def parse_http(text: str) -> tuple[str, int]:
    """Host and port of the page and the metrics: ``PORT``, or ``HOST:PORT`` of this machine alone. Raises CliError."""
    if text.isdecimal():
        text = f"127.0.0.1:{text}"
    elif ":" not in text:
        raise CliError(f"cannot read {text!r}: write it as PORT, or 127.0.0.1:PORT", ExitCode.ADDRESS)
    host, port = parse_address(text)
    if not is_loopback(host):
        raise CliError(
            f"{text!r} can be reached from other machines: HTTP is for this one alone, write {port} or 127.0.0.1:{port}",
            ExitCode.ADDRESS,
        )
    return "127.0.0.1" if host == "localhost" else host, port

"""How loud each peer of a mix is: gains by address, as a user writes them."""

import ipaddress
import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from plcd.core.packet import SourceId

LEAST_DB, MOST_DB = -60.0, 20.0

_GAIN = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^\[\]=]+?))(?::(?P<port>[0-9]{1,5}))?=(?P<db>[^=]+)")
"""``HOST=DB``, ``HOST:PORT=DB``; an IPv6 address with a port stands in brackets."""


class PeerGain(NamedTuple):
    """What one address is multiplied by."""

    host: str
    port: int | None
    """None: every port."""
    factor: float


def parse_db(text: str) -> float:
    """Decibels as a factor. Raises ValueError with what is allowed."""
    try:
        value = float(text.strip().lower().removesuffix("db"))
    except ValueError:
        value = math.nan
    if not LEAST_DB <= value <= MOST_DB:
        raise ValueError(f"gain {text.strip()!r}: decibels from {LEAST_DB:g} to {MOST_DB:g}")
    return float(10.0 ** (value / 20.0))


def parse_gain(text: str) -> PeerGain:
    """Read ``192.0.2.7=-6``, ``192.0.2.7:4464=-6`` or ``[2001:db8::7]:4464=-6``. Raises ValueError with what is allowed."""
    address, _, decibels = text.strip().rpartition("=")
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"  # IPv6 without a port
    match = _GAIN.fullmatch(f"{address}={decibels}")
    if match is None:
        raise ValueError(f"gain {text!r}: expected a peer's address and decibels, as 192.0.2.7=-6")
    try:
        host = ipaddress.ip_address(match["v6"] or match["host"])
    except ValueError as error:
        raise ValueError(f"gain {text!r}: {error}; write a numeric address, as 192.0.2.7=-6") from None
    return PeerGain(str(host), int(match["port"]) if match["port"] else None, parse_db(decibels))


def gain_of(source: SourceId, gains: Iterable[PeerGain]) -> float:
    """The factor for ``source``: one with its port goes before one without, and 1.0 is for everybody else."""
    named = [gain for gain in gains if gain.host == source.host and gain.port in (None, source.port)]
    return min(named, key=lambda gain: gain.port is None).factor if named else 1.0

"""A session read back: datagrams to one address, with their senders and arrivals, out of a capture by plcd or by tcpdump."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from plcd.wire.ip_udp import UdpDatagram, UdpExtractor
from plcd.wire.link_layer import KNOWN, ip_packet
from plcd.wire.pcap import PcapError, TruncatedError, read_frames

MAX_SPAN_S = 7 * 24 * 3600
"""A session lasts no longer; stamps further apart are a clock that was set in between."""
MAX_DESTINATIONS = 65_536
UNSPECIFIED = ("0.0.0.0", "::")
"""Where plcd writes that it listened on every interface: both are one place."""

Destination = tuple[str, int]
"""Host, empty for every one, and port."""


class SessionError(ValueError):
    """A file that cannot be replayed. The message names it, says what is wrong and what to do."""


class Arrived(NamedTuple):
    """A datagram that came, ``ns`` of Unix time."""

    data: bytes
    host: str
    port: int
    ns: int


@dataclass
class Survey:
    """What is in a file."""

    to: Destination
    """Whose datagrams are the session."""
    datagrams: int
    first_ns: int
    last_ns: int
    others: Counter[Destination] = field(default_factory=Counter)
    """Datagrams to other addresses."""
    cut: int = 0
    """Datagrams that were not captured to their end."""
    truncated: bool = False
    """The file ends in the middle of a packet."""


def survey(path: Path, to: Destination | None = None) -> Survey:
    """Read the whole file once. ``to``: host (empty: any) and port of the session; None: where most datagrams went.

    Raises SessionError.
    """
    counts: Counter[Destination] = Counter()
    spans: dict[Destination, tuple[int, int]] = {}
    extractor, truncated = UdpExtractor(), False
    try:
        for ns, datagram in _datagrams(path, extractor):
            key = _destination(datagram)
            if key not in counts and len(counts) >= MAX_DESTINATIONS:
                continue
            counts[key] += 1
            first, last = spans.get(key, (ns, ns))
            spans[key] = min(first, ns), max(last, ns)
    except TruncatedError as error:
        if not counts:
            raise SessionError(f"{path}: {error}, and has none before it") from None
        truncated = True
    except PcapError as error:
        raise SessionError(f"{path}: {error}") from None
    chosen = [key for key in counts if to is None or (key[1] == to[1] and to[0] in ("", key[0]))]
    if not chosen:
        raise SessionError(_nothing(path, counts, extractor, to))
    best = max(chosen, key=lambda key: counts[key])
    found = to if to is not None and not to[0] else best
    mine = [key for key in chosen if _matches(key, found)]
    first_ns, last_ns = min(spans[key][0] for key in mine), max(spans[key][1] for key in mine)
    if last_ns - first_ns > MAX_SPAN_S * 1_000_000_000:
        raise SessionError(
            f"{path}: its stamps span {(last_ns - first_ns) / 86_400e9:.0f} days: a clock was set meanwhile, cut it there "
            "(editcap -A, -B)"
        )
    total = sum(counts.pop(key) for key in mine)
    return Survey(found, total, first_ns, last_ns, counts, extractor.cut, truncated)


def arrivals(path: Path, found: Survey) -> Iterator[Arrived]:
    """The session's datagrams, in the file's order. Raises SessionError where the file has changed since."""
    try:
        for ns, datagram in _datagrams(path, UdpExtractor()):
            if _matches(_destination(datagram), found.to):
                yield Arrived(datagram.data, datagram.host, datagram.port, ns)
    except TruncatedError:
        return
    except PcapError as error:
        raise SessionError(f"{path}: {error}") from None


def _datagrams(path: Path, extractor: UdpExtractor) -> Iterator[tuple[int, UdpDatagram]]:
    """Raises PcapError and SessionError."""
    with _open(path) as file:
        for frame in read_frames(file):
            if frame.link not in KNOWN:
                raise PcapError(
                    f"has packets of link type {frame.link}, which plcd does not read: capture Ethernet, "
                    "Linux cooked or bare IP (tcpdump -i any)"
                )
            packet = ip_packet(frame.link, frame.data)
            datagram = None if packet is None else extractor.extract(packet)
            if datagram is not None:
                yield frame.ns, datagram


def _open(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise SessionError(f"cannot read {path}: {error.strerror}") from None


def _destination(datagram: UdpDatagram) -> Destination:
    return "" if datagram.to_host in UNSPECIFIED else datagram.to_host, datagram.to_port


def _matches(key: Destination, to: Destination) -> bool:
    return key[1] == to[1] and to[0] in ("", key[0])


def _nothing(
    path: Path, counts: Counter[Destination], extractor: UdpExtractor, to: Destination | None
) -> str:
    if not counts:
        short = f" ({extractor.cut} were cut short: tcpdump needs -s 0)" if extractor.cut else ""
        return f"{path}: holds no whole UDP datagram{short}"
    assert to is not None
    ports = ", ".join(str(port) for port in dict.fromkeys(port for (_, port), _ in counts.most_common(5)))
    return f"{path}: holds nothing to port {to[1]}, but to {ports}: say another with --to"

"""Asking the network for expedited forwarding."""

import contextlib
import socket

EXPEDITED = 0xB8
"""DSCP EF (RFC 3246), as the byte that the socket option takes."""


def mark_expedited(sock: socket.socket) -> None:
    """Mark what ``sock`` sends, on both versions of IP if it speaks both. A system that does not let us sends as best it can."""
    options = [(socket.IPPROTO_IP, socket.IP_TOS)]
    if sock.family == socket.AF_INET6 and hasattr(socket, "IPV6_TCLASS"):
        options.append((socket.IPPROTO_IPV6, socket.IPV6_TCLASS))
    for level, option in options:
        with contextlib.suppress(OSError):
            sock.setsockopt(level, option, EXPEDITED)

"""Sending from the socket that also receives, so that answers come from the port that was addressed."""

import socket


def send_to(sock: socket.socket, datagram: bytes, host: str, port: int) -> bool:
    """Whether the system took it. ``host``: numeric; IPv4 in plain form, also on a socket for both versions."""
    if sock.family == socket.AF_INET6 and ":" not in host:
        host = f"::ffff:{host}"
    try:
        sock.sendto(datagram, (host, port))
    except OSError:  # a full buffer, or no way there: the packet is lost, as it might be anywhere
        return False
    return True

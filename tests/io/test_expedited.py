import socket
import sys

import pytest

from plcd.io.expedited import EXPEDITED, mark_expedited

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the mark with Linux's socket options")

IP_RECVTOS = 13
IPV6_RECVTCLASS = 66


@pytest.mark.parametrize(
    ("listening", "sending", "to"),
    [("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "::1"), ("127.0.0.1", "::", "::ffff:127.0.0.1")],
    ids=["IPv4", "IPv6", "IPv4 from a socket for both"],
)
def test_what_leaves_is_marked(listening: str, sending: str, to: str) -> None:
    with _bound(listening) as receiver, _bound(sending) as sender:
        if receiver.family == socket.AF_INET6:
            receiver.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVTCLASS, 1)
        else:
            receiver.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        receiver.settimeout(2.0)
        mark_expedited(sender)
        sender.sendto(b"x", (to, receiver.getsockname()[1]))
        _, ancillary, _, _ = receiver.recvmsg(16, 64)
        assert [content[0] for _, _, content in ancillary] == [EXPEDITED]


def _bound(host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    if host == "::":
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        sock.bind((host, 0))
    except OSError as error:
        sock.close()
        pytest.skip(f"no such address here: {error}")
    return sock

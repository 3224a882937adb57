"""All that plcd says to JackTrip peers: answers, a hub's door, or a hub's client."""

import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from plcd.io.jacktrip_client import HubOptions, JackTripClient
from plcd.io.jacktrip_hub import JackTripHub
from plcd.io.jacktrip_reply import JackTripReply
from plcd.io.udp_send import send_to


@dataclass(frozen=True, slots=True)
class JackTripConfig:
    """What to do for JackTrip peers beyond hearing and answering them."""

    hub: bool = False
    """Open the hub's TCP port beside the UDP port."""
    connect: HubOptions | None = None
    """Join this hub."""
    rate: int | None = None
    """Hz of peers that cannot name theirs."""


class JackTripSession:
    """Talks through ``sock``, the socket that receives, to hosts that are ``allowed``. On the event loop's thread."""

    def __init__(
        self, config: JackTripConfig, sock: socket.socket, allowed: Callable[[str], bool] = lambda host: True
    ) -> None:
        self._config = config
        self._sock = sock
        self._allowed = allowed
        self.reply = JackTripReply(self._send, config.rate)
        self.hub: JackTripHub | None = None
        self.client: JackTripClient | None = None
        self.unsent = 0
        """Packets that the system did not take."""

    async def open(self) -> None:
        """Open the door, or knock at the hub's. Raises OSError, HubError."""
        host, port = self._sock.getsockname()[:2]
        if self._config.hub:
            self.hub = JackTripHub(port, self._allowed)
            await self.hub.open("" if host == "::" else host, port)
        if self._config.connect is not None:
            self.client = JackTripClient(self._config.connect, port, self._send)
            await self.client.join()

    def start(self) -> None:
        """Begin to send, where plcd is the one that begins."""
        if self.client is not None:
            self.client.start()

    def heard(self, datagram: bytes, host: str, port: int, arrival_ns: int) -> None:
        """A datagram came from the address whose stream plays."""
        if self.client is None:
            self.reply.heard(datagram, host, port, arrival_ns)
        elif host == self.client.host:
            self.client.heard()

    def allows(self, host: str) -> bool:
        """Whether packets from ``host`` may be heard: a hub's client hears the hub alone."""
        return self._allowed(host) and (self.client is None or host == self.client.host)

    async def close(self) -> None:
        """Say goodbye to whoever was sent to."""
        if self.hub is not None:
            await self.hub.close()
        with contextlib.suppress(OSError):
            if self.client is not None:
                await self.client.close()
            else:
                self.reply.close(time.monotonic_ns())

    def snapshot(self) -> dict[str, object] | None:
        """Where packets go and how many; None where nothing was sent. Any thread; a moment old."""
        if self.client is not None:
            host, port, sent = self.client.host, self.client.port, self.client.sent
        elif self.reply.sent and self.reply.allowance.address is not None:
            (host, port), sent = self.reply.allowance.address, self.reply.sent
        else:
            return None
        return {
            "to": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "packets": sent,
            "unsent": self.unsent,
        }

    def _send(self, datagram: bytes, host: str, port: int) -> None:
        self.unsent += not send_to(self._sock, datagram, host, port)

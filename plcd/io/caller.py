"""plcd as the one that begins a session over RTP: it sends to an address from the start, and hears what comes from there."""

import asyncio
import logging
import socket
import time
from dataclasses import dataclass

from plcd.core.frame import Samples
from plcd.io.outgoing import Outgoing, Repair, Send
from plcd.io.srtp_key import SrtpKey
from plcd.wire.answering import Answer
from plcd.wire.payload_map import DYNAMIC

log = logging.getLogger("plcd.call")

SILENT_S = 5.0


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Whom to call, and what to send there."""

    host: str
    port: int
    form: Answer


class CallError(Exception):
    """There is no such address. The message says what to do."""


class Caller:
    """A session with one address. All on the event loop's thread."""

    def __init__(
        self,
        options: CallOptions,
        family: socket.AddressFamily,
        send: Send,
        repair: Repair,
        key: SrtpKey | None,
    ) -> None:
        self.options = options
        self.host = ""
        """Its numeric address; empty before :meth:`join`."""
        self.port = options.port
        self.outgoing: Outgoing | None = None
        self._family = family
        self._send = send
        self._repair = repair
        self._key = key
        self._heard = 0.0
        self._said = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def sent(self) -> int:
        """Datagrams so far."""
        return self.outgoing.sent if self.outgoing else 0

    async def join(self) -> None:
        """Find the address. Raises CallError."""
        where = f"{self.options.host} port {self.port}"
        # A socket for both versions of IP reaches either; one of IPv4 no other.
        family = socket.AF_INET if self._family == socket.AF_INET else socket.AF_UNSPEC
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self.options.host, self.port, family=family, type=socket.SOCK_DGRAM
            )
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "not a host name"
            raise CallError(f"cannot reach {where}: {reason}; check the name") from None
        self.host = str(found[0][4][0])
        try:
            self.outgoing = Outgoing(
                self._send, (self.host, self.port), self.options.form, self._repair, self._key
            )
        except ValueError as error:
            raise CallError(str(error)) from None

    def start(self) -> None:
        """Begin to watch for an answer."""
        self._heard = time.monotonic()
        self._watch = asyncio.get_running_loop().create_task(self._look())
        form = self.options.form
        needs = (
            f"; it needs --rtp-map {form.payload_type}={form.stream}" if form.payload_type in DYNAMIC else ""
        )
        log.info("sending to %s port %d: %s%s", self.host, self.port, form.stream, needs)

    def heard(self) -> None:
        """Something came from there."""
        self._heard = time.monotonic()

    def feed(self, block: Samples, rate: int, now_ns: int) -> None:
        """Audio to send."""
        if self.outgoing is not None:
            self.outgoing.feed(block, rate, now_ns)

    async def close(self) -> None:
        """Watch no more."""
        if self._watch is not None:
            self._watch.cancel()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(SILENT_S / 5)
            silent = time.monotonic() - self._heard > SILENT_S
            if silent and not self._said:
                log.warning(
                    "nothing from %s port %d for %g s: does plcd --listen with --input run there, and may it hear this address? "
                    "(a JackTrip hub needs --format jacktrip; with --srtp-key both ends need the same key)",
                    self.host,
                    self.port,
                    SILENT_S,
                )
            elif self._said and not silent:
                log.info("%s port %d is heard again", self.host, self.port)
            self._said = silent

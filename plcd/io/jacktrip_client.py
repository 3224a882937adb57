"""plcd as the client of a JackTrip hub: asks for its port, and keeps sending, so that the hub keeps sending.

Theory of operation. A hub takes its client's format from the first packet and sends back as long as packets come. So they leave
at the input's pace from the answer on. After :data:`SILENT_S` without one from the hub, it is asked anew.
"""

import asyncio
import logging
import time
from dataclasses import dataclass

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.io.addresses import plain
from plcd.io.outgoing import Outgoing, Repair, Send
from plcd.wire.answering import Answer
from plcd.wire.jacktrip_handshake import NUMBER_BYTES, port_of, request

log = logging.getLogger("plcd.jacktrip")

TIMEOUT_S = 5.0
SILENT_S = 5.0
"""JackTrip itself gives a peer up after 10."""
AGAIN_S = 2.0


class HubError(Exception):
    """The hub cannot be reached, or does not let us in. The message says what to do."""


@dataclass(frozen=True, slots=True)
class HubOptions:
    """Whom to join, and what to send there."""

    host: str
    port: int
    stream: StreamFormat
    """JackTrip's encoding; rate and bits must be the hub's own."""
    packet: int = 512
    name: str = "plcd"


class JackTripClient:
    """A session with one hub. All on the event loop's thread."""

    def __init__(self, options: HubOptions, udp_port: int, send: Send, repair: Repair | None = None) -> None:
        self.options = options
        self.outgoing: Outgoing | None = None
        """To where the hub wants it; None until it has answered."""
        self.host = ""
        """The hub's address; empty until it has answered."""
        self.port = 0
        self.done_sent = 0
        """Packets to ports that the hub named before."""
        self._udp_port = udp_port
        self._send = send
        self._repair = repair or Repair()
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def sent(self) -> int:
        """Packets so far."""
        return self.done_sent + (self.outgoing.sent if self.outgoing else 0)

    async def join(self) -> None:
        """Ask the hub for a port. Raises HubError."""
        where = f"the JackTrip hub {self.options.host} port {self.options.port}"
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await asyncio.open_connection(self.options.host, self.options.port)
                try:
                    host = plain(writer.get_extra_info("peername")[0])
                    writer.write(request(self._udp_port, self.options.name))
                    data = await reader.readexactly(NUMBER_BYTES)
                finally:
                    writer.close()
            self.port = port_of(data)
        except TimeoutError:
            raise HubError(
                f"{where} does not answer within {TIMEOUT_S:g} s: check address and firewall"
            ) from None
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise HubError(f"cannot reach {where}: {reason}; check that jacktrip -S runs there") from None
        except EOFError:
            raise HubError(f"{where} hung up without an answer: is it a hub (jacktrip -S)?") from None
        except ValueError as error:
            raise HubError(f"cannot join {where}: {error}") from None
        self.host = host
        self.done_sent = self.sent
        answer = Answer(self.options.stream, self.options.packet, None, self.options.stream.channels)
        self.outgoing = Outgoing(self._send, (host, self.port), answer, self._repair)
        self._heard = time.monotonic()
        log.info("joined %s: audio goes to UDP port %d", where, self.port)

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def feed(self, block: Samples, rate: int, now_ns: int) -> None:
        """Audio to send."""
        if self.outgoing is not None and time.monotonic() - self._heard < SILENT_S:
            self.outgoing.feed(block, rate, now_ns)

    def heard(self) -> None:
        """Something came from the hub."""
        self._heard = time.monotonic()

    async def close(self) -> None:
        """Say goodbye."""
        if self._task is not None:
            self._task.cancel()
        if self.outgoing is not None:
            self.outgoing.farewell(0)

    async def _run(self) -> None:
        while True:
            while time.monotonic() - self._heard < SILENT_S:
                await asyncio.sleep(SILENT_S / 5)
            log.warning("nothing from the JackTrip hub for %g s: asking it anew", SILENT_S)
            while True:
                try:
                    await self.join()
                    break
                except HubError as error:
                    log.warning("%s", error)
                    await asyncio.sleep(AGAIN_S)

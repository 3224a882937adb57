"""plcd as the client of a JackTrip hub: asks for its port, and keeps sending, so that the hub keeps sending.

Theory of operation. A hub takes its client's format from the first packet and sends back as long as packets come. So they leave
at their own pace from the answer on. After :data:`SILENT_S` without one from the hub, it is asked anew.
"""

import asyncio
import logging
import time
from dataclasses import dataclass

import numpy as np

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.io.addresses import plain
from plcd.io.jacktrip_reply import Send
from plcd.io.packet_feed import PacketFeed
from plcd.io.sender import wall_clock_us
from plcd.wire.jacktrip_handshake import NUMBER_BYTES, port_of, request
from plcd.wire.jacktrip_packetizer import JackTripPacketizer

log = logging.getLogger("plcd.jacktrip")

TIMEOUT_S = 5.0
SILENT_S = 5.0
"""JackTrip itself gives a peer up after 10."""
AGAIN_S = 2.0
MOST_AT_ONCE = 32
"""Packets that are caught up with after a stall."""


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

    def __init__(self, options: HubOptions, udp_port: int, send: Send) -> None:
        self.options = options
        self.sent = 0
        self.host = ""
        """The hub's address; empty until it has answered."""
        self.port = 0
        self._udp_port = udp_port
        self._send = send
        self._packetizer = JackTripPacketizer(options.stream, options.packet, wall_clock_us)
        self._feed = PacketFeed(options.packet, options.stream.channels)
        self._silence = np.zeros((options.packet, options.stream.channels), np.float32)
        self._heard = 0.0
        self._task: asyncio.Task[None] | None = None

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
        self._heard = time.monotonic()
        log.info("joined %s: audio goes to UDP port %d", where, self.port)

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def feed(self, block: Samples) -> None:
        """Send ``block`` ``(n, channels)`` in place of silence, as its time comes."""
        self._feed.add(block)

    def heard(self) -> None:
        """Something came from the hub."""
        self._heard = time.monotonic()

    async def close(self) -> None:
        """Say goodbye."""
        if self._task is not None:
            self._task.cancel()
            for datagram in self._packetizer.farewell:
                self._send(datagram, self.host, self.port)

    async def _run(self) -> None:
        while True:
            await self._stream()
            log.warning("nothing from the JackTrip hub for %g s: asking it anew", SILENT_S)
            while True:
                try:
                    await self.join()
                    break
                except HubError as error:
                    log.warning("%s", error)
                    await asyncio.sleep(AGAIN_S)

    async def _stream(self) -> None:
        """Send until the hub has fallen silent."""
        period_s = self.options.packet / self.options.stream.rate
        start, number = time.monotonic(), 0
        while (now := time.monotonic()) - self._heard < SILENT_S:
            due = int((now - start) / period_s) + 1 - number
            if due > MOST_AT_ONCE:
                number += due - MOST_AT_ONCE
                due = MOST_AT_ONCE
            for _ in range(due):
                samples = self._feed.take()
                self._put(self._silence if samples is None else samples)
                number += 1
            await asyncio.sleep(max(0.0, start + number * period_s - time.monotonic()))

    def _put(self, samples: Samples) -> None:
        self._send(self._packetizer.packet(samples), self.host, self.port)
        self.sent += 1

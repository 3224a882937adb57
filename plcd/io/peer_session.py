"""All that plcd sends to peers: answers to whoever is heard, a session it begins itself, a JackTrip hub's door.

Theory of operation. Where plcd listens, each address that is heard has a :class:`Reply`, made when its first packet comes and
forgotten two seconds after the last. Where plcd begins, there is one peer, and it is sent to from the start. Either way an
input, a thread of its own, hands over blocks at its own pace, and they go to every peer in its form. All else is on the
event loop's thread.
"""

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.io.caller import Caller, CallOptions
from plcd.io.inputs.base import Input, Pace
from plcd.io.inputs.paced import silence
from plcd.io.jacktrip_client import HubOptions, JackTripClient
from plcd.io.jacktrip_hub import JackTripHub
from plcd.io.outgoing import SRTP_BYTES, Repair
from plcd.io.reply import Reply, ReplyOptions
from plcd.io.srtp_key import SrtpKey
from plcd.io.udp_send import send_to
from plcd.wire.answering import Answer, AnswerReader, Sighting

MOST_PEERS = 16
"""Addresses answered at a time; a further one waits until another has been silent for two seconds."""
MOST_OURS = 256
"""Streams of its own that plcd remembers: one for each peer and form, or each time a peer returns."""
MOST_WAITING = 64
"""Blocks of the input on their way to the event loop; more are dropped, as they would be late."""


@dataclass(frozen=True, slots=True)
class PeerConfig:
    """What to do for peers beyond hearing them."""

    hub: bool = False
    """Open the JackTrip hub's TCP port beside the UDP port."""
    join: HubOptions | None = None
    """Be this hub's client."""
    call: CallOptions | None = None
    """Begin an RTP session with this address."""
    input: Input | None = None
    """What they are sent; None: JackTrip's peers, and those that plcd calls, silence, others nothing."""
    repair: Repair = field(default_factory=Repair)
    rate: int | None = None
    """Hz of peers that cannot name theirs."""
    rtp_map: Mapping[int, StreamFormat] = field(default_factory=dict)
    form: str = "auto"
    """One of :data:`plcd.wire.formats.FORMATS`."""
    key: SrtpKey | None = None
    vouched: bool = False
    """Those who are heard may be sent to, whatever they send."""


class PeerSession:
    """Talks through ``sock``, the socket that receives, to hosts that are ``allowed``."""

    def __init__(
        self, config: PeerConfig, sock: socket.socket, allowed: Callable[[str], bool] = lambda host: True
    ) -> None:
        self._config = config
        self._sock = sock
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._reader = AnswerReader(config.rtp_map, config.form, config.rate)
        self._options = ReplyOptions(
            config.repair, config.vouched or config.key is not None, config.key, config.input is not None
        )
        self._replies: dict[tuple[str, int], Reply] = {}
        self._done_sent = self._done_withheld = 0
        self._blocks: deque[tuple[Samples, int]] = deque()
        self.dropped = 0
        """Blocks of the input that the event loop had no time for."""
        begins = config.join is not None or config.call is not None
        self._input = config.input or (silence() if begins else None)
        self.hub: JackTripHub | None = None
        self.started: JackTripClient | Caller | None = None
        """The peer that plcd began with."""
        self.ours: dict[int, None] = {}
        """SSRCs of the newest streams that were sent."""
        self.unsent = 0
        """Packets that the system did not take."""

    async def open(self) -> None:
        """Open the door, or knock at the hub's. Raises OSError, HubError, CallError."""
        config = self._config
        host, port = self._sock.getsockname()[:2]
        if config.hub:
            self.hub = JackTripHub(port, self._allowed)
            await self.hub.open("" if host == "::" else host, port)
        if config.join is not None:
            self.started = JackTripClient(config.join, port, self._send, config.repair)
            await self.started.join()
        elif config.call is not None:
            self.started = Caller(config.call, self._sock.family, self._send, config.repair, config.key)
            await self.started.join()

    def start(self) -> None:
        """Begin to send, where plcd is the one that begins."""
        if self._input is not None:
            self._input.start(self._hand_over)
        if self.started is not None:
            self.started.start()
            assert self._input is not None
            assert self.started.outgoing is not None
            self._input.begin(_pace(self.started.outgoing.answer))

    def heard(self, datagram: bytes, host: str, port: int, arrival_ns: int) -> None:
        """A datagram, opened if it was protected, came from the address of a stream that plays."""
        if self.started is not None:
            if host == self.started.host:
                self.started.heard()
            return
        sighting = self._reader.read(datagram)
        reply = self._replies.get((host, port))
        if sighting is None or (self._input is None and not _is_jacktrip(sighting)):
            return
        if reply is None or not reply.alive(arrival_ns):
            self._forget_the_silent(arrival_ns)
            if len(self._replies) >= MOST_PEERS:
                return
            reply = self._replies[host, port] = Reply(self._send, (host, port), self._options)
        size = len(datagram) + (SRTP_BYTES if self._config.key else 0)
        reply.heard(sighting, size, arrival_ns)
        if (
            self._input is not None
            and reply.outgoing is not None
            and next(iter(self._replies.values())) is reply
        ):
            self._input.begin(_pace(reply.outgoing.answer))

    def heard_elsewhere(self, datagram: bytes, host: str, port: int, arrival_ns: int) -> None:
        """As :meth:`heard`, on another thread."""
        self._loop.call_soon_threadsafe(self.heard, datagram, host, port, arrival_ns)

    def allows(self, host: str) -> bool:
        """Whether packets from ``host`` may be heard: who began a session hears its peer alone."""
        return self._allowed(host) and (self.started is None or host == self.started.host)

    async def close(self) -> None:
        """Say goodbye to whoever was sent to."""
        if self._input is not None:
            await asyncio.to_thread(self._input.close)
        if self.hub is not None:
            await self.hub.close()
        with contextlib.suppress(OSError):
            if self.started is not None:
                await self.started.close()
            for reply in self._replies.values():
                reply.close(time.monotonic_ns())

    def snapshot(self) -> dict[str, object] | None:
        """Where packets go and how many; None where there is nothing to send. Any thread; a moment old."""
        if self.started is not None:
            to, sent, withheld = [(self.started.host, self.started.port)], self.started.sent, 0
        else:
            replies = [reply for reply in list(self._replies.values()) if reply.sent]
            to = [reply.address for reply in replies]
            sent = self._done_sent + sum(reply.sent for reply in replies)
            withheld = self._done_withheld + sum(reply.withheld for reply in replies)
        if not sent and self._config.input is None:
            return None
        status = self._config.input.status() if self._config.input else None
        return {
            "to": ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in to)
            or None,
            "packets": sent,
            "unsent": self.unsent,
            "withheld": withheld,
            "input": {
                "name": status.name,
                "underruns": status.underruns + self.dropped,
                "lost": status.lost,
            }
            if status
            else None,
        }

    def _hand_over(self, block: Samples, rate: int) -> None:
        """On the input's thread."""
        if len(self._blocks) >= MOST_WAITING:
            self.dropped += 1
            return
        self._blocks.append((block, rate))
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        while self._blocks:
            self._feed(*self._blocks.popleft(), time.monotonic_ns())

    def _feed(self, block: Samples, rate: int, now_ns: int) -> None:
        if self.started is not None:
            self.started.feed(block, rate, now_ns)
            return
        self._forget_the_silent(now_ns)
        for reply in self._replies.values():
            reply.feed(block, rate, now_ns)

    def _forget_the_silent(self, now_ns: int) -> None:
        for address, reply in list(self._replies.items()):
            if not reply.alive(now_ns):
                del self._replies[address]
                self._done_sent += reply.sent
                self._done_withheld += reply.withheld
        if not self._replies and self._input is not None:
            self._input.pause()

    def _send(self, datagram: bytes, host: str, port: int) -> None:
        if self._config.key is not None:
            self.ours[int.from_bytes(datagram[8:12], "big")] = None
            if len(self.ours) > MOST_OURS:
                del self.ours[next(iter(self.ours))]
        self.unsent += not send_to(self._sock, datagram, host, port)


def _is_jacktrip(sighting: Sighting) -> bool:
    return sighting.answer is not None and sighting.answer.payload_type is None


def _pace(answer: Answer) -> Pace:
    return Pace(answer.stream.rate, answer.stream.channels, answer.samples)

"""A paced sender of RTP or JackTrip with a network's impairments built in: ``plcd send``, and the tests' other end.

Theory of operation. Packet k is due at ``start + position(k) / rate`` on the monotonic clock, in integer
arithmetic: lateness never adds up, and whoever is late catches up. The impairment gives each packet the
delays of its copies; they wait in the outbox, which holds no more than the packets of the longest delay.
"""

import math
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from plcd.core.frame import Samples
from plcd.core.impairment import MAX_FLAGS, Impairment
from plcd.core.loss import Flags
from plcd.core.packet import StreamFormat
from plcd.io.expedited import mark_expedited
from plcd.io.outbox import Outbox
from plcd.wire.jacktrip import bits_of
from plcd.wire.jacktrip_packetizer import JackTripPacketizer
from plcd.wire.packetizer import Packetizer, choose_payload_type, reblock

_MAX_UDP_PAYLOAD = 65_507
"""65,535 less the headers of IPv4 and UDP."""
_MAX_PPM = 10_000.0
"""One per cent: far beyond any sound device, and still a stream in real time."""


@dataclass(frozen=True, slots=True)
class SendOptions:
    """How a stream is sent."""

    packet: int = 512
    """Samples a packet; the last one is short where the audio ends, and padded in JackTrip's only."""
    payload_type: int | None = None
    """None: 10 or 11 where the format has such a static type, else 96."""
    ppm: float = 0.0
    """By how much the sender's sample clock runs fast, in millionths."""
    seed: int = 0
    """Of the SSRC and of the first sequence number and timestamp."""
    ssrc: int | None = None
    """None: from the seed, as the two below."""
    first_sequence: int | None = None
    first_timestamp: int | None = None
    redundancy: int = 0
    """How many earlier packets each datagram repeats."""
    fec: int = 0
    """After how many packets parity over them follows, in RTP; 0: never. Parity leaves with the last packet it protects."""
    protect: Callable[[bytes], bytes] | None = None
    """What each datagram goes through before it leaves: SRTP, say."""
    live: bool = False
    """The source keeps the time, as a sound device does: a packet leaves when its last sample is there, and
    delayed copies leave between two packets."""


@dataclass(frozen=True, slots=True)
class SendReport:
    """What was sent. ``packets`` and ``lost`` count packets of audio, ``sent`` all datagrams that left, parity among them."""

    packets: int
    samples: int
    sent: int
    lost: int
    duplicated: int
    reordered: int
    """Packets whose first copy left after a later packet."""
    max_lateness_ms: float
    """By how much the latest datagram missed its time."""
    flags: Flags
    """Which packets were lost, for a trace; bounded, see ``plcd.core.impairment.MAX_FLAGS``."""


class Sender:
    """Sends one stream, once.

    ``source``: samples of shape ``(n, channels)``, or such blocks of any size, read as they are wanted;
    ``destination``: host and port, IPv4 or IPv6. Raises ValueError for options that do not fit each other,
    and OSError where the host has no address.
    """

    def __init__(
        self,
        source: Samples | Iterable[Samples],
        stream: StreamFormat,
        destination: tuple[str, int],
        options: SendOptions | None = None,
        impairment: Impairment | None = None,
    ) -> None:
        self._options = options = options or SendOptions()
        if options.packet < 1:
            raise ValueError(f"a packet has at least one sample, not {options.packet}")
        if not abs(options.ppm) <= _MAX_PPM:
            raise ValueError(f"the clock's error must be within {_MAX_PPM:g} ppm, not {options.ppm:g}")
        rng = np.random.default_rng(np.random.SeedSequence(options.seed, spawn_key=(0,)))
        drawn = (int(rng.integers(1 << 32)), int(rng.integers(1 << 16)), int(rng.integers(1 << 32)))
        self._packetizer = _packetizer(stream, options, drawn)
        if isinstance(self._packetizer, JackTripPacketizer):
            self.datagram_bytes = self._packetizer.datagram_bytes
        else:
            self.datagram_bytes = self._packetizer.datagram_bytes(options.packet)
        """Of the largest datagram."""
        if self.datagram_bytes > _MAX_UDP_PAYLOAD:
            raise ValueError(
                f"{options.packet} samples of {stream} make {self.datagram_bytes} bytes, "
                f"a datagram holds {_MAX_UDP_PAYLOAD}"
            )
        if isinstance(source, np.ndarray):
            if source.ndim != 2 or source.shape[1] != stream.channels:
                raise ValueError(f"samples of shape {source.shape} do not fit {stream}: give (n, channels)")
            source = (source,)
        self._packets = reblock(source, options.packet)
        self._impairment = impairment or Impairment()
        # Samples per second times 10^12, exact to 10^-6 ppm.
        self._rate_e12 = stream.rate * round((1.0 + options.ppm * 1e-6) * 1e12)
        self._family, self._address = _resolve(*destination)
        self._outbox = Outbox(self._send)
        self._samples = self._count = self._lost = self._datagrams = 0
        self._is_audio = bytearray()

    @property
    def payload_type(self) -> int | None:
        """As it is on the wire, in RTP."""
        return self._packetizer.payload_type if isinstance(self._packetizer, Packetizer) else None

    @property
    def ssrc(self) -> int | None:
        """As it is on the wire, in RTP."""
        return self._packetizer.ssrc if isinstance(self._packetizer, Packetizer) else None

    def stop(self) -> None:
        """Make ``run`` return soon, from any thread or signal handler; what is delayed is dropped."""
        self._outbox.stopped = True

    def run(self) -> SendReport:
        """Send everything, or until ``stop``.

        Raises OSError where the system refuses to send, and whatever the source raises.
        """
        with socket.socket(self._family, socket.SOCK_DGRAM) as self._socket:
            mark_expedited(self._socket)
            start = 0
            for samples in self._packets:
                if self._outbox.stopped:
                    break
                if not self._count:
                    start = time.monotonic_ns()
                due = time.monotonic_ns() if self._options.live else start + self._duration_ns(self._samples)
                self._put(samples, due)
                self._outbox.release(due)
            self._put_parity(time.monotonic_ns(), last=True)
            self._outbox.release(None)
            if isinstance(self._packetizer, JackTripPacketizer):
                for datagram in self._packetizer.farewell:
                    self._send(datagram)
        return SendReport(
            packets=self._count,
            samples=self._samples,
            sent=self._outbox.sent,
            lost=self._lost,
            duplicated=self._outbox.duplicated,
            reordered=self._outbox.reordered,
            max_lateness_ms=self._outbox.max_lateness_ns / 1e6,
            flags=self._impairment.flags[np.frombuffer(bytes(self._is_audio), np.bool_)],
        )

    def _duration_ns(self, samples: int) -> int:
        return samples * 10**21 // self._rate_e12

    def _put(self, samples: Samples, due: int) -> None:
        """Hand over the next packet, which should leave at ``due``, and the parity that may follow it."""
        copies = self._hand_over(self._packetizer.packet(samples), due, self._duration_ns(len(samples)))
        self._lost += not copies
        self._count += 1
        self._samples += len(samples)
        self._put_parity(due)

    def _put_parity(self, due: int, last: bool = False) -> None:
        parity = None if isinstance(self._packetizer, JackTripPacketizer) else self._packetizer.parity(last)
        if parity is not None:
            self._hand_over(parity, due, 0, audio=False)

    def _hand_over(self, datagram: bytes, due: int, period_ns: int, audio: bool = True) -> int:
        """Put the datagram's copies, whose number is returned, into the outbox."""
        if self._options.protect is not None:
            datagram = self._options.protect(datagram)
        delays = self._impairment.next_delays(period_ns / 1e6)
        for copy, delay_ms in enumerate(delays):
            self._outbox.put(due + math.ceil(delay_ms * 1e6), self._datagrams, copy, datagram)
        self._datagrams += 1
        if len(self._is_audio) < MAX_FLAGS:
            self._is_audio.append(audio)
        return len(delays)

    def _send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, self._address)


def wall_clock_us() -> int:
    """What JackTrip writes into its headers."""
    return time.time_ns() // 1000


def _packetizer(
    stream: StreamFormat, options: SendOptions, drawn: tuple[int, int, int]
) -> Packetizer | JackTripPacketizer:
    """By the encoding; ``drawn``: SSRC, first sequence number and timestamp where the options leave them open."""
    sequence = drawn[1] if options.first_sequence is None else options.first_sequence
    if bits_of(stream) is not None:
        if options.fec:
            raise ValueError("parity is for RTP: JackTrip has copies only")
        return JackTripPacketizer(
            stream, options.packet, wall_clock_us, redundancy=options.redundancy, sequence=sequence
        )
    return Packetizer(
        stream,
        choose_payload_type(stream) if options.payload_type is None else options.payload_type,
        drawn[0] if options.ssrc is None else options.ssrc,
        sequence,
        drawn[2] if options.first_timestamp is None else options.first_timestamp,
        options.redundancy,
        options.fec,
    )


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except UnicodeError:
        # What has no form in the domain name system, such as an empty label.
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    return family, address

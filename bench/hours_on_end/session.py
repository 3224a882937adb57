"""A sender whose network loses, delays and swaps, whose clock is off, and which is started anew now and then: as datagrams."""

import heapq
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from plcd.core.frame import Samples
from plcd.core.loss import Gilbert
from plcd.io.session_reader import Arrived

SECOND_NS = 1_000_000_000
RATE, PACKET, PAYLOAD_TYPE = 44_100, 512, 11
LOSS = Gilbert(0.0082, 0.4)
"""2 % of the packets, 2.5 in a row on average."""
JITTER_MS = 10.0
"""Uniform from 0 up, for each packet; so neighbours that are 11.6 ms apart keep their order,"""
SWAPPED, SWAP_MS = 0.01, 13.0
"""but for these, which come so much later still,"""
SPIKES, SPIKE_MS = 0.001, 15.0
"""and these."""
CHUNK = 4096


@dataclass(frozen=True)
class Life:
    """The sender from one start to the next: ``packets`` of them, of which the first is made at ``start_ns``."""

    number: int
    start_ns: int
    packets: int
    ppm: float

    @property
    def address(self) -> tuple[str, int]:
        """Every third life comes from another port, as behind an address translator that forgot."""
        return "192.0.2.7", 5004 + self.number // 3

    @property
    def ssrc(self) -> int:
        return 0x1000 + self.number

    @property
    def first_sequence(self) -> int:
        """It wraps in the first minute, and every 12.7 minutes after."""
        return 65_536 - 2000 + self.number

    @property
    def first_timestamp(self) -> int:
        """It wraps after a minute and a half; 27 hours later it would again."""
        return (1 << 32) - 90 * RATE + self.number

    @property
    def period_ns(self) -> float:
        """Of a packet, by the receiver's clock."""
        return 1e9 * PACKET / RATE / (1.0 + 1e-6 * self.ppm)

    @property
    def end_ns(self) -> int:
        return self.start_ns + round(self.packets * self.period_ns)


@dataclass
class Truth:
    """What really became of the packets, for comparison with what is counted."""

    delivered: int = 0
    expected: int = 0
    """Between the first and the last that were delivered of each life."""
    lives: int = 0
    wraps: int = 0
    """Of sequence numbers and timestamps, between those."""
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)


def lives(hours: float, life_s: float, ppm: float) -> list[Life]:
    """One after the other: with a clock fast and slow in turn, after a pause of 0.2 or of 3 s."""
    found, at_ns = list[Life](), SECOND_NS
    while at_ns < hours * 3600 * SECOND_NS:
        number = len(found)
        left_s = hours * 3600 - at_ns / SECOND_NS
        packets = max(1000, round(min(life_s, left_s) * RATE / PACKET))
        found.append(Life(number, at_ns, packets, ppm if number % 2 == 0 else -ppm))
        at_ns = found[-1].end_ns + (3 * SECOND_NS if number % 3 else SECOND_NS // 5)
    return found


def datagrams(all_lives: list[Life], music: Samples, truth: Truth, seed: int) -> Iterator[Arrived]:
    """What arrives, in that order. ``music`` ``(n, 1)`` is sent over and over; ``truth`` is filled meanwhile."""
    blocks = np.rint(music[: len(music) // PACKET * PACKET, 0] * 32767).astype(">i2").reshape(-1, PACKET)
    payloads = [block.tobytes() for block in blocks]
    for life in all_lives:
        truth.lives += 1
        yield from _life(life, payloads, truth, np.random.default_rng((seed, life.number)))
        first, last = truth.spans.pop(life.number)
        truth.expected += last - first + 1
        truth.wraps += ((life.first_sequence + last) >> 16) - ((life.first_sequence + first) >> 16)
        truth.wraps += ((life.first_timestamp + last * PACKET) >> 32) - (
            (life.first_timestamp + first * PACKET) >> 32
        )


def _life(life: Life, payloads: list[bytes], truth: Truth, rng: np.random.Generator) -> Iterator[Arrived]:
    on_its_way: list[tuple[int, int]] = []
    lost = LOSS.start(rng.spawn(1)[0])
    host, port = life.address
    for start in range(0, life.packets, CHUNK):
        count = min(CHUNK, life.packets - start)
        delays_ms = rng.uniform(0.0, JITTER_MS, count)
        delays_ms += SWAP_MS * (rng.random(count) < SWAPPED) + SPIKE_MS * (rng.random(count) < SPIKES)
        for index, delay_ms in enumerate(delays_ms.tolist(), start):
            sent_ns = life.start_ns + round(index * life.period_ns)
            while on_its_way and on_its_way[0][0] <= sent_ns:
                yield _deliver(life, *heapq.heappop(on_its_way), payloads, truth, host, port)
            if not next(lost):
                heapq.heappush(on_its_way, (sent_ns + round(1e6 * delay_ms), index))
    while on_its_way:
        yield _deliver(life, *heapq.heappop(on_its_way), payloads, truth, host, port)


def _deliver(
    life: Life, ns: int, index: int, payloads: list[bytes], truth: Truth, host: str, port: int
) -> Arrived:
    truth.delivered += 1
    first, last = truth.spans.get(life.number, (index, index))
    truth.spans[life.number] = min(first, index), max(last, index)
    header = struct.pack(
        "!BBHII",
        0x80,
        PAYLOAD_TYPE,
        (life.first_sequence + index) & 0xFFFF,
        (life.first_timestamp + index * PACKET) & 0xFFFFFFFF,
        life.ssrc,
    )
    return Arrived(header + payloads[index % len(payloads)], host, port, ns)

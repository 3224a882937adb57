"""Datagrams that no friend sends, and streams that go on among them."""

import struct
from collections.abc import Callable, Iterator
from random import Random

import numpy as np

from plcd.core.frame import Samples
from plcd.core.packet import StreamFormat
from plcd.io.srtp import Protector
from plcd.io.srtp_key import SrtpKey
from plcd.wire import jacktrip, rtp
from plcd.wire.jacktrip_packetizer import JackTripPacketizer
from plcd.wire.packetizer import Packetizer

SIZE = 512
"""Samples of a packet, mono at 44.1 kHz."""
SSRC = 77
FIRST = 65_500
"""A stream's first number."""
KEY = SrtpKey(bytes(range(30)))
FORMS = ("rtp", "srtp", "jacktrip", "zita")


def audio(packets: int) -> Samples:
    """Noise on the grid of 16 bits, in every format's."""
    whole = np.random.default_rng(3).integers(-9000, 9000, (packets * SIZE, 1))
    return whole.astype(np.float32) * np.float32(2.0**-15)


def stream(form: str, samples: Samples) -> Iterator[list[bytes]]:
    """``samples`` as datagrams of ``form``, those of each packet in a list."""
    blocks = [samples[start : start + SIZE] for start in range(0, len(samples), SIZE)]
    if form == "jacktrip":
        peer = JackTripPacketizer(StreamFormat("JackTrip-16", 44_100, 1), SIZE, lambda: 5, sequence=FIRST)
        yield from ([peer.packet(block)] for block in blocks)
    elif form == "zita":
        for number, block in enumerate(blocks):
            count = 10**9 + number * SIZE
            yield [descriptor(44_100)] * (number % 20 == 0) + [data(count, 0, np.rint(block * 32767))]
    else:
        sender = Packetizer(StreamFormat("L16", 44_100, 1), 11, SSRC, FIRST, 2**32 - 5000)
        protect = Protector(KEY, SSRC).protect if form == "srtp" else bytes
        yield from ([protect(sender.packet(block))] for block in blocks)


def descriptor(rate: int, period: int = SIZE) -> bytes:
    """zita-njbridge's."""
    return struct.pack(">4sBBBBiii12x", b"znjb", 0, 0, 0, 1, 1500, rate, period)


def data(count: int, form: int, samples: Samples) -> bytes:
    """zita-njbridge's audio from frame ``count`` on, in 16 bits (0) or floats (2)."""
    head = struct.pack(">4sBBBBIii", b"znjb", 1, 0, form, 1, count % 2**32, len(samples), 0)
    return head + samples.astype(">f4" if form == 2 else ">i2").tobytes()


def _noise(rng: Random) -> list[bytes]:
    return [rng.randbytes(rng.randrange(200))]


def _rtp(rng: Random) -> list[bytes]:
    """Anything well formed, copies and parity among it."""
    kind = rng.choice((0, 10, 11, 96, 121, 122, 127))
    return [
        rtp.build(
            rng.randbytes(rng.randrange(300)),
            payload_type=kind,
            sequence=rng.getrandbits(16),
            timestamp=rng.getrandbits(32),
            ssrc=rng.choice((0, 1, rng.getrandbits(32))),
            csrcs=tuple(range(rng.randrange(3))),
            padding=rng.choice((0, 0, 4)),
        )
    ]


def _rtp_run(rng: Random) -> list[bytes]:
    """What would be a stream if it were let."""
    sequence, timestamp, ssrc = rng.getrandbits(16), rng.getrandbits(32), rng.choice((1, SSRC))
    # Far from what the stream itself would send, in case it is one of those that have its name.
    sequence, timestamp = FIRST + 10_000 + sequence % 40_000, 10**8 + timestamp % (2**32 - 2 * 10**8)
    return [
        rtp.build(
            rng.randbytes(1024),
            payload_type=11,
            sequence=sequence + number,
            timestamp=timestamp + SIZE * number,
            ssrc=ssrc,
        )
        for number in range(rng.randrange(1, 20))
    ]


def _jacktrip(rng: Random) -> list[bytes]:
    """Any header, and as many bytes as it says."""
    bits = rng.choice((8, 16, 24, 32))
    samples, channels = rng.randrange(1, 40), rng.choice((1, 2, 255))
    sent = rng.choice((0, channels))
    head = struct.pack(
        "<QHHBBBB",
        rng.getrandbits(64),
        rng.getrandbits(16),
        samples,
        rng.randrange(9),
        bits,
        channels,
        sent,
    )
    size = 0 if sent == 255 else samples * channels * bits // 8
    return [head + rng.randbytes(size) for _ in range(1)] + [jacktrip.STOP] * rng.randrange(2)


def _jacktrip_run(rng: Random) -> list[bytes]:
    first = FIRST + 10_000 + rng.randrange(40_000)
    peer = JackTripPacketizer(StreamFormat("JackTrip-16", 44_100, 1), SIZE, lambda: 5, sequence=first)
    return [peer.packet(np.full((SIZE, 1), 0.9, np.float32)) for _ in range(rng.randrange(1, 20))]


def _zita(rng: Random) -> list[bytes]:
    """A rate of its own, and floats that are none."""
    wild = np.frombuffer(rng.randbytes(4 * SIZE), ">f4")
    return [descriptor(rng.randrange(8000, 190_000), rng.randrange(-5, 9000)), data(5 * 10**8, 2, wild)]


def _zita_run(rng: Random) -> list[bytes]:
    first = 10**7 + rng.randrange(9 * 10**8)
    return [data(first + SIZE * number, 0, np.full(SIZE, 9999.0)) for number in range(rng.randrange(1, 20))]


def _huge(rng: Random) -> list[bytes]:
    """Floats as large as they come, as a stream."""
    values = np.full(SIZE, rng.choice((3e38, -3e38, 1e20, 1e-40)), np.float32)
    values[:: rng.randrange(2, 9)] *= -1
    first = rng.randrange(10**6)
    return [descriptor(44_100)] + [data(first + SIZE * number, 2, values) for number in range(8)]


KINDS: dict[str, Callable[[Random], list[bytes]]] = {
    "noise": _noise,
    "rtp": _rtp,
    "rtp_run": _rtp_run,
    "jacktrip": _jacktrip,
    "jacktrip_run": _jacktrip_run,
    "zita": _zita,
    "zita_run": _zita_run,
    "huge": _huge,
}

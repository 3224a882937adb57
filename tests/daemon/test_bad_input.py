"""What nobody should send is counted by its reason, said a few times, and never heard."""

import random
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest
from running import PATIENT, QUICK, RATE, Running, Source, assert_adds_up, music, running, send

from plcd.wire.rtp import build

HEADER: dict[str, Any] = {"sequence": 7, "timestamp": 9, "ssrc": 5}
AUDIO = bytes(range(200)) + bytes(1)  # 201 bytes: no whole number of 16-bit samples

BAD = {
    "too_short": b"\x80\x0b\x00",
    "version": b"\x40" + bytes(60),
    "rtcp": b"\x80\xc8" + bytes(26),
    "csrc_length": b"\x8f\x0b" + bytes(20),
    "extension_length": b"\x90\x0b" + bytes(10) + b"\x00\x00\xff\xff" + bytes(40),
    "padding": build(bytes(100), payload_type=11, **HEADER)[:-1].replace(b"\x80", b"\xa0", 1) + b"\xff",
    "empty_payload": build(b"", payload_type=11, **HEADER),
    "partial_frame": build(AUDIO, payload_type=11, **HEADER),
    "unmapped_payload_type": build(bytes(200), payload_type=97, **HEADER),
}
REFUSED = ("rtcp", "unmapped_payload_type")


@pytest.fixture
def daemon() -> Iterator[Running]:
    with running("--output", "null", *PATIENT, *QUICK) as daemon:
        yield daemon


def unharmed(daemon: Running, packets: int) -> None:
    """The stream of so many packets was played whole."""
    stats = daemon.wait_for(lambda stats: stats["packets"]["expected"] >= packets)
    assert stats["packets"]["on_time"] == packets
    assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
    assert stats["events"]["restarts"] == 0
    assert_adds_up(stats)


def test_each_kind_is_counted_by_its_reason_and_said_once(daemon: Running) -> None:
    """From strangers before the stream, and from the stream's own address in the middle of it."""
    with Source(daemon.address) as stranger, Source(daemon.address) as source:
        for _ in range(30):
            for datagram in BAD.values():
                stranger.raw(datagram)
        time.sleep(0.2)
        audio = music(1.0)
        for first in range(0, len(audio), 512):
            source.send(audio[first : first + 512])
            for datagram in BAD.values():
                source.raw(datagram)
            time.sleep(0.01)
        count = -(-len(audio) // 512)
        unharmed(daemon, count)
        stats = daemon.wait_for(lambda stats: stats["packets"]["malformed"]["too_short"] == 30 + count)
    for reason in BAD:
        kind = "refused" if reason in REFUSED else "malformed"
        assert stats["packets"][kind][reason] == 30 + count, reason
    log = daemon.finish()
    for reason in BAD:
        assert 1 <= log.count(f": {reason}") <= 2, reason
    assert "--rtp-map 97=" in log
    assert len(log.splitlines()) < 40


def test_random_bytes_of_every_length(daemon: Running) -> None:
    rng = random.Random(4)
    audio = music(1.0)
    with Source(daemon.address) as source, Source(daemon.address) as stranger:
        stranger.raw(b"")
        stranger.raw(rng.randbytes(65_507))
        for first in range(0, len(audio), 512):
            source.send(audio[first : first + 512])
            for _ in range(20):
                datagram = rng.randbytes(rng.randrange(1500))
                # Nothing here may look like the stream itself: no version 2 with a payload type that is played.
                source.raw(bytes([datagram[0] & 0x3F]) + datagram[1:] if datagram else b"")
                stranger.raw(datagram)
            time.sleep(0.01)
        unharmed(daemon, -(-len(audio) // 512))
    assert len(daemon.finish().splitlines()) < 40


def test_headers_that_lie_within_the_stream(daemon: Running) -> None:
    """Right SSRC and address, wrong content: one datagram never resets a stream."""
    audio = music(1.5)
    rng = random.Random(5)
    with Source(daemon.address) as source:
        count = 0
        for first in range(0, len(audio), 512):
            source.send(audio[first : first + 512])
            count += 1
            if count > 3:
                lies: dict[str, Any] = {"sequence": source.sequence + rng.randrange(5000, 60_000)}
                lies |= {"timestamp": source.timestamp + rng.randrange(10**6, 10**9)}
                payload = rng.randbytes(1024)
                source.raw(build(payload, payload_type=11, ssrc=source.ssrc, **lies))  # a jump
                source.raw(build(payload, payload_type=10, ssrc=source.ssrc, **lies))  # another format
                source.raw(
                    build(payload, payload_type=11, ssrc=rng.getrandbits(32), **lies)
                )  # another stream
            time.sleep(0.01)
        unharmed(daemon, count)
        stats = daemon.stats()
    assert stats["packets"]["refused"] == {}
    assert stats["packets"]["stray"] >= 3 * (count - 3) - 12
    assert "refused a stream" not in daemon.finish()


def test_wrong_rate_is_refused_and_named() -> None:
    flags = ("--output", "null", "--rate", "48000", "--channels", "2")
    maps = ("--rtp-map", "96=L24/48000/2", "--rtp-map", "97=L16/48000/1")
    with running(*flags, *maps, *PATIENT, *QUICK) as daemon:
        with Source(daemon.address) as source:
            for kind in (11, 10, 97):
                for _ in range(10):
                    source.send(np.zeros((512, 2), np.float32), payload_type=kind)
        wrong = [f"format L16/{form}" for form in ("44100/1", "44100/2", "48000/1")]
        stats = daemon.wait_for(lambda stats: stats["packets"]["refused"].get(wrong[2]) == 10)
        assert stats["packets"]["refused"] == dict.fromkeys(wrong, 10)
        assert stats["packets"]["received"] == 0
        assert stats["state"] == "waiting"
        log = daemon.finish()
    assert log.count("refused a stream") == 3
    assert "--rate and --channels ask for 48000 Hz, 2 channel(s)" in log


def test_packets_of_changing_size(daemon: Running) -> None:
    """Any packet size at any time, one sample and a whole datagram among them."""
    rng = random.Random(6)
    audio = music(2.0)
    with Source(daemon.address) as source:
        first = count = 0
        start = time.monotonic()
        while first < len(audio):
            size = rng.choice((1, 48, 330, 694, 512, 5000))
            size = 32_000 if count == 10 else size
            source.send(audio[first : first + size])
            first += size
            count += 1
            time.sleep(max(0.0, start + first / RATE - time.monotonic()))
        unharmed(daemon, count)
    daemon.finish()


def test_memory_does_not_grow(daemon: Running) -> None:
    """A hundred thousand bad packets leave nothing behind."""
    rng = random.Random(7)
    process = psutil.Process(daemon.process.pid)
    with Source(daemon.address) as stranger:
        sizes = []
        for _ in range(5):
            for _ in range(4000):
                stranger.raw(b"\x80\x0b" + rng.randbytes(200))  # a stream of its own each
                stranger.raw(rng.randbytes(60))
            time.sleep(0.3)
            sizes.append(process.memory_info().rss)
        send(music(0.5), daemon.address)
        daemon.wait_for(lambda stats: stats["state"] == "playing")
    assert sizes[-1] - sizes[1] < 4 << 20
    daemon.finish()

"""Streams for the core's tests: every sample tells its number, and time is whatever the test says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from plcd.core.engine import Engine
from plcd.core.ensemble import Ensemble
from plcd.core.frame import PlayedFrame, Samples
from plcd.core.linear_prediction import Real, extrapolate
from plcd.core.mixer import Mixer
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.predictor import Predictor
from plcd.core.sources import Arrival

RATE = 44_100
SECOND_NS = 1_000_000_000
MONO = StreamFormat("L16", RATE, 1)
STEREO = StreamFormat("L16", RATE, 2)
SOURCE = SourceId("192.0.2.1", 5004, 1)
SMALL = Predictor("burg", 16, 256)
"""Fast enough for many examples."""
SEVERAL = Ensemble.parse("tapered:32/512+burg:16/256+lpc:8/1024")
"""Likewise: members of different order, context and method, with errors enough to sample an innovation from."""
UNIT = 2.0**-24


def ns(samples: int, rate: int = RATE) -> int:
    """How long ``samples`` last."""
    return samples * SECOND_NS // rate


def numbered(start: int, count: int, channels: int = 1) -> Samples:
    """Samples that say which they are: number k is (k + 1) / 2^24, exact below 2^24; odd channels are negative."""
    numbers = (np.arange(start, start + count, dtype=np.float32) + 1) * np.float32(UNIT)
    signs = np.where(np.arange(channels) % 2 == 0, 1, -1).astype(np.float32)
    return numbers[:, None] * signs


def music(count: int, channels: int = 1, seed: int = 1) -> Samples:
    """A few partials and a little noise: what a predictor can follow, but not exactly."""
    rng = np.random.default_rng(seed)
    time = np.arange(count)[:, None]
    partials = sum(
        0.1 * np.sin(time * rng.uniform(0.01, 0.4, channels) + rng.uniform(0, 6, channels)) for _ in range(4)
    )
    return np.asarray(partials + 0.01 * rng.standard_normal((count, channels)), dtype=np.float32)


@dataclass
class Sender:
    """Cuts ``signal`` into packets of ``size``. Without a signal, samples are numbered."""

    size: int = 512
    sequence: int = 65_500
    timestamp: int = 2**32 - 20_000
    source: SourceId = SOURCE
    format: StreamFormat = MONO
    signal: Samples | None = field(default=None, repr=False)

    def packet(self, index: int) -> AudioPacket:
        start = index * self.size
        samples = (
            numbered(start, self.size, self.format.channels)
            if self.signal is None
            else self.signal[start : start + self.size]
        )
        return AudioPacket(
            self.source,
            (self.sequence + index) % 2**16,
            (self.timestamp + start) % 2**32,
            self.format,
            samples,
        )

    def arrival(self, index: int, delay_ns: int = 0) -> Arrival:
        """Sent when its first sample is due."""
        return Arrival(self.packet(index), ns(index * self.size, self.format.rate) + delay_ns)

    def arrivals(self, indices: Iterable[int], delay_ns: int = 0) -> list[Arrival]:
        return [self.arrival(index, delay_ns) for index in indices]


@dataclass
class Played:
    """What an engine gave at each instant."""

    instants: list[int] = field(default_factory=list)
    frames: list[PlayedFrame] = field(default_factory=list)

    @property
    def audio(self) -> Samples:
        return np.concatenate([frame.audio for frame in self.frames])

    @property
    def origins(self) -> list[str]:
        return [frame.origin.label for frame in self.frames]

    def holes(self) -> Iterator[tuple[int, int, str]]:
        """(start, length, origin) of all holes, from the first frame's first sample."""
        start = 0
        for frame in self.frames:
            for hole in frame.holes:
                yield start + hole.start, hole.length, hole.origin.label
            start += frame.audio.shape[0]

    def missing(self) -> list[int]:
        """Every sample that lies in a hole."""
        return [sample for start, length, _ in self.holes() for sample in range(start, start + length)]


def listen(
    engine: Engine | Mixer, arrivals: Iterable[Arrival], until_ns: int, open_ns: int | None = None
) -> Played:
    """Let packets arrive and an output ask for frames on an absolute timer, up to ``until_ns``.

    The output opens at ``open_ns``, else like the daemon's: at the stream's start, once there is a stream.
    """
    waiting = sorted(arrivals, key=lambda arrival: arrival.ns)
    played = Played()
    if open_ns is None:
        while (stream := engine.lead.stream) is None:
            engine.insert(*waiting.pop(0))
        open_ns = stream.start_ns
    while True:
        tick = len(played.frames) * engine.config.packet
        now_ns = open_ns + ns(tick, engine.rate or RATE)
        if now_ns > until_ns:
            break
        while waiting and waiting[0].ns <= now_ns:
            engine.insert(*waiting.pop(0))
        played.instants.append(now_ns)
        played.frames.append(engine.pull(now_ns))
    return played


def continued(past: Real, a: Real, count: int) -> Real:
    """``count`` samples predicted behind ``past``."""
    out = np.empty(count)
    extrapolate(past, a, out)
    return out

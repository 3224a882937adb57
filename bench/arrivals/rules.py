"""What becomes of a trace: under a fixed depth, under ours, and under JackTrip's rule. Outputs ask on one regular grid."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arrivals.traces import Trace
from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import Origin, Samples
from plcd.core.lateness import TOLERATED, Leads
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.predictor import Predictor

SECOND_NS = 1_000_000_000
CHEAP = Ensemble.of(Predictor("burg", 32, 512))
PHASE = 0.37
"""Of a frame: where between two frames of the output the promptest packets come."""


@dataclass(frozen=True)
class Outcome:
    """``late``: share of packets that were concealed because they came late; ``latency_ms``: mean time from the arrival that the
    promptest packet's way would give to the sample's playing.
    """

    late: float
    latency_ms: float
    moves: int = 0
    course: NDArray[np.float64] | None = None
    """Latency in ms, frame by frame."""


def fixed(trace: Trace) -> list[Outcome]:
    """Every depth the grid allows, the least first, until nothing is late. A frame is a packet."""
    frame_s = trace.packet / trace.rate
    transit = trace.transit_s
    depths = (PHASE + np.arange(math.ceil(transit.max() / frame_s) + 1)) * frame_s
    return [Outcome(float(np.mean(transit > depth)), 1000 * float(depth)) for depth in depths]


def adaptive(trace: Trace, music: Samples, tolerated: float = TOLERATED, from_s: float = 0.0) -> Outcome:
    """The engine with ``--depth auto``; ``music`` ``(n, 1)`` is repeated for the stream."""
    packet, rate = trace.packet, trace.rate
    config = EngineConfig(packet=packet, depth=Depth.parse("auto"), predictor=CHEAP, lookahead=0, drift="off")
    engine = Engine(config)
    form, source = StreamFormat("L16", rate, 1), SourceId("192.0.2.1", 5004, 1)
    blocks = music[: len(music) // packet * packet].reshape(-1, packet, 1)
    arrival_ns = np.round(trace.arrival_s * 1e9).astype(np.int64).tolist()
    numbers = trace.number.tolist()
    # The promptest packet's way begins at this instant for packet 0; the grid lies PHASE of a frame behind it.
    prompt_s = float((trace.arrival_s - trace.number * packet / rate).min())
    start_ns = round((prompt_s + PHASE * packet / rate) * 1e9)
    course, late, expected, k = [], 0, 0, 0
    aimed = False
    for tick in range(numbers[-1]):
        now_ns = start_ns + tick * packet * SECOND_NS // rate
        while k < len(numbers) and arrival_ns[k] <= now_ns:
            n = numbers[k]
            engine.insert(
                AudioPacket(source, n % 65536, n * packet % 2**32, form, blocks[n % len(blocks)]),
                arrival_ns[k],
            )
            k += 1
        if engine.rate is None:
            continue
        stream = engine.stream
        assert stream is not None
        playing = engine.state == "playing"
        cursor = stream.buffer.cursor
        frame = engine.pull(now_ns)
        if not aimed and engine.point is not None and engine.point.adaptive is not None:
            engine.point.adaptive.leads, aimed = Leads(rate, tolerated), True
        if now_ns < from_s * 1e9:
            late, expected = stream.ledger.late, stream.ledger.expected
        elif playing and frame.origin is not Origin.IDLE and frame.origin is not Origin.SPLICED:
            position = (cursor - (1 << 32)) / rate
            course.append(1000 * (now_ns / 1e9 - prompt_s - position))
    assert engine.stream is not None
    ledger = engine.stream.ledger
    share = (ledger.late - late) / (ledger.expected - expected)
    moves = engine.counters.grown + engine.counters.shrunk + engine.counters.reanchored
    return Outcome(share, float(np.mean(course)), moves, np.array(course))


def jacktrip(trace: Trace, headroom_ms: float | None = None, from_s: float = 0.0) -> Outcome:
    """JackTrip's "-q auto" (headroom None) or "-q autoN", as its Regulator of 2.x does it; told in docs/depth.md.

    Its own callbacks are taken to be perfectly regular, which is to its advantage.
    """
    frame_ms = 1000.0 * trace.packet / trace.rate
    most_ms, first_ms = 250.0, 0.5 * trace.packet
    arrived = np.full(int(trace.number.max()) + 1, np.inf)
    arrived[trace.number] = 1000.0 * trace.arrival_s
    prompt_ms = float((1000.0 * trace.arrival_s - trace.number * frame_ms).min())
    tolerance, headroom, waiting = first_ms, 0.0, True
    stats = _Intervals(int(trace.rate / trace.packet) // 8)
    glitches = skipped_nearly = seen_glitches = seen_skipped = 0
    newest = last_out = -1
    course, concealed, played = [], 0, 0
    by_arrival, k = trace.number.tolist(), 0
    when = (1000.0 * trace.arrival_s).tolist()
    for tick in range(int(trace.number.max())):
        now = prompt_ms + (PHASE + tick) * frame_ms
        while k < len(when) and when[k] <= now:
            newest = by_arrival[k]  # the one that came last, not the one furthest on
            k += 1
        if newest < 0:
            continue
        heard = None
        for number in range(last_out + 1, newest + 1):
            at = (
                arrived[number] if arrived[number] <= now else -np.inf
            )  # an old packet still lies in the slot
            if last_out >= 0:
                if at < arrived[last_out] - tolerance:
                    continue
                before = arrived[last_out] + (number - 1 - last_out) * frame_ms
                if before < at and stats.tick(at - before) and stats.windows % 8 == 0:
                    new_glitches, new_skipped = glitches - seen_glitches, skipped_nearly - seen_skipped
                    seen_glitches, seen_skipped = glitches, skipped_nearly
                    if now > 3000.0:
                        if headroom_ms is not None:
                            headroom = headroom_ms
                        elif (
                            new_glitches > 0
                            and new_skipped > int(0.02 * trace.rate / trace.packet)
                            and headroom + 1 <= stats.longest
                        ):
                            headroom, waiting = (headroom, False) if waiting else (headroom + 1, True)
                        else:
                            waiting = True
                        tolerance = min(
                            most_ms, max(stats.spread + min(stats.longest, most_ms) + headroom, frame_ms)
                        )
            if at + tolerance >= now:
                heard = number
                break
            skipped_nearly += at + tolerance + 1.0 >= now
        counted = now >= 1000.0 * from_s
        if heard is None:
            glitches += 1
            concealed += counted
        else:
            skipped = heard - last_out - 1 if last_out >= 0 else 0
            glitches += skipped
            concealed += counted and skipped > 0
            last_out = heard
            if counted:
                course.append(now - prompt_ms - heard * frame_ms)
        played += counted
    return Outcome(concealed / played, float(np.mean(course)), 0, np.array(course))


class _Intervals:
    """Of packets: mean of the windows' largest ones, and of their standard deviations; windows last an eighth of a second."""

    def __init__(self, window: int) -> None:
        self.windows = 0
        self.longest = self.spread = 0.0
        self._window = window
        self._data: list[float] = []

    def tick(self, interval_ms: float) -> bool:
        """Whether a window is full."""
        if interval_ms > 10_000.0:
            return False
        self._data.append(interval_ms)
        if len(self._data) < self._window:
            return False
        longest, spread = max(self._data), float(np.std(self._data))
        self._data.clear()
        if self.windows <= 3:
            self.longest, self.spread = longest, spread
            self._sums = [longest, spread]
        else:
            if self.windows <= 480:
                self._sums = [self._sums[0] + longest, self._sums[1] + spread]
                self.longest, self.spread = (total / (self.windows - 3) for total in self._sums)
            else:
                self.longest += (longest - self.longest) / 480
                self.spread += (spread - self.spread) / 480
        self.windows += 1
        return True

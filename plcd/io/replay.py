"""A session played again: captured datagrams through the parsers and the engine of the daemon, as fast as the machine can.

Theory of operation. Time is what the stamps say, never a clock: the output asks for its first frame at the stream's start and
then on an absolute timer, as the daemon's null and file outputs do, and each frame is given all that had arrived by then. Fits
and the network's trials are made as if there always were time, and the predictor is chosen for a machine of the usual speed: so
the same file and options give the same bytes and counters. What was heard live differs from that where the machine was late or
busy; where it does not, the network was to blame.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from plcd.core.engine import Engine
from plcd.core.format_bridge import FormatBridge
from plcd.core.frame import Origin, PlayedFrame
from plcd.core.mixer import Mixer
from plcd.core.run_ahead import Step
from plcd.io.allow_list import AllowList
from plcd.io.intake import Intake
from plcd.io.resampling import SampleRateConverter
from plcd.io.session_reader import Arrived
from plcd.io.udp import Datagram
from plcd.wire.errors import Reason

SCHEMA = "plcd.replay/1"
SECOND_NS = 1_000_000_000
MAX_SKEW_NS = SECOND_NS
"""By so much stamps may step back without their order being doubted: less is how interfaces queue."""


class Sink(Protocol):
    """Takes what is played."""

    def __call__(self, frame: PlayedFrame, rate: int, channels: int) -> None:
        """One frame, always of the same rate and channels."""


@dataclass
class Session:
    """What plays it."""

    engine: Engine | Mixer
    intake: Intake
    allow: AllowList = field(default_factory=lambda: AllowList(()))


@dataclass
class Replayed:
    """What came of a session."""

    datagrams: int = 0
    frames: int = 0
    samples: int = 0
    """Played, without those of idle frames."""
    rate: int = 0
    channels: int = 0
    denied: int = 0
    """Datagrams from hosts that are not allowed."""
    backwards: int = 0
    """Times the stamps stepped back."""


def replay(
    session: Session,
    arrivals: Iterable[Arrived],
    sink: Sink = lambda frame, rate, channels: None,
    progress: Callable[[int], None] = lambda ns: None,
) -> Replayed:
    """Play ``arrivals`` to their end. ``progress`` is told the stamp that has been reached, a few times a second of the session.

    Memory does not grow with the session.
    """
    return _Replay(session, arrivals, sink, progress).run()


class _Replay:
    def __init__(
        self, session: Session, arrivals: Iterable[Arrived], sink: Sink, progress: Callable[[int], None]
    ) -> None:
        self._engine, self._intake, self._allow = session.engine, session.intake, session.allow
        self._arrivals: Iterator[Arrived] = iter(arrivals)
        self._sink = sink
        self._progress = progress
        self._waiting: Arrived | None = None
        self._newest_ns = 0
        self._done = Replayed()

    def run(self) -> Replayed:
        done, engine = self._done, self._engine
        self._next()
        while self._waiting is not None and engine.lead.stream is None:
            self._take(self._waiting)
        stream = engine.lead.stream
        if stream is None:
            return done
        assert engine.rate is not None
        assert engine.channels is not None
        done.rate, done.channels = engine.rate, engine.channels
        player = (
            engine
            if isinstance(engine, Mixer)
            else FormatBridge(engine, done.rate, done.channels, SampleRateConverter)
        )
        start_ns, period = stream.start_ns, engine.config.packet
        while self._waiting is not None or self._sounds():
            now_ns = start_ns + done.frames * period * SECOND_NS // done.rate
            while self._waiting is not None and self._waiting.ns <= now_ns:
                self._take(self._waiting)
            frame = player.pull(now_ns)
            done.frames += 1
            if frame.origin is not Origin.IDLE:
                done.samples += frame.audio.shape[0]
            self._sink(frame, done.rate, done.channels)
            self._work_ahead()
            if done.frames % 64 == 0:
                self._progress(now_ns)
        return done

    def _sounds(self) -> bool:
        """There is audio that has not been played."""
        return any(
            engine.stream is not None
            and (engine.newest_stream is not engine.stream or engine.stream.level() > 0)
            for engine in self._engine.engines
        )

    def _next(self) -> None:
        self._waiting = next(self._arrivals, None)

    def _take(self, arrived: Arrived) -> None:
        self._done.datagrams += 1
        self._done.backwards += arrived.ns < self._newest_ns - MAX_SKEW_NS
        self._newest_ns = arrived.ns
        if self._allow.permits(arrived.host):
            self._intake.take(Datagram(arrived.data, arrived.host, arrived.port, arrived.ns), self._engine)
        else:
            self._done.denied += 1
        self._next()

    def _work_ahead(self) -> None:
        """Every fit that is in sight, and the network's trial, which on a live thread have to fit into what time is left."""
        for engine in self._engine.engines:
            while engine.prepare():
                pass
            if engine.filler is not None and engine.filler.opener.trials.waits:
                engine.do(Step.TRY)


def stats(session: Session, done: Replayed) -> dict[str, Any]:
    """What was counted, JSON-ready and the same for the same file and options; names as in docs/control.md."""
    engine, intake = session.engine, session.intake
    counters, lead = engine.counters, engine.lead
    choice = lead.choice
    malformed = intake.malformed.copy()
    if intake.formats.rtp.spoiled:
        malformed[Reason.PARITY] += intake.formats.rtp.spoiled
    resampled = lead.resampled
    made = engine.refinements if lead.filler else None
    return {
        "schema": SCHEMA,
        "datagrams": done.datagrams,
        "seconds": round(done.frames * engine.config.packet / done.rate, 6) if done.rate else 0.0,
        "rate": done.rate,
        "channels": done.channels,
        "packets": {
            **engine.packets(),
            "foreign": counters.foreign + done.denied,
            "zeroed": intake.formats.zeroed,
            "parity": intake.formats.rtp.parity,
            "malformed": {str(reason): count for reason, count in sorted(malformed.items())},
            "refused": {
                str(reason): count for reason, count in sorted((intake.refused + counters.refused).items())
            },
        },
        "frames": {
            "played": counters.frames,
            "by_origin": {origin.label: counters.by_origin[origin] for origin in Origin},
        },
        "events": {
            "reanchored": counters.reanchored,
            "grown": counters.grown,
            "shrunk": counters.shrunk,
            "restarts": max(0, counters.streams - 1),
        },
        "drift": {
            "ppm": None if resampled is None or resampled.ppm is None else round(resampled.ppm, 1),
            "resampling": bool(resampled and resampled.running),
        },
        "predictor": None if choice is None else str(choice.ensemble),
        "network": None
        if made is None
        else {"refused": lead.refused, "shown": made.shown, "share": made.share},
        "clock_steps": done.backwards,
    }

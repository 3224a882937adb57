"""The engine: packets in at any time, frames out when the output asks. It knows no clock, thread or socket."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from plcd.core.counters import Counters
from plcd.core.depth import DEFAULT_DEPTH, Depth
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.core.hole import LONGEST_INTERPOLATION
from plcd.core.hole_filler import HoleFiller
from plcd.core.packet import AudioPacket, StreamFormat
from plcd.core.refiner import Refiner
from plcd.core.sources import Arrival, SourceGate, Verdict
from plcd.core.stream import SECOND_NS, Stream

IDLE_AFTER_S = 1


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How to receive and conceal."""

    packet: int = 512
    """Samples in a frame, the unit in which the output asks."""
    depth: Depth = DEFAULT_DEPTH
    rate: int | None = None
    """Hz; None: the first accepted stream's. Streams of another rate are refused."""
    channels: int | None = None
    """Likewise."""
    predictor: Ensemble = BEST
    lookahead: int | None = None
    """Packets behind a hole that may be used; None: whatever has arrived."""


class Engine:
    """One listener's state. Call from one thread. ``log`` gets (level name, message) for what a person should know once."""

    def __init__(
        self,
        config: EngineConfig,
        log: Callable[[str, str], None] = lambda level, message: None,
        refiner: Refiner | None = None,
    ) -> None:
        self.config = config
        self.counters = Counters()
        self.depth = config.depth
        self.rate = config.rate
        self.channels = config.channels
        self.filler: HoleFiller | None = None
        self._log = log
        self._refiner = refiner
        self._gate = SourceGate()
        self._stream: Stream | None = None
        self._next: Stream | None = None
        self._hold = 0  # samples of inserted time still to be filled
        self._was_idle = True

    @property
    def stream(self) -> Stream | None:
        """The stream that is heard, or that waits to be heard."""
        return self._stream or self._next

    @property
    def newest_stream(self) -> Stream | None:
        """The stream packets go to: the accepted one, heard or not yet."""
        return self._next or self._stream

    @property
    def state(self) -> str:
        """``waiting`` for a stream, ``buffering`` its first depth, ``playing``, or ``idle`` after it fell silent."""
        if self._stream is None:
            return "waiting" if self._next is None else "buffering"
        return "idle" if self._was_idle else "playing"

    def insert(self, packet: AudioPacket, arrival_ns: int) -> None:
        """Take a packet that came at ``arrival_ns`` (monotonic)."""
        if not self._fits(packet.format):
            return
        current = self.newest_stream
        continues = current is not None and current.continues(packet)
        verdict, run = self._gate.judge(Arrival(packet, arrival_ns), continues)
        if verdict is Verdict.CURRENT and current is not None:
            wraps = current.wraps
            current.insert(packet, arrival_ns)
            if current.wraps > wraps:
                level = "debug" if wraps else "info"  # once is news, every twelve minutes is not
                self._log(level, f"{current.source}: sequence number or timestamp wrapped around")
        elif verdict is Verdict.FOREIGN:
            self.counters.foreign += 1
        elif verdict is Verdict.ACCEPTED:
            self._accept(run)

    def pull(self, now_ns: int) -> PlayedFrame:
        """The next frame, ``packet`` samples, asked for at the monotonic instant ``now_ns``. Rate and channels must be known."""
        assert self.rate is not None, "no format yet: nothing can be played"
        assert self.channels is not None, "no format yet: nothing can be played"
        if self._next is not None and now_ns >= self._next.start_ns:
            self._switch(self._next, now_ns)
        frames = self.config.packet
        if self._stream is None or self.filler is None:
            audio = np.zeros((frames, self.channels), dtype=np.float32)
            return self._count(PlayedFrame(audio, Origin.IDLE))
        frame = self._play(self._stream, self.filler, frames, now_ns)
        excess = self._stream.excess()
        if excess:
            self.counters.reanchored += 1
            side = "above" if excess > 0 else "below"
            self._log("warning", f"the level is {self._ms(excess)} ms {side} the depth: re-anchored")
            self._move(excess)
        return self._count(frame)

    def set_depth(self, depth: Depth) -> None:
        """Change the depth; a stream that plays is moved by one splice."""
        self.depth = depth
        for stream in (self._stream, self._next):
            if stream is not None:
                samples = depth.samples(stream.format.rate, self.config.packet)
                if stream.begun:
                    self._move(stream.depth - samples)
                stream.set_depth(samples)

    def set_predictor(self, predictor: Ensemble) -> None:
        """From the next hole on."""
        if self.filler is not None:
            self.filler.change_predictor(predictor)
        self.config = replace(self.config, predictor=predictor)

    def packets(self) -> dict[str, int]:
        """Packet totals by name, see :meth:`Counters.packets`."""
        totals = self.counters.packets([stream.ledger for stream in (self._stream, self._next) if stream])
        totals["foreign"] = self.counters.foreign
        totals["stray"] = self._gate.discarded
        return totals

    def _fits(self, form: StreamFormat) -> bool:
        """Refuse, count and report once a stream of another rate or number of channels."""
        if (self.rate is None or form.rate == self.rate) and (
            self.channels is None or form.channels == self.channels
        ):
            return True
        reason = f"format {form}"
        if len(self.counters.refused) >= 16 and reason not in self.counters.refused:
            reason = "format (others)"
        if not self.counters.refused[reason]:
            wanted = f"{self.rate or 'any'} Hz, {self.channels or 'any'} channel(s)"
            self._log(
                "warning",
                f"refused a stream of {form}: this output plays {wanted}; see --rate and --channels",
            )
        self.counters.refused[reason] += 1
        return False

    def _accept(self, run: list[Arrival]) -> None:
        form = run[0].packet.format
        self.rate, self.channels = form.rate, form.channels
        if self._next is not None:
            self._retire(self._next)
        self._next = Stream(run, self.depth.samples(form.rate, self.config.packet), self.config.packet)
        self.counters.streams += 1
        what = "stream" if self.counters.streams == 1 else "stream (restarted or new)"
        self._log(
            "info", f"{what}: {form} in packets of {self._next.packet_samples} from {self._next.source}"
        )

    def _switch(self, stream: Stream, now_ns: int) -> None:
        """Begin to play ``stream``. Where the output asks too late for its start, whole frames are skipped to keep the depth."""
        if self._stream is not None:
            self._retire(self._stream)
        if self.filler is None:
            config = self.config
            self.filler = HoleFiller(
                stream.format.rate,
                stream.format.channels,
                config.predictor,
                stream.packet_samples,
                self._refiner,
            )
        else:
            self.filler.splice(stream.packet_samples)
            self.filler.limit_crossfade(stream.packet_samples)
        self._stream, self._next, self._hold = stream, None, 0
        overdue = (now_ns - stream.start_ns) * stream.format.rate // SECOND_NS // self.config.packet
        if overdue:
            self._log(
                "info",
                f"the output opened late: {self._ms(overdue * self.config.packet)} ms of the stream skipped",
            )
            stream.buffer.advance(overdue * self.config.packet)

    def _retire(self, stream: Stream) -> None:
        stream.close()
        self.counters.retire(stream.ledger)

    def _play(self, stream: Stream, filler: HoleFiller, frames: int, now_ns: int) -> PlayedFrame:
        idle = stream.buffer.cursor - stream.newest_end >= IDLE_AFTER_S * stream.format.rate
        if idle != self._was_idle:
            self._was_idle = idle
            self._log("info", f"{stream.source}: {'silent for a second, idle' if idle else 'playing'}")
        hold = min(self._hold, frames)
        lookahead = self.config.lookahead
        ahead = 2 * LONGEST_INTERPOLATION if lookahead is None else lookahead * frames
        inserted = min(self._hold, frames + ahead)
        samples, present = stream.buffer.peek(frames + ahead - inserted)
        if inserted:
            samples = np.concatenate((np.zeros((inserted, samples.shape[1]), dtype=np.float32), samples))
            present = np.concatenate((np.zeros(inserted, dtype=np.bool_), present))
        audio, holes = filler.fill(samples, present, frames)
        self._hold -= hold
        stream.asked(frames - hold, now_ns + (frames + self._hold) * SECOND_NS // stream.format.rate)
        if idle:
            return PlayedFrame(audio, Origin.IDLE)
        if hold:
            holes = [Hole(0, hold, Origin.SPLICED)] + [
                Hole(max(start, hold), start + length - max(start, hold), origin)
                for start, length, origin in holes
                if start + length > hold
            ]
        return PlayedFrame(audio, max((hole.origin for hole in holes), default=Origin.RECEIVED), tuple(holes))

    def _move(self, samples: int) -> None:
        """Move the playout point by one splice: forward by skipping ``samples``, backward by inserting time.

        Inserted time that was not yet filled is taken back before anything is skipped.
        """
        if self._stream is None or self.filler is None or samples == 0:
            return
        inserted = max(-samples, -self._hold)
        skipped = samples + inserted
        self._hold += inserted
        if skipped:
            self._stream.buffer.advance(skipped)
            self.filler.splice(self._stream.packet_samples)
        else:
            self.filler.interrupt()
        self._stream.moved(inserted)

    def _count(self, frame: PlayedFrame) -> PlayedFrame:
        self.counters.frames += 1
        self.counters.by_origin[frame.origin] += 1
        return frame

    def _ms(self, samples: int) -> str:
        return f"{1000 * abs(samples) / (self.rate or 1):.1f}"

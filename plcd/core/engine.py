"""The engine: packets in at any time, frames out when the output asks. It knows no clock, thread or socket."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from plcd.core.adaptation import USUAL_PAIR_S, Choice
from plcd.core.choosing import Log
from plcd.core.counters import Counters
from plcd.core.depth import Depth
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.forecaster import AheadCounters
from plcd.core.frame import Origin, PlayedFrame
from plcd.core.hole_filler import HoleFiller
from plcd.core.opener import RunAheadCounters
from plcd.core.packet import AudioPacket, BlankPacket, SourceId, StreamFormat
from plcd.core.playout import Playout
from plcd.core.playout_point import PlayoutPoint
from plcd.core.predictor import Predictor
from plcd.core.refined import RefinerCounters
from plcd.core.refiner import Refiner
from plcd.core.resampled import Resampled, Resampler
from plcd.core.run_ahead import Step
from plcd.core.sources import Arrival, SourceGate, Verdict
from plcd.core.stream import SECOND_NS, Stream

MAX_SPARE = 32
"""Recovered packets kept until their stream is accepted: what comes with the three packets that takes, and a few strangers'."""


class Engine:
    """One listener's state. Call from one thread. ``log`` gets (level name, message) for what a person should know once."""

    def __init__(
        self,
        config: EngineConfig,
        log: Log = lambda level, message: None,
        refiner: Refiner | None = None,
        make_resampler: Callable[[int, int], Resampler] | None = None,
    ) -> None:
        """``make_resampler(rate, channels)``: for clocks that differ; None: they are not followed."""
        self.config = config
        self.counters = Counters()
        self.depth = config.depth
        self.rate = config.rate
        self.channels = config.channels
        self.pair_s = USUAL_PAIR_S
        """Seconds per unit of :attr:`Predictor.work` on this machine, for whoever has a clock to set before a stream plays."""
        self._log = log
        self._refiner = refiner
        self._gate = SourceGate()
        self._make_resampler = make_resampler
        self.farewell: PlayedFrame | None = None
        """What would have come next when a stream of another rate or number of channels began, in the format before it."""
        self.point: PlayoutPoint | None = None
        """What says when samples are played, once a stream plays."""
        self._next: Stream | None = None
        self._playout: Playout | None = None
        self._spare: deque[AudioPacket] = deque(maxlen=MAX_SPARE)
        """Recovered packets of no stream yet."""

    @property
    def engines(self) -> list["Engine"]:
        """Itself; what else has this face may have several."""
        return [self]

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of whom packets are taken from."""
        stream = self.newest_stream
        return () if stream is None else (stream.source[:2],)

    @property
    def lead(self) -> "Engine":
        """The first of them."""
        return self

    @property
    def fits_ahead(self) -> AheadCounters:
        """What became of the fits made ahead."""
        return self.filler.opener.ahead if self.filler is not None else AheadCounters()

    @property
    def rehearsals(self) -> RunAheadCounters:
        """What became of concealment that was prepared before a loss was known."""
        return self.filler.opener.rehearsals if self.filler is not None else RunAheadCounters()

    @property
    def refinements(self) -> RefinerCounters:
        """What became of the blocks shown to the network."""
        return self.filler.opener.refinements if self.filler is not None else RefinerCounters()

    @property
    def filler(self) -> HoleFiller | None:
        """What conceals, once a stream plays."""
        return self._playout.filler if self._playout is not None else None

    @property
    def choice(self) -> Choice | None:
        """What it conceals with."""
        return self._playout.choosing.choice if self._playout is not None else None

    @property
    def refused(self) -> str | None:
        """Why the network does not work on the streams that play; None where it does, or where there is none."""
        return self._playout.choosing.refused if self._playout is not None else None

    @property
    def opening_s(self) -> float:
        """See :attr:`Choosing.opening_s`."""
        return self._playout.choosing.opening_s if self._playout is not None else 0.0

    @property
    def resampled(self) -> Resampled | None:
        """What follows the sender's clock, once a stream plays."""
        return self.point.resampled if self.point is not None else None

    @property
    def stream(self) -> Stream | None:
        """The stream that is heard, or that waits to be heard."""
        return self._playout.stream if self._playout is not None else self._next

    @property
    def newest_stream(self) -> Stream | None:
        """The stream packets go to: the accepted one, heard or not yet."""
        return self._next or self.stream

    @property
    def heard_ns(self) -> int:
        """When the newest packet of the accepted stream came."""
        return self._gate.heard_ns

    @property
    def state(self) -> str:
        """``waiting`` for a stream, ``buffering`` its first depth, ``playing``, or ``idle`` after it fell silent."""
        if self._playout is not None and not self._playout.idle:
            return "playing"
        if self._next is not None:
            return "buffering"
        return "waiting" if self._playout is None else "idle"

    def insert(self, packet: AudioPacket, arrival_ns: int) -> None:
        """Take a packet that came at ``arrival_ns`` (monotonic)."""
        current = self.newest_stream
        continues = current is not None and current.continues(packet)
        if packet.recovered:
            if current is not None and continues and packet.source == current.source:
                current.fill(packet)
            else:
                self._spare.append(packet)
            return
        if not self._fits(packet.format):
            return
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
        elif (remark := self._gate.remark(packet.source)) is not None:
            self._log("warning", remark)

    def note(self, blank: BlankPacket) -> None:
        """Take a packet without audio."""
        current = self.newest_stream
        if current is not None and current.source == blank.source:
            current.note(blank)

    def pull(self, now_ns: int) -> PlayedFrame:
        """The next frame, ``packet`` samples, asked for at the monotonic instant ``now_ns``. Rate and channels must be known.

        They change with the stream: see :class:`plcd.core.format_bridge.FormatBridge` for an output of one format.
        """
        assert self.rate is not None, "no format yet: nothing can be played"
        assert self.channels is not None, "no format yet: nothing can be played"
        if self._next is not None and now_ns >= self._next.start_ns:
            self._switch(self._next, now_ns)
        if self._playout is None:
            audio = np.zeros((self.config.packet, self.channels), dtype=np.float32)
            return self._count(PlayedFrame(audio, Origin.IDLE))
        assert self.point is not None
        return self._count(self.point.pull(self._playout, now_ns))

    def set_depth(self, depth: Depth) -> None:
        """Change the depth; a stream that plays is moved by one splice, or by those that an adaptive depth makes."""
        self.depth = depth
        if self._playout is not None and self.point is not None:
            self.point.set_depth(self._playout, depth)
        if self._next is not None:
            self._next.set_depth(depth.samples(self._next.format.rate, self.config.packet))

    def set_predictor(self, predictor: Ensemble | None) -> None:
        """From the next hole on; None as in :class:`EngineConfig`."""
        self._configure(replace(self.config, predictor=predictor))

    def set_noise(self, noise: float) -> None:
        """From the next hole on."""
        self._configure(replace(self.config, noise=noise))

    def next_fit(self) -> tuple[int, Predictor] | None:
        """What :meth:`prepare` would fit, and behind how many samples; None where no hole is in sight that lacks a fit."""
        return self._playout.next_fit() if self._playout is not None else None

    def prepare(self) -> bool:
        """Make one fit ahead of time for a hole in sight; False when there is none to make. Call it between frames."""
        return self._playout is not None and self._playout.prepare()

    def next_step(self, run_ahead: bool) -> Step | None:
        """What :meth:`do` would do; see :meth:`Playout.next_step`."""
        return self._playout.next_step(run_ahead) if self._playout is not None else None

    def do(self, step: Step) -> bool:
        """Do what :meth:`next_step` said; False where that came to nothing. Call it between frames."""
        return self._playout is not None and self._playout.filler.do(step)

    @property
    def lacks(self) -> bool:
        """Something of the next frame has to be made."""
        return self._playout is not None and self._playout.lacks

    def expect(self, losses: int) -> None:
        """So many of the engines that share a frame's time lack something in the next one."""
        if self._playout is not None:
            self._playout.expect(losses)

    def set_peers(self, peers: int) -> None:
        """So many engines share the machine, and the time of a frame, from the next hole on."""
        self._configure(replace(self.config, peers=peers))

    def move(self, source: SourceId) -> None:
        """The accepted stream comes from ``source`` now: another address, the same stream."""
        self._gate.accepted = source
        for stream in self._streams():
            stream.source = source

    def close(self) -> None:
        """Nothing will come any more: what is missing is lost."""
        for stream in self._streams():
            stream.close()

    def _configure(self, config: EngineConfig) -> None:
        self.config = config
        if self._playout is not None:
            self._playout.change(config)

    def packets(self) -> dict[str, int]:
        """Packet totals by name, see :meth:`Counters.packets`."""
        totals = self.counters.packets([stream.ledger for stream in self._streams()])
        totals["foreign"] = self.counters.foreign
        totals["stray"] = self._gate.discarded
        return totals

    def _streams(self) -> list[Stream]:
        """That which plays and that which waits to, where there are such."""
        return [stream for stream in (self._playout and self._playout.stream, self._next) if stream]

    def _fits(self, form: StreamFormat) -> bool:
        """Refuse, count and report once a stream of another rate or number of channels than those that are asked for."""
        rate, channels = self.config.rate, self.config.channels
        if rate in (None, form.rate) and channels in (None, form.channels):
            return True
        if self.counters.refuse(form):
            wanted = f"{rate or 'any'} Hz, {channels or 'any'} channel(s)"
            self._log("warning", f"refused a stream of {form}: --rate and --channels ask for {wanted}")
        return False

    def _accept(self, run: list[Arrival]) -> None:
        form = run[0].packet.format
        if self._playout is None:
            self.rate, self.channels = form.rate, form.channels
        if self._next is not None:
            self._retire(self._next)
        self._next = Stream(run, self.depth.samples(form.rate, self.config.packet), self.config.packet)
        for packet in self._spare:
            if packet.source == self._next.source and self._next.continues(packet):
                self._next.fill(packet)
        self._spare.clear()
        self.counters.streams += 1
        what = "stream" if self.counters.streams == 1 else "stream (restarted or new)"
        self._log(
            "info", f"{what}: {form} in packets of {self._next.packet_samples} from {self._next.source}"
        )

    def _switch(self, stream: Stream, now_ns: int) -> None:
        """Begin to play ``stream``. Where the output asks too late for its start, whole frames are skipped to keep the depth."""
        before = self._playout
        if before is not None:
            self._retire(before.stream)
        if before is not None and stream.format[1:] == before.stream.format[1:]:
            before.switch(stream)
        else:
            self._begin(stream, now_ns)
        self._next = None
        if self.point is None:
            form, config = stream.format, self.config
            resampler = self._make_resampler and self._make_resampler(form.rate, form.channels)
            resampled = Resampled(form.rate, config.packet, config.drift, resampler)
            self.point = PlayoutPoint(config.packet, resampled, self.counters, self._log)
        self.point.begin(stream, self.depth)
        overdue = (now_ns - stream.start_ns) * stream.format.rate // SECOND_NS // self.config.packet
        if overdue:
            self._log(
                "info",
                f"the output opened late: {self._ms(overdue * self.config.packet)} ms of the stream skipped",
            )
            stream.skip(overdue * self.config.packet)

    def _begin(self, stream: Stream, now_ns: int) -> None:
        """Begin to play ``stream`` where nothing was played, or something of another rate or number of channels."""
        before = self._playout
        if before is not None:
            assert self.point is not None
            self.farewell = self.point.resampled.pull(now_ns, partial(before.play, now_ns))
            self.point = None
            self._log("info", f"another format: {stream.format}, made to fit the output")
        self.rate, self.channels = stream.format.rate, stream.format.channels
        self._playout = Playout(stream, self.config, self.pair_s, self._log, self._refiner)
        if before is not None:
            self._playout.filler.opener.inherit(before.filler.opener)

    def _retire(self, stream: Stream) -> None:
        stream.close()
        self.counters.retire(stream.ledger)

    def _count(self, frame: PlayedFrame) -> PlayedFrame:
        self.counters.frames += 1
        self.counters.by_origin[frame.origin] += 1
        return frame

    def _ms(self, samples: int) -> str:
        return f"{1000 * abs(samples) / (self.rate or 1):.1f}"

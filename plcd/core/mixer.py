"""Several sources at once: an engine for each, all asked for the same frames, and their sum. No clock, thread or socket.

Theory of operation. A source is an address and a stream number (SSRC; where the format has none, the address alone). Three
packets that agree make it a peer, if there is a place: an :class:`Engine` of its own, with buffer, depth, drift, concealment and
counters. Beyond ``most`` peers sources are refused, and counted. A peer that has been silent for :data:`LEAVE_NS` gives
up its place.

A new source may be a peer that goes on: from the same address under another number (it began anew), or under the same number,
in place in its stream, from another address (behind NAT). Then the peer keeps its engine, once the old source has been silent
for as long as one from its own address must be. If both are heard, they are two.

Frames have the output's rate and channels: those asked for, else the first peer's. A peer of another rate is resampled behind
its concealment, and its channels are led to the output's by :func:`plcd.core.mixing.mapped`.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Final, TypeVar

import numpy as np

from plcd.core.adaptation import USUAL_PAIR_S
from plcd.core.choosing import Log
from plcd.core.counters import Counters
from plcd.core.depth import Depth
from plcd.core.engine import MAX_SPARE, Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.forecaster import AheadCounters
from plcd.core.format_bridge import FormatBridge
from plcd.core.frame import Origin, PlayedFrame
from plcd.core.limiter import Limiter
from plcd.core.mixing import added, as_sum, mapped
from plcd.core.opener import RunAheadCounters
from plcd.core.packet import AudioPacket, BlankPacket, SourceId, StreamFormat
from plcd.core.peer import Peer
from plcd.core.refined import RefinerCounters
from plcd.core.refiner import Refiner
from plcd.core.resampled import Resampler
from plcd.core.sources import (
    MAX_RUN,
    MAX_RUNS,
    RUN_LENGTH,
    TAKEOVER_NS,
    Arrival,
    Candidates,
)

MOST_PEERS: Final = 32
DEFAULT_PEERS: Final = 8
LEAVE_NS: Final = 5_000_000_000
"""Longer than a network is away now and then, than a peer takes to start anew, and than the deepest buffer lasts (4 s)."""

Tally = TypeVar("Tally", AheadCounters, RunAheadCounters, RefinerCounters)


class Mixer:
    """What many listeners' state is to one: has an engine's face. Call from one thread.

    ``most``: peers at a time; ``gain(source)``: the factor of a new peer's samples. The rest as for :class:`Engine`, but for
    ``config.rate`` and ``config.channels``, which are the output's, whatever the peers have. Without ``make_resampler`` peers
    of another rate are refused.
    """

    def __init__(
        self,
        config: EngineConfig,
        most: int = DEFAULT_PEERS,
        log: Log = lambda level, message: None,
        refiner: Refiner | None = None,
        make_resampler: Callable[[int, int], Resampler] | None = None,
        gain: Callable[[SourceId], float] = lambda source: 1.0,
    ) -> None:
        self.config = config
        self.most = most
        self.depth = config.depth
        self.rate = config.rate
        self.channels = config.channels
        self.pair_s = USUAL_PAIR_S
        """As :attr:`Engine.pair_s`."""
        self.peers: list[Peer] = []
        """As they came."""
        self.addresses: frozenset[tuple[str, int]] = frozenset()
        """Theirs (host, port). Replaced, never changed."""
        self.joined = 0
        """Peers so far."""
        self.limited = 0
        """Frames in which the sum had to be held down."""
        self._log = log
        self._refiner = refiner
        self._make_resampler = make_resampler
        self._gain = gain
        self._nobody = Engine(config)
        self._by_source: dict[SourceId, Peer] = {}
        self._candidates = Candidates(max(MAX_RUNS, most))
        self._spare: deque[AudioPacket] = deque(maxlen=MAX_SPARE * most)
        """Recovered packets of no peer yet."""
        self._limiter: Limiter | None = None
        Limiter(1)  # compiled before it is in anybody's way
        self._own = Counters()
        """Frames of the mix, what was refused at the door, and what is left of peers that left."""
        self._left: Counter[str] = Counter()
        self._tallies_left = (AheadCounters(), RunAheadCounters(), RefinerCounters())
        self._said = ""
        self._told_full = False

    @property
    def engines(self) -> list[Engine]:
        """One for each peer."""
        return [peer.engine for peer in self.peers]

    @property
    def lead(self) -> Engine:
        """That of the peer which is there longest; one that hears nothing where nobody is."""
        return self.peers[0].engine if self.peers else self._nobody

    @property
    def bridge(self) -> FormatBridge | None:
        """That of the peer which is there longest."""
        return self.peers[0].bridge if self.peers else None

    @property
    def limiter_gain(self) -> float:
        """What the sum is multiplied by now."""
        return self._limiter.gain if self._limiter is not None else 1.0

    @property
    def state(self) -> str:
        """As :attr:`Engine.state`, of the peer that is furthest."""
        states = [engine.state for engine in self.engines]
        nobody = "idle" if self.joined else "waiting"
        return next((state for state in ("playing", "buffering", "idle") if state in states), nobody)

    @property
    def counters(self) -> Counters:
        """Frames of the mix; else the sum over all peers there ever were, but that their first streams count as one."""
        own = self._own
        total = replace(
            own,
            by_origin=list(own.by_origin),
            streams=own.streams + (self.joined > 0),
            refused=own.refused.copy(),
        )
        for engine in self.engines:
            total.add(engine.counters)
        return total

    @property
    def fits_ahead(self) -> AheadCounters:
        """As :attr:`Engine.fits_ahead`, of all peers there ever were."""
        return _summed(self._tallies_left[0], *(engine.fits_ahead for engine in self.engines))

    @property
    def rehearsals(self) -> RunAheadCounters:
        """As :attr:`Engine.rehearsals`, likewise."""
        return _summed(self._tallies_left[1], *(engine.rehearsals for engine in self.engines))

    @property
    def refinements(self) -> RefinerCounters:
        """As :attr:`Engine.refinements`, likewise."""
        return _summed(self._tallies_left[2], *(engine.refinements for engine in self.engines))

    def packets(self) -> dict[str, int]:
        """As :meth:`Engine.packets`, of all peers there ever were."""
        total = Counter({**Counters().packets([]), "foreign": 0, "stray": self._candidates.discarded})
        for packets in (self._left, *(engine.packets() for engine in self.engines)):
            total.update(packets)
        return dict(total)

    def insert(self, packet: AudioPacket, arrival_ns: int) -> None:
        """Take a packet that came at ``arrival_ns`` (monotonic)."""
        peer = self._by_source.get(packet.source)
        if peer is not None:
            peer.engine.insert(packet, arrival_ns)
        elif packet.recovered:
            self._spare.append(packet)
        else:
            run = self._candidates.add(Arrival(packet, arrival_ns))
            if self._candidates.complete(run):
                self._place(run, arrival_ns)
            elif (remark := self._candidates.remark(packet.source)) is not None:
                self._log("warning", remark)

    def note(self, blank: BlankPacket) -> None:
        """Take a packet without audio."""
        peer = self._by_source.get(blank.source)
        if peer is not None:
            peer.engine.note(blank)

    def pull(self, now_ns: int) -> PlayedFrame:
        """As :meth:`Engine.pull`: every peer's frame for the instant ``now_ns``, mixed. Rate and channels must be known."""
        assert self.rate is not None, "no format yet: nothing can be played"
        assert self.channels is not None, "no format yet: nothing can be played"
        for peer in list(self.peers):
            if now_ns - peer.engine.heard_ns >= LEAVE_NS:
                self._leave(peer, "silent")
        losses = sum(engine.lacks for engine in self.engines)
        for peer in self.peers:
            if losses:
                peer.engine.expect(losses)
            peer.frame = peer.bridge.pull(now_ns)
        frame = self._mixed(self.rate, self.channels)
        self._own.frames += 1
        self._own.by_origin[frame.origin] += 1
        return frame

    def set_depth(self, depth: Depth) -> None:
        """As :meth:`Engine.set_depth`, of every peer."""
        self.depth = depth
        self.config = replace(self.config, depth=depth)
        for engine in (*self.engines, self._nobody):
            engine.set_depth(depth)

    def set_predictor(self, predictor: Ensemble | None) -> None:
        """As :meth:`Engine.set_predictor`, of every peer."""
        self.config = replace(self.config, predictor=predictor)
        for engine in (*self.engines, self._nobody):
            engine.set_predictor(predictor)

    def set_gain(self, number: int, gain: float) -> None:
        """Multiply the peer ``number`` by ``gain``, led over to within a frame. Raises KeyError where it is not there."""
        {peer.number: peer for peer in self.peers}[number].gain = gain

    def set_noise(self, noise: float) -> None:
        """As :meth:`Engine.set_noise`, of every peer."""
        self.config = replace(self.config, noise=noise)
        for engine in self.engines:
            engine.set_noise(noise)

    def _mixed(self, rate: int, channels: int) -> PlayedFrame:
        """The sum. One that plays alone passes as its engine made it, unless the limiter is still letting go."""
        heard = [
            (peer.frame, peer.next_gain(self.config.packet))
            for peer in self.peers
            if peer.frame is not None and (peer.frame.origin is not Origin.IDLE or peer.frame.audio.any())
        ]
        if self._limiter is None:
            self._limiter = Limiter(rate)
        if self._limiter.gain == 1.0 and (not heard or (len(heard) == 1 and heard[0][1] is None)):
            if not heard:
                return PlayedFrame(np.zeros((self.config.packet, channels), dtype=np.float32), Origin.IDLE)
            alone = heard[0][0]
            if alone.audio.shape[1] == channels:
                return alone
            return PlayedFrame(mapped(alone.audio, channels), alone.origin, alone.holes)
        total = added(((frame.audio, gain) for frame, gain in heard), self.config.packet, channels)
        audio = self._limiter.hold(total)
        self.limited += self._limiter.gain < 1.0
        return as_sum(audio, [frame for frame, _ in heard])

    def _place(self, run: list[Arrival], now_ns: int) -> None:
        """Decide whose ``run`` is, if that can be told yet."""
        packet = run[0].packet
        kin = self._kin(packet)
        if kin is not None:
            heard_ns = kin.engine.heard_ns
            if now_ns - heard_ns >= TAKEOVER_NS:
                self._go_on(kin, run)
                return
            complete_ns = sorted(arrival.ns for arrival in run)[RUN_LENGTH - 1]
            beside = heard_ns - complete_ns >= TAKEOVER_NS or (heard_ns > complete_ns and len(run) >= MAX_RUN)
            if not beside:
                return
        self._admit(run)

    def _kin(self, packet: AudioPacket) -> Peer | None:
        """The peer that ``packet``, which nobody expects, may come from: of several the one that is silent longest."""
        source = packet.source
        kin = [peer for peer in self.peers if peer.source[:2] == source[:2]]
        if not kin and source.stream:
            kin = [
                peer
                for peer in self.peers
                if peer.source.stream == source.stream and peer.goes_on_with(packet)
            ]
        return min(kin, key=lambda peer: peer.engine.heard_ns, default=None)

    def _go_on(self, peer: Peer, run: list[Arrival]) -> None:
        """``peer`` sends from another source now."""
        source = run[0].packet.source
        self._candidates.accept(source)
        if source[:2] != peer.source[:2]:
            self._log("info", f"peer {peer.number}: {peer.source} goes on from {source}")
            peer.engine.move(source)
        peer.source = source
        self._note_sources()
        for packet, arrival_ns in run:
            peer.engine.insert(packet, arrival_ns)

    def _admit(self, run: list[Arrival]) -> None:
        """Make the source of ``run`` a peer, or refuse it."""
        source, form = run[0].packet.source, run[0].packet.format
        self._candidates.accept(source)
        if not self._place_for(source, form, len(run)):
            return
        self.rate, self.channels = self.rate or form.rate, self.channels or form.channels
        self.joined += 1
        self._told_full = False
        peer = Peer(self.joined, source, self._bridge(form), self._gain(source), since=self._own.frames)
        kept = [packet for packet in self._spare if packet.source == source]
        self._spare = deque((p for p in self._spare if p.source != source), maxlen=self._spare.maxlen)
        self.peers.append(peer)
        self._note_sources()
        self._share()
        self._log("info", f"peer {peer.number} of at most {self.most}: {source}")
        for packet in kept:
            peer.engine.insert(packet, run[0].ns)
        for packet, arrival_ns in run:
            peer.engine.insert(packet, arrival_ns)

    def _place_for(self, source: SourceId, form: StreamFormat, packets: int) -> bool:
        """Refuse, count and report once what cannot be a peer."""
        if self._make_resampler is None and self.rate not in (None, form.rate):
            if self._own.refuse(form, packets):
                self._log(
                    "warning", f"refused {source}: {form}, and this output plays {self.rate} Hz; see --rate"
                )
            return False
        if len(self.peers) >= self.most:
            self._own.refused["full"] += packets
            if not self._told_full:
                self._told_full = True
                self._log(
                    "warning", f"refused {source}: {self.most} peers are heard already; see --max-peers"
                )
            return False
        return True

    def _bridge(self, form: StreamFormat) -> FormatBridge:
        """With an engine for a peer that begins with ``form``, and may go on with another."""
        assert self.rate is not None
        make = self._make_resampler
        config = replace(
            self.config, rate=None if make else form.rate, channels=None, peers=len(self.peers) + 1
        )
        engine = Engine(config, self._log_of(self.joined), self._refiner, make)
        engine.pair_s = self.pair_s
        return FormatBridge(engine, self.rate, form.channels, make or _no_resampler)

    def _leave(self, peer: Peer, reason: str) -> None:
        """Free the place of ``peer``."""
        engine = peer.engine
        engine.close()
        self._own.add(engine.counters)
        self._left.update(engine.packets())
        fits, rehearsals, refinements = self._tallies_left
        self._tallies_left = (
            _summed(fits, engine.fits_ahead),
            _summed(rehearsals, engine.rehearsals),
            _summed(refinements, engine.refinements),
        )
        self.peers.remove(peer)
        self._note_sources()
        self._told_full = False
        self._log("info", f"peer {peer.number} left, {reason}: {peer.source}")
        self._share()

    def _note_sources(self) -> None:
        """Whose packets go where from now on."""
        self._by_source = {peer.source: peer for peer in self.peers}
        self.addresses = frozenset(source[:2] for source in self._by_source)

    def _share(self) -> None:
        """Let every engine know how many there are."""
        for engine in self.engines:
            if engine.config.peers != len(self.peers):
                engine.set_peers(len(self.peers))

    def _log_of(self, number: int) -> Log:
        """What a peer's engine tells; its choice of predictor, which is everybody's, once."""

        def tell(level: str, message: str) -> None:
            if message.startswith("predictor "):
                if message == self._said:
                    return
                self._said = message
                self._log(level, message)
            else:
                self._log(level, f"peer {number}: {message}")

        return tell


def _no_resampler(rate: int, channels: int) -> Resampler:
    raise AssertionError("the engine refuses other rates")


def _summed(first: Tally, *others: Tally) -> Tally:
    """Field by field."""
    each = (first, *others)
    return type(first)(*(sum(getattr(one, field.name) for one in each) for field in fields(first)))

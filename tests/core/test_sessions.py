"""What peers do in mid-session: the stream goes on by itself, whatever comes in whatever order."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from core_streams import RATE, SECOND_NS, SMALL, STEREO, Sender, listen, ns, numbered
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plcd.core.depth import Depth
from plcd.core.engine import MAX_SPARE, Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.format_bridge import FormatBridge
from plcd.core.frame import Origin, PlayedFrame
from plcd.core.packet import AudioPacket, BlankPacket, Recovery, SourceId, StreamFormat
from plcd.core.sources import MAX_RUN, MAX_RUNS, Arrival
from plcd.io.resampling import SampleRateConverter

CONFIG = EngineConfig(packet=256, predictor=Ensemble.of(SMALL), lookahead=0)
SETTLED_S = 3.0
"""A peer that sends undisturbed for so long is heard: a second for another address, three packets, a depth."""
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (8192, 8)).astype(np.float32)
PEER = SourceId("192.0.2.7", 5004, 1)
FORMATS = [
    StreamFormat("L16", 44_100, 1),
    StreamFormat("L24", 44_100, 1),
    StreamFormat("L16", 48_000, 2),
    StreamFormat("L16", 22_050, 1),
    StreamFormat("L16", 96_000, 2),
    StreamFormat("JackTrip-16", 48_000, 1),
    StreamFormat("JackTrip-16", 44_100, 2),
]


@dataclass
class Peer:
    """A sender; its packets leave when their first sample is due, from ``at_ns`` on."""

    at_ns: int
    source: SourceId = PEER
    form: StreamFormat = FORMATS[0]
    size: int = 512
    sequence: int = 65_000
    timestamp: int = 2**32 - 30_000

    @property
    def period_ns(self) -> int:
        return ns(self.size, self.form.rate)

    def packet(self) -> AudioPacket:
        """The next one."""
        jacktrip = self.form.encoding.startswith("JackTrip")
        samples = NOISE[: self.size, : self.form.channels]
        stamp = None if jacktrip else self.timestamp % 2**32
        source = self.source._replace(stream=0) if jacktrip else self.source
        packet = AudioPacket(source, self.sequence % 2**16, stamp, self.form, samples)
        self.skip()
        return packet

    def skip(self) -> None:
        """It is made, and not sent."""
        self.sequence += 1
        self.timestamp += self.size
        self.at_ns += self.period_ns


@dataclass
class Listener:
    """An engine behind an output that was opened in the first stream's format, and never closes."""

    engine: Engine
    bridge: FormatBridge | None = None
    start_ns: int = 0
    ticks: int = 0
    newest: list[PlayedFrame] = field(default_factory=list)

    def play_until(self, now_ns: int) -> None:
        """Every frame that is asked for up to then."""
        engine = self.engine
        if self.bridge is None:
            if engine.stream is None:
                return
            assert engine.rate is not None
            assert engine.channels is not None
            self.bridge = FormatBridge(engine, engine.rate, engine.channels, SampleRateConverter)
            self.start_ns = engine.stream.start_ns
        frame = engine.config.packet
        while (at_ns := self.start_ns + ns(self.ticks * frame, self.bridge.rate)) <= now_ns:
            self.ticks += 1
            played = self.bridge.pull(at_ns)
            assert played.audio.shape == (frame, self.bridge.channels)
            assert np.isfinite(played.audio).all()
            assert np.abs(played.audio).max() < 2.0
            self.newest = [*self.newest[-127:], played]


class Sessions(RuleBasedStateMachine):
    """Everything a peer, its network and strangers may do, in any order."""

    @initialize(form=st.sampled_from(FORMATS), depth=st.sampled_from(["40ms", "20ms", "auto"]))
    def begin(self, form: StreamFormat, depth: str) -> None:
        config = replace(CONFIG, depth=Depth.parse(depth))
        self.listener = Listener(Engine(config, make_resampler=SampleRateConverter))
        self.engine = self.listener.engine
        self.peer = Peer(10**15, form=form)
        self.sent = list[AudioPacket]()
        self.noted = 0

    def deliver(self, packet: AudioPacket, at_ns: int) -> None:
        self.listener.play_until(at_ns)
        self.engine.insert(packet, at_ns)
        self.noted += not packet.recovered

    def send(self) -> None:
        at_ns = self.peer.at_ns
        packet = self.peer.packet()
        self.sent = [*self.sent[-15:], packet]
        self.deliver(packet, at_ns)

    @rule(count=st.integers(1, 60))
    def plays(self, count: int) -> None:
        for _ in range(count):
            self.send()

    @rule(count=st.integers(1, 30))
    def loses(self, count: int) -> None:
        for _ in range(count):
            self.peer.skip()

    @rule(count=st.integers(2, 12), data=st.data())
    def swaps(self, count: int, data: st.DataObject) -> None:
        """They come at once, in another order."""
        packets = [self.peer.packet() for _ in range(count)]
        for packet in data.draw(st.permutations(packets)):
            self.deliver(packet, self.peer.at_ns)

    @rule(ms=st.sampled_from([20, 35, 200, 900, 1100, 5000]), keeps_counting=st.booleans())
    def pauses(self, ms: int, keeps_counting: bool) -> None:
        """A muted sender's clock may go on, or stand still with it."""
        end_ns = self.peer.at_ns + ms * 1_000_000
        while keeps_counting and self.peer.at_ns < end_ns:
            self.peer.timestamp += self.peer.size
            self.peer.at_ns += self.peer.period_ns
        self.peer.at_ns = max(self.peer.at_ns, end_ns)

    @rule(ssrc=st.integers(0, 5), sequence=st.integers(0, 65_535), timestamp=st.integers(0, 2**32 - 1))
    def restarts(self, ssrc: int, sequence: int, timestamp: int) -> None:
        self.peer.source = self.peer.source._replace(stream=ssrc)
        self.peer.sequence, self.peer.timestamp = sequence, timestamp

    @rule(port=st.integers(5004, 5007), host=st.sampled_from(["192.0.2.7", "192.0.2.8"]))
    def moves(self, port: int, host: str) -> None:
        """As behind an address translator that forgot: the numbers go on."""
        self.peer.source = self.peer.source._replace(host=host, port=port)

    @rule(size=st.sampled_from([64, 480, 512, 1024]))
    def resizes(self, size: int) -> None:
        self.peer.size = size

    @rule(form=st.sampled_from(FORMATS))
    def reformats(self, form: StreamFormat) -> None:
        self.peer.form = form

    @rule(count=st.integers(1, 20), ssrc=st.integers(0, 9), port=st.sampled_from([5004, 6666]))
    def is_disturbed(self, count: int, ssrc: int, port: int) -> None:
        """Somebody else's packets, perhaps under the peer's address."""
        source = SourceId(self.peer.source.host if port == 5004 else "203.0.113.66", port, 100 + ssrc)
        other = replace(self.peer, source=source, sequence=7, timestamp=7)
        for _ in range(count):
            self.deliver(other.packet(), self.peer.at_ns)

    @rule(recovered=st.sampled_from([None, *Recovery]))
    def repeats(self, recovered: Recovery | None) -> None:
        """Copies of what came before, as duplicates or as redundancy; and a packet without audio."""
        for packet in self.sent:
            self.deliver(replace(packet, recovered=recovered), self.peer.at_ns)
            self.engine.note(BlankPacket(packet.source, packet.sequence))

    @rule(depth=st.sampled_from(["20ms", "40ms", "150ms", "auto", "auto:5-60"]))
    def listener_changes_the_depth(self, depth: str) -> None:
        self.engine.set_depth(Depth.parse(depth))

    @rule()
    def is_heard_again(self) -> None:
        """Left alone for a while the peer is what plays, in its own format, without a hole."""
        for _ in range(round(SETTLED_S * SECOND_NS / self.peer.period_ns)):
            self.send()
        self.listener.play_until(self.peer.at_ns)
        engine, stream = self.engine, self.engine.stream
        assert stream is not None
        assert engine.state == "playing"
        assert engine.newest_stream is stream
        assert stream.source == self.sent[-1].source
        assert stream.format == self.peer.form
        assert stream.packet_samples == self.peer.size
        assert (engine.rate, engine.channels) == (self.peer.form.rate, self.peer.form.channels)
        last = [frame.origin for frame in self.listener.newest[-32:]]
        moves = engine.depth.auto is not None
        assert last.count(Origin.RECEIVED) >= (24 if moves else 32), last

    @invariant()
    def everything_is_counted_and_bounded(self) -> None:
        if not hasattr(self, "engine"):
            return
        engine = self.engine
        packets = engine.packets()
        assert min(packets.values()) >= 0
        assert packets["expected"] == sum(packets[name] for name in ("on_time", "late", "lost", "recovered"))
        assert sum(engine.counters.by_origin) == engine.counters.frames
        # Every packet that came is received, foreign, a stray or on trial.
        trials = sum(len(run) for run in engine._gate._candidates._runs.values())
        assert packets["received"] + packets["foreign"] + packets["stray"] + trials <= self.noted
        assert not engine.counters.refused
        assert len(engine._gate._candidates._runs) <= MAX_RUNS
        assert all(len(run) <= MAX_RUN for run in engine._gate._candidates._runs.values())
        assert len(engine._spare) <= MAX_SPARE
        for stream in engine._streams():
            assert stream.buffer.capacity <= 6 * stream.format.rate
            assert len(stream.ledger._missing) <= 4096
        bridge = self.listener.bridge
        assert bridge is None or bridge._ready.shape[0] < 12 * engine.config.packet


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    max_examples=25, stateful_step_count=14, suppress_health_check=list(HealthCheck), deadline=None
)


def test_a_peer_that_gets_another_port_is_heard_after_a_second() -> None:
    """Behind an address translator: the same SSRC and numbers, another address."""
    engine = Engine(replace(CONFIG, packet=512))
    first = Sender()
    moved = replace(first, source=first.source._replace(port=40_000))
    arrivals = [*first.arrivals(range(100)), *moved.arrivals(range(100, 400))]
    played = listen(engine, arrivals, ns(399 * 512))
    assert engine.stream is not None
    assert engine.stream.source == moved.source
    assert engine.counters.streams == 2
    packets = engine.packets()
    assert packets["foreign"] == pytest.approx(RATE / 512, abs=2)
    audio = played.audio[-20 * 512 :, 0]
    first_number = round(float(audio[0]) * 2**24) - 1
    assert np.array_equal(audio, numbered(first_number, audio.size)[:, 0])


@pytest.mark.parametrize("size", [64, 480, 1024])
def test_packets_of_another_size_change_nothing(size: int) -> None:
    engine = Engine(replace(CONFIG, packet=512))
    first = Sender(512)
    second = Sender(size, first.sequence + 100, first.timestamp + 100 * 512)
    later = [
        Arrival(replace(packet, samples=numbered(100 * 512 + index * size, size)), at + ns(100 * 512))
        for index, (packet, at) in enumerate(second.arrivals(range(100 * 512 // size)))
    ]
    played = listen(engine, [*first.arrivals(range(100)), *later], ns(195 * 512))
    assert engine.counters.streams == 1
    assert {frame.origin for frame in played.frames} == {Origin.RECEIVED}
    assert np.array_equal(played.audio[:, 0], numbered(0, played.audio.shape[0])[:, 0])


def test_jacktrip_with_another_size_is_a_restart_that_is_heard_at_once() -> None:
    """It has no sample clock: where its packets lie follows from their size."""
    listener = Listener(Engine(CONFIG))
    peer = Peer(0, form=FORMATS[5])
    for size in (512, 128, 1024):
        peer.size = size
        peer.at_ns += 40_000_000
        for _ in range(round(SECOND_NS / peer.period_ns)):
            listener.play_until(peer.at_ns)
            at_ns = peer.at_ns
            listener.engine.insert(peer.packet(), at_ns)
    packets = listener.engine.packets()
    assert listener.engine.counters.streams == 3
    assert packets["late"] == packets["lost"] == packets["stray"] == 0
    assert {frame.origin for frame in listener.newest} == {Origin.RECEIVED}


def test_a_stream_of_another_format_is_still_refused_where_one_is_asked_for() -> None:
    engine = Engine(replace(CONFIG, rate=RATE, channels=1))
    listener = Listener(engine)
    for at, form in ((0, FORMATS[0]), (2 * SECOND_NS, STEREO), (4 * SECOND_NS, FORMATS[0])):
        peer = Peer(at, form=form)
        for _ in range(100):
            listener.play_until(peer.at_ns)
            at_ns = peer.at_ns
            engine.insert(peer.packet(), at_ns)
    assert dict(engine.counters.refused) == {"format L16/44100/2": 100}
    assert engine.packets()["on_time"] == 200

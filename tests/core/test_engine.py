from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from core_streams import (
    MONO,
    RATE,
    SECOND_NS,
    SMALL,
    SOURCE,
    STEREO,
    Played,
    Sender,
    listen,
    music,
    ns,
    numbered,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.concealer import Concealer
from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.frame import Origin, Samples
from plcd.core.packet import SourceId, StreamFormat
from plcd.core.refiner import Block, Signal
from plcd.core.sources import Arrival

DEPTH_MS = 40
DEPTH = 1764
CROSSFADE = 128
"""At 44.1 kHz, for packets as long."""
CONFIG = EngineConfig(predictor=Ensemble.of(SMALL), lookahead=0)
OTHER_HOST = SourceId("192.0.2.66", 5004, 1)


class Log(list[tuple[str, str]]):
    """Keeps what an engine tells."""

    def __call__(self, level: str, message: str) -> None:
        self.append((level, message))


def check_sums(engine: Engine) -> dict[str, int]:
    counters, packets = engine.counters, engine.packets()
    assert sum(counters.by_origin) == counters.frames
    assert packets["expected"] == packets["on_time"] + packets["late"] + packets["lost"]
    assert packets["received"] == packets["on_time"] + packets["late"] + packets["duplicate"]
    assert min(packets.values()) >= 0
    return packets


def offline(sender: Sender, lost: list[bool], config: EngineConfig) -> Samples:
    """What the concealer makes of the same packets, cut elsewhere."""
    concealer = Concealer(
        RATE, sender.format.channels, sender.size, config.predictor or BEST, noise=config.noise
    )
    signal = np.concatenate([sender.packet(index).samples for index in range(len(lost))])
    mask = np.repeat(lost, sender.size)
    changes = (np.flatnonzero(np.diff(mask)) + 1).tolist()
    cuts = sorted({*range(0, mask.size, min(64, sender.size)), *changes, mask.size})
    parts = [
        concealer.push_lost(stop - start) if mask[start] else concealer.push(signal[start:stop])
        for start, stop in pairwise(cuts)
    ]
    return np.concatenate(parts)


def continuous(played: Played, first: int = 0) -> int:
    """Assert that the numbered samples run from ``first`` on without a break until nothing comes; returns how many."""
    audio = played.audio[:, 0]
    count = next((i for i, frame in enumerate(played.frames) if frame.origin is not Origin.RECEIVED), None)
    end = audio.size if count is None else count * played.frames[0].audio.shape[0]
    assert np.array_equal(audio[:end], numbered(first, end)[:, 0])
    return end


# Depth, holes, counts


@pytest.mark.parametrize("depth", [Depth(), Depth(ms=None, packets=4), Depth(ms=0.0), Depth(ms=2000.0)])
def test_the_first_packet_plays_a_depth_after_it_arrived(depth: Depth) -> None:
    engine = Engine(replace(CONFIG, depth=depth, rate=RATE, channels=1))
    played = listen(engine, Sender().arrivals(range(200), 3_000_000), ns(190 * 512), open_ns=0)
    due = 3_000_000 + ns(depth.samples(RATE, 512))
    accepted = 3_000_000 + ns(2 * 512)
    began = next(i for i, now in enumerate(played.instants) if now >= max(due, accepted))
    assert set(played.origins[:began]) == {"idle"}
    assert not played.audio[: began * 512].any()
    # Where the depth is over before the stream is accepted, whole frames are skipped.
    skipped = (played.instants[began] - due) * RATE // SECOND_NS // 512 * 512
    assert (skipped > 0) == (due < accepted)
    audio = played.audio[began * 512 :]
    assert np.array_equal(audio, numbered(skipped, audio.shape[0]))


def test_an_output_opened_at_the_start_plays_the_first_sample_first() -> None:
    engine = Engine(CONFIG)
    played = listen(engine, Sender().arrivals(range(100)), ns(99 * 512))
    assert played.instants[0] == ns(DEPTH)
    assert continuous(played) == len(played.frames) * 512
    assert check_sums(engine)["on_time"] > 95
    assert engine.state == "playing"


def test_an_output_that_opens_late_skips_whole_frames_to_keep_the_depth() -> None:
    log = Log()
    engine = Engine(CONFIG, log)
    played = listen(engine, Sender().arrivals(range(100)), ns(90 * 512), open_ns=ns(DEPTH + 5 * 512 + 100))
    assert played.audio[0, 0] == numbered(5 * 512, 1)[0, 0]
    assert any("opened late" in message for _, message in log)


@pytest.mark.parametrize("size", [480, 64, 1024, 512, 1, 441])
@pytest.mark.parametrize("frames", [512, 100])
def test_a_hole_is_exactly_the_missing_samples(size: int, frames: int) -> None:
    engine = Engine(replace(CONFIG, packet=frames))
    total = 20_000 // size
    lost = {index for index in range(5, total - 1) if index % 7 in (3, 4)}
    sender = Sender(size)
    arrivals = sender.arrivals(index for index in range(total) if index not in lost)
    played = listen(engine, arrivals, ns(total * size) + ns(DEPTH))
    end = total * size
    expected = [sample for index in sorted(lost) for sample in range(index * size, (index + 1) * size)]
    assert [sample for sample in played.missing() if sample < end] == expected
    # What was received is played as it came, but for the crossfade behind each hole.
    kept = np.ones(end, dtype=np.bool_)
    for sample in expected:
        kept[sample : sample + 1 + min(CROSSFADE, size)] = False
    assert np.array_equal(played.audio[:end][kept], numbered(0, end)[kept])
    packets = check_sums(engine)
    assert (packets["lost"], packets["on_time"]) == (len(lost), total - len(lost))


def test_counts_of_a_stream_with_everything_in_it() -> None:
    engine = Engine(CONFIG)
    sender = Sender()
    arrivals = []
    for index in range(100):
        if index % 10 == 3 and index > 3:
            continue  # lost
        late = index % 10 == 5
        arrivals.append(sender.arrival(index, 60_000_000 if late else 0))
        if index % 10 == 7:
            arrivals.append(sender.arrival(index, 1_000_000))
    played = listen(engine, arrivals, ns(110 * 512))
    packets = check_sums(engine)
    assert (packets["lost"], packets["late"], packets["duplicate"]) == (9, 10, 10)
    assert packets["expected"] == 100
    assert packets["reordered"] == 10
    assert len({index for index in range(100) if index * 512 in played.missing()}) == 19
    assert engine.counters.by_origin[Origin.PREDICTED] > 0


def test_frames_are_idle_before_the_first_packet_and_a_second_after_the_last() -> None:
    engine = Engine(replace(CONFIG, rate=RATE, channels=1))
    assert engine.state == "waiting"
    begin = 10**12
    arrivals = [Arrival(packet, begin + at) for packet, at in Sender().arrivals(range(50))]
    played = listen(engine, arrivals, begin + 5 * SECOND_NS, open_ns=begin - SECOND_NS)
    names = played.origins
    first, last = names.index("received"), max(i for i, name in enumerate(names) if name == "received")
    assert set(names[:first]) == {"idle"}
    assert played.instants[first] - begin >= ns(DEPTH)
    assert last - first == 49
    idle = names.index("idle", first)
    after = (idle - last - 1) * 512
    assert RATE <= after < RATE + 512
    assert set(names[idle:]) == {"idle"}
    assert not played.audio[idle * 512 :].any()
    assert not any(frame.holes for frame in played.frames if frame.origin is Origin.IDLE)
    concealed = names[last + 1 : idle]
    assert concealed == sorted(concealed, key=["predicted", "silence"].index)
    assert engine.state == "idle"
    packets = check_sums(engine)
    assert (packets["lost"], packets["on_time"]) == (0, 50)


def test_a_pull_needs_a_format() -> None:
    with pytest.raises(AssertionError):
        Engine(CONFIG).pull(0)


# Live equals offline


@settings(max_examples=40)
@given(st.data())
def test_with_jitter_below_the_depth_the_engine_equals_the_concealer(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([512, 480, 64, 1024, 333]))
    frames = data.draw(st.sampled_from([512, 128]))
    channels = data.draw(st.sampled_from([1, 2]))
    count = data.draw(st.integers(6, 40))
    lost = [False, *(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))]
    lost[-3:] = [False] * 3
    form = (MONO, STEREO)[channels - 1]
    sender = Sender(size, format=form, signal=music((count + 1) * size, channels))
    # A frame is asked for as a whole, so packets that lie across frames must come up to a frame earlier.
    jitter = data.draw(st.integers(0, ns(DEPTH - frames * (size % frames > 0))))
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    arrivals = []
    for index, gone in enumerate(lost):
        if not gone:
            arrivals.append(sender.arrival(index, int(rng.integers(0, jitter + 1))))
            if rng.random() < 0.2:
                arrivals.append(sender.arrival(index, int(rng.integers(0, 2 * jitter + 1))))
    config = replace(CONFIG, packet=frames)
    engine = Engine(config)
    played = listen(engine, arrivals, ns((count + 1) * size) + 2 * SECOND_NS)
    expected = offline(sender, lost, config)
    assert np.array_equal(played.audio[: expected.shape[0]], expected)
    packets = check_sums(engine)
    assert packets["late"] == 0
    assert packets["on_time"] == packets["expected"] - packets["lost"] == lost.count(False)
    assert packets["lost"] == lost.count(True)


def test_a_long_stream_with_much_jitter_never_moves_the_playout_point() -> None:
    engine = Engine(CONFIG)
    rng = np.random.default_rng(3)
    sender = Sender()
    arrivals = [sender.arrival(index, int(rng.integers(0, ns(DEPTH)))) for index in range(1500)]
    played = listen(engine, arrivals, ns(1480 * 512))
    assert continuous(played) == len(played.frames) * 512
    assert engine.counters.reanchored == 0


@pytest.mark.parametrize("lookahead", [1, 2])
def test_lookahead_equals_the_concealers_when_all_is_there_in_time(lookahead: int) -> None:
    lost = [index % 9 in (4, 7, 8) for index in range(60)]
    sender = Sender(signal=music(60 * 512))
    engine = Engine(replace(CONFIG, lookahead=lookahead))
    arrivals = sender.arrivals(index for index in range(60) if not lost[index])
    played = listen(engine, arrivals, ns(50 * 512))
    concealer = Concealer(RATE, 1, 512, SMALL, lookahead=lookahead)
    parts = [concealer.push(None if gone else sender.packet(i).samples) for i, gone in enumerate(lost)]
    expected = np.concatenate([*parts, concealer.flush()])
    assert np.array_equal(played.audio, expected[: played.audio.shape[0]])
    assert engine.counters.by_origin[Origin.INTERPOLATED] > 0


@pytest.mark.parametrize(
    ("lookahead", "origin"), [(0, "predicted"), (1, "interpolated"), (None, "interpolated")]
)
def test_what_has_arrived_behind_a_hole_is_used_if_allowed(lookahead: int | None, origin: str) -> None:
    sender = Sender(signal=music(60 * 512))
    engine = Engine(replace(CONFIG, lookahead=lookahead))
    played = listen(engine, sender.arrivals(index for index in range(60) if index != 30), ns(50 * 512))
    assert list(played.holes()) == [(30 * 512, 512, origin)]


@settings(max_examples=60)
@given(st.data())
def test_any_schedule_keeps_the_contracts(data: st.DataObject) -> None:
    """Jitter beyond the depth, bursts, moves of the depth, any lookahead: nothing fails, everything is counted."""
    size = data.draw(st.sampled_from([512, 64, 700]))
    config = replace(
        CONFIG,
        packet=data.draw(st.sampled_from([512, 128])),
        lookahead=data.draw(st.sampled_from([0, 1, None])),
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    jitter = data.draw(st.sampled_from([0, 30, 100, 900])) * 1_000_000
    loss = data.draw(st.sampled_from([0.0, 0.1, 0.6]))
    moves = data.draw(st.dictionaries(st.integers(0, 80), st.sampled_from([0.0, 10.0, 40.0, 100.0, 500.0])))
    count = 60 * 512 // size
    sender = Sender(size, signal=music(count * size))
    arrivals = [
        sender.arrival(index, int(rng.integers(0, jitter + 1)))
        for index in range(count)
        if index < 3 or rng.random() >= loss
    ]
    engine = Engine(config)
    waiting = sorted(arrivals, key=lambda arrival: arrival.ns)
    while engine.stream is None and waiting:
        engine.insert(*waiting.pop(0))
    if engine.stream is None:
        return
    open_ns = engine.stream.start_ns
    known = np.abs(sender.signal).max() if sender.signal is not None else 0
    for tick in range(100):
        now_ns = open_ns + ns(tick * config.packet)
        while waiting and waiting[0].ns <= now_ns:
            engine.insert(*waiting.pop(0))
        if tick in moves:
            engine.set_depth(Depth(ms=moves[tick]))
        cursor = engine.stream.buffer.cursor
        frame = engine.pull(now_ns)
        assert engine.stream.buffer.cursor >= cursor or not tick
        assert frame.audio.shape == (config.packet, 1)
        assert np.isfinite(frame.audio).all()
        assert np.abs(frame.audio).max() <= 1.2 * known * (1 + 1e-6)
        place = 0
        for hole in frame.holes:
            assert hole.start >= place
            assert hole.length > 0
            place = hole.start + hole.length
        assert place <= config.packet
        check_sums(engine)


# Restarts, silence, strangers


def test_sequence_and_timestamp_wrap_mid_stream() -> None:
    log = Log()
    engine = Engine(CONFIG, log)
    sender = Sender(sequence=2**16 - 20, timestamp=2**32 - 15 * 512 - 100)
    played = listen(engine, sender.arrivals(range(60)), ns(50 * 512))
    assert continuous(played) == len(played.frames) * 512
    assert sum("wrapped" in message for _, message in log) == 2
    assert engine.counters.streams == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"source": SourceId(SOURCE.host, SOURCE.port, 99)},
        {"timestamp": 10**9},
        {"sequence": 30_000},
        {"source": SourceId(SOURCE.host, SOURCE.port, 99), "timestamp": 10**9, "sequence": 30_000},
    ],
)
def test_a_restart_plays_on_and_splices(changed: dict[str, object]) -> None:
    log = Log()
    engine = Engine(CONFIG, log)
    old = Sender()
    new = replace(old, **changed)  # type: ignore[arg-type]
    later = [Arrival(packet, at + ns(40 * 512)) for packet, at in new.arrivals(range(60))]
    played = listen(engine, [*old.arrivals(range(40)), *later], ns(DEPTH + 99 * 512))
    packets = check_sums(engine)
    assert engine.counters.streams == 2
    assert sum("restarted" in message for _, message in log) == 1
    assert (packets["on_time"], packets["lost"], packets["stray"], packets["foreign"]) == (100, 0, 0, 0)
    # The old stream ends when its audio does; the new one begins with its first sample.
    begin = next(i for i in range(len(played.frames)) if played.instants[i] >= ns(40 * 512) + ns(DEPTH))
    audio = played.audio[:, 0]
    assert np.array_equal(audio[: 40 * 512], numbered(0, 40 * 512)[:, 0])
    start = begin * 512
    rest = audio.size - start - 512
    assert np.array_equal(audio[start + 512 :], numbered(512, rest)[:, 0])
    assert played.frames[begin].origin is Origin.RECEIVED
    jumps = np.abs(np.diff(audio))
    assert jumps.max() < 1e-3


def test_a_stray_datagram_never_seizes_or_resets() -> None:
    engine = Engine(CONFIG)
    sender = Sender()
    arrivals = sender.arrivals(range(100))
    for index in range(5, 100, 3):
        stray = sender.packet(index)
        for number, changed in enumerate(
            [
                {"sequence": (stray.sequence + 20_000) % 2**16},
                {"timestamp": ((stray.timestamp or 0) + 2**31) % 2**32},
                {"source": OTHER_HOST},
            ]
        ):
            if index % 3 == number or number == 2:
                at = arrivals[index].ns + 1000 * (number + 1)
                arrivals.append(Arrival(replace(stray, samples=-stray.samples, **changed), at))  # type: ignore[arg-type]
    played = listen(engine, arrivals, ns(95 * 512))
    assert continuous(played) == len(played.frames) * 512
    assert engine.counters.streams == 1
    assert check_sums(engine)["foreign"] == 30


@pytest.mark.parametrize("pause_s", [0.5, 3.0, 40.0])
def test_a_stream_that_returns_on_its_own_timeline_goes_on(pause_s: float) -> None:
    engine = Engine(CONFIG)
    pause = round(pause_s * RATE / 512)
    sender = Sender()
    first = sender.arrivals(range(40))
    last = [
        Arrival(replace(packet, sequence=(packet.sequence - pause) % 2**16), at)
        for packet, at in sender.arrivals(range(40 + pause, 80 + pause))
    ]
    played = listen(engine, [*first, *last], ns((79 + pause) * 512 + DEPTH))
    assert engine.counters.streams == 1
    packets = check_sums(engine)
    assert (packets["on_time"], packets["lost"]) == (80, 0)
    audio = played.audio[:, 0]
    start = (40 + pause) * 512 + CROSSFADE
    assert np.array_equal(audio[start:], numbered(start, audio.size - start)[:, 0])
    assert ("idle" in played.origins) == (pause_s > 1)


def test_a_stream_that_returns_on_another_timeline_is_a_restart() -> None:
    engine = Engine(CONFIG)
    sender = Sender()
    again = [Arrival(packet, at + 5 * SECOND_NS) for packet, at in sender.arrivals(range(40, 100))]
    played = listen(engine, [*sender.arrivals(range(40)), *again], 5 * SECOND_NS + ns(99 * 512 + DEPTH))
    assert engine.counters.streams == 2
    packets = check_sums(engine)
    assert (packets["on_time"], packets["late"], packets["lost"]) == (100, 0, 0)
    due = ns(40 * 512) + 5 * SECOND_NS + ns(DEPTH)
    begin = next(i for i, now in enumerate(played.instants) if now >= due)
    start = begin * 512 + 512
    audio = played.audio[:, 0]
    assert np.array_equal(audio[start:], numbered(40 * 512 + 512, audio.size - start)[:, 0])


def test_another_address_gets_its_turn_after_a_second_of_silence() -> None:
    engine = Engine(CONFIG)
    other = Sender(source=OTHER_HOST)
    strangers = other.arrivals(range(400))
    played = listen(engine, [*Sender().arrivals(range(100)), *strangers], ns(380 * 512))
    packets = check_sums(engine)
    assert engine.counters.streams == 2
    assert engine.stream is not None
    assert engine.stream.source == OTHER_HOST
    silent = round(SECOND_NS / ns(512))
    assert abs(packets["foreign"] - (100 + silent)) <= 2
    assert packets["stray"] == 2  # on trial beside the first stream
    last = round((played.instants[-1] * RATE / SECOND_NS) // 512)
    assert packets["on_time"] + packets["foreign"] + packets["stray"] == 100 + last + 1
    assert "idle" in played.origins or played.origins.count("silence") > 0
    assert np.array_equal(
        played.audio[-512:, 0], numbered(round(played.audio[-512, 0] * 2**24) - 1, 512)[:, 0]
    )


@pytest.mark.parametrize(
    ("config", "refused"),
    [
        ({"rate": 48_000}, True),
        ({"channels": 2}, True),
        ({"rate": RATE, "channels": 1}, False),
        ({}, False),
    ],
)
def test_a_stream_of_another_format_is_refused_and_counted(config: dict[str, int], refused: bool) -> None:
    log = Log()
    engine = Engine(replace(CONFIG, **config), log)  # type: ignore[arg-type]
    for arrival in Sender().arrivals(range(10)):
        engine.insert(*arrival)
    assert (engine.stream is None) == refused
    assert dict(engine.counters.refused) == ({"format L16/44100/1": 10} if refused else {})
    assert sum("refused" in message for _, message in log) == refused


def test_refusals_are_bounded() -> None:
    engine = Engine(replace(CONFIG, rate=RATE))
    for arrival in Sender().arrivals(range(3)):
        engine.insert(*arrival)
    for rate in range(8000, 8100):
        other = Sender(format=StreamFormat("L16", rate, 1))
        engine.insert(other.packet(0), 0)
    assert len(engine.counters.refused) <= 17
    assert engine.counters.refused.total() == 100
    assert (engine.rate, engine.channels) == (RATE, 1)


# Moving the playout point


def drifting(sender: Sender, count: int, ppm: float) -> list[Arrival]:
    """A sender whose clock runs fast (positive) or slow."""
    return [Arrival(packet, at - round(at * ppm * 1e-6)) for packet, at in sender.arrivals(range(count))]


@pytest.mark.parametrize("ppm", [20_000, -20_000])
@pytest.mark.parametrize("lookahead", [0, None])
def test_drift_is_met_by_splices_that_are_counted(ppm: int, lookahead: int | None) -> None:
    log = Log()
    engine = Engine(replace(CONFIG, lookahead=lookahead), log)
    count = 2000
    time = np.arange(count * 512)
    signal = np.asarray(0.5 * np.sin(0.03 * time), dtype=np.float32)[:, None]
    played = listen(engine, drifting(Sender(signal=signal), count, ppm), ns(1900 * 512))
    drifted = 1900 * 512 * abs(ppm) * 1e-6
    # Each splice makes good what was drifted since the last: one depth, and a little for the leads to fill up.
    assert drifted / (3 * DEPTH) - 1 <= engine.counters.reanchored <= drifted / DEPTH + 1
    assert engine.counters.reanchored == sum("re-anchored" in message for _, message in log) > 3
    # A tone has no jump larger than its own slope and the fade between two phases of it.
    assert np.abs(np.diff(played.audio[:, 0])).max() < 0.5 * 0.03 + 2 * 0.5 / 33
    packets = check_sums(engine)
    assert packets["lost"] == 0
    names = set(played.origins)
    if ppm > 0:
        assert names == {"received"}
    else:
        assert "spliced" in names
        spliced = sum(length for _, length, origin in played.holes() if origin == "spliced")
        assert spliced == pytest.approx(drifted, abs=2 * DEPTH)
    assert engine.stream is not None
    assert 0 <= engine.stream.level() <= 3 * DEPTH + 512


@pytest.mark.parametrize("step_ms", [600, -600, 90])
def test_a_path_that_changes_for_good_costs_one_splice(step_ms: int) -> None:
    """Also where more time must be inserted than a quarter of the leads lasts."""
    engine = Engine(replace(CONFIG, depth=Depth(ms=100.0), lookahead=None))
    sender = Sender()
    before = sender.arrivals(range(100), max(0, -step_ms) * 1_000_000)
    after = sender.arrivals(range(100, 900), max(0, step_ms) * 1_000_000)
    played = listen(engine, [*before, *after], ns(880 * 512))
    depth = 4410
    assert engine.counters.reanchored == (step_ms != 90)
    assert engine.stream is not None
    if engine.counters.reanchored:
        assert engine.stream.excess() == 0
        quartile = np.partition(engine.stream._leads, 32)[32]
        assert quartile == pytest.approx(depth, abs=600)
    last = played.audio[-2000:, 0]
    assert np.array_equal(last, numbered(round(float(last[0]) * 2**24) - 1, 2000)[:, 0])


@pytest.mark.parametrize("lookahead", [0, 1, None])
@pytest.mark.parametrize("depths", [(40.0, 200.0), (200.0, 40.0), (40.0, 2000.0, 40.0), (40.0, 41.0, 40.0)])
@pytest.mark.parametrize("gap", [False, True])
def test_the_depth_can_be_changed_both_ways(
    depths: tuple[float, ...], lookahead: int | None, gap: bool
) -> None:
    engine = Engine(replace(CONFIG, depth=Depth(ms=depths[0]), lookahead=lookahead))
    sender = Sender()
    each = 250
    indices = range(each * len(depths) + 20)
    arrivals = sender.arrivals(index for index in indices if not (gap and index % each == 20))
    waiting = list(arrivals)
    while engine.stream is None:
        engine.insert(*waiting.pop(0))
    start_ns = engine.stream.start_ns
    frames = []
    for tick in range(each * len(depths)):
        now_ns = start_ns + ns(tick * 512)
        while waiting and waiting[0].ns <= now_ns:
            engine.insert(*waiting.pop(0))
        if tick % each == 20 and tick > each:
            engine.set_depth(Depth(ms=depths[tick // each]))
        frame = engine.pull(now_ns)
        frames.append(frame)
        if tick % each == each - 1:
            depth = round(depths[tick // each] * RATE / 1000)
            position = round(float(frame.audio[0, 0]) * 2**24) - 1
            # A sample plays its depth after it was sent.
            assert abs((now_ns - ns(position)) * RATE / SECOND_NS - depth) <= 2
            assert np.array_equal(frame.audio, numbered(position, 512))
    assert engine.counters.reanchored == 0
    assert engine.counters.streams == 1
    spliced = sum(hole.length for frame in frames for hole in frame.holes if hole.origin is Origin.SPLICED)
    upward = sum(max(0.0, b - a) for a, b in pairwise(depths))
    assert spliced == pytest.approx(upward * RATE / 1000, abs=2)
    check_sums(engine)


def test_the_depth_may_change_before_the_start_and_back_and_forth() -> None:
    engine = Engine(CONFIG)
    sender = Sender()
    for arrival in sender.arrivals(range(3)):
        engine.insert(*arrival)
    assert engine.state == "buffering"
    engine.set_depth(Depth(ms=100.0))
    assert engine.stream is not None
    assert engine.stream.start_ns == ns(4410)
    for arrival in sender.arrivals(range(3, 60)):
        engine.insert(*arrival)
    assert np.array_equal(engine.pull(ns(4410)).audio, numbered(0, 512))
    engine.set_depth(Depth(ms=500.0))
    engine.set_depth(Depth(ms=100.0))  # nothing of it was inserted yet
    assert np.array_equal(engine.pull(ns(4410 + 512)).audio, numbered(512, 512))
    assert engine.counters.by_origin[Origin.SPLICED] == 0


def test_depth_zero_plays_what_came_just_in_time() -> None:
    engine = Engine(replace(CONFIG, depth=Depth(ms=0.0)))
    played = listen(engine, Sender().arrivals(range(600)), ns(590 * 512), open_ns=ns(3 * 512) + 400_000)
    assert engine.counters.reanchored == 0
    assert continuous(played, 3 * 512) == len(played.frames) * 512


def test_another_predictor_takes_over_at_the_next_hole() -> None:
    sender = Sender(signal=music(100 * 512))
    engine = Engine(CONFIG)
    arrivals = sender.arrivals(index for index in range(100) if index % 10 != 9)
    played = listen(engine, arrivals[:45], ns(30 * 512))
    engine.set_predictor(Ensemble.of("lpc:8/512"))
    assert engine.filler is not None
    assert engine.filler.opener.predictor == engine.config.predictor == Ensemble.of("lpc:8/512")
    rest = listen(engine, arrivals[45:], ns(90 * 512), open_ns=played.instants[-1] + ns(512))
    assert len(list(rest.holes())) >= 5
    early = Engine(CONFIG)
    early.set_predictor(Ensemble.of("lpc:8/512"))
    listen(early, arrivals, ns(30 * 512))
    assert early.filler is not None
    assert early.filler.opener.predictor == Ensemble.of("lpc:8/512")


# Predictors and fits made ahead


PAIR = Ensemble.parse("tapered:24/256+burg:8/128")


def listen_preparing(engine: Engine, arrivals: list[Arrival], until_ns: int) -> Samples:
    """Like ``listen``, with all fits made that are worth it between frames."""
    parts, now_ns, index = [], ns(DEPTH), 0
    while now_ns < until_ns:
        while index < len(arrivals) and arrivals[index].ns <= now_ns:
            engine.insert(arrivals[index].packet, arrivals[index].ns)
            index += 1
        parts.append(engine.pull(now_ns).audio)
        while engine.next_fit() is not None:
            assert engine.prepare()
        assert not engine.prepare()
        now_ns = ns(DEPTH + len(parts) * engine.config.packet)
    return np.concatenate(parts)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("size", "frames"), [(512, 512), (64, 512), (512, 480), (480, 512), (512, 128)])
def test_with_all_fits_made_ahead_several_predictors_do_what_they_do_offline(
    size: int, frames: int, channels: int
) -> None:
    total = 40_000 // size
    signal = music(total * size, channels)
    # Far enough apart for the crossfade after one hole to be over before the next is prepared.
    period = max(7, 4096 // size)
    lost = [index > 2048 // size and index % period in (5, 6) for index in range(total)]
    sender = Sender(size, format=StreamFormat("L16", RATE, channels), signal=signal)
    engine = Engine(replace(CONFIG, packet=frames, predictor=PAIR))
    arrivals = sender.arrivals(index for index in range(total) if not lost[index])
    played = listen_preparing(engine, arrivals, ns(total * size))
    count = min(played.shape[0], (total - 10 - 2048 // size) * size)
    assert np.array_equal(played[:count], offline(sender, lost, engine.config)[:count])
    assert engine.filler is not None
    ahead = engine.filler.opener.ahead
    assert ahead.ready > 3
    assert ahead.missing == 0
    assert ahead.fits <= 2 * 2 * channels * (ahead.ready + 3)


def test_on_a_clean_network_nothing_is_fitted() -> None:
    sender = Sender(signal=music(100 * 512))
    engine = Engine(replace(CONFIG, predictor=PAIR))
    listen_preparing(engine, sender.arrivals(range(100)), ns(97 * 512))
    assert engine.filler is not None
    assert engine.filler.opener.ahead.fits == 0


def test_without_fits_made_ahead_a_fallback_conceals_at_once() -> None:
    sender = Sender(signal=music(60 * 512))
    lost = [index % 12 == 11 for index in range(60)]
    engine = Engine(replace(CONFIG, predictor=PAIR))
    played = listen(engine, sender.arrivals(i for i in range(60) if not lost[i]), ns(50 * 512)).audio
    choice = engine.choice
    assert choice is not None
    assert len(choice.ensemble.members) == 2
    assert not choice.auto
    assert choice.fallback.context > PAIR.context
    alone = offline(sender, lost, replace(CONFIG, predictor=Ensemble((choice.fallback,))))
    assert np.array_equal(played, alone[: played.shape[0]])
    assert engine.filler is not None
    assert engine.filler.opener.ahead.ready == 0
    assert engine.filler.opener.ahead.missing == sum(lost[: played.shape[0] // 512])


def test_auto_is_decided_by_the_format_and_again_when_packets_change() -> None:
    log = Log()
    engine = Engine(EngineConfig(lookahead=0), log)
    assert engine.choice is None
    engine.pair_s = 4e-10
    first = Sender(signal=music(40 * 512))
    played = listen(engine, first.arrivals(range(40)), ns(39 * 512))
    assert engine.choice is not None
    assert engine.choice.auto
    assert engine.choice.ensemble == BEST
    small = Sender(32, source=SourceId(SOURCE.host, SOURCE.port, 7), signal=music(1000 * 32))
    begin = played.instants[-1] + ns(512)
    arrivals = [Arrival(one.packet, one.ns + begin) for one in small.arrivals(range(800))]
    listen(engine, arrivals, begin + ns(20_000), open_ns=begin)
    assert engine.counters.streams == 2
    assert len(engine.choice.ensemble.members) == 1
    assert engine.filler is not None
    assert engine.filler.opener.predictor == engine.choice.ensemble
    assert len([message for _, message in log if message.startswith("predictor ")]) == 2


class Learned:
    """A network that gives the prediction as it is, takes ``takes_s`` and was trained on ``predictor``."""

    name, closes, longest = "learned", False, 1 << 16
    context, block, horizon, made, fade = 64, 512, 768, 768, 1

    def __init__(self, takes_s: float, predictor: Ensemble = BEST) -> None:
        self.takes_s, self.predictor = takes_s, predictor
        self.asked = 0

    def refuses(self, rate: int) -> str | None:
        return None

    def look(self, past: Signal) -> bool:
        return False

    def refine(self, block: Block) -> Signal | None:
        self.asked += 1
        return block.prediction + block.innovation


def holed(engine: Engine, size: int = 512, number: int = 1, begin: int = 0) -> Played:
    """Play a stream, every tenth packet of which is lost."""
    count = 40 * 512 // size
    sender = Sender(
        size, source=SourceId(SOURCE.host, SOURCE.port, number), signal=music((count + 40) * size)
    )
    arrivals = [
        Arrival(one.packet, one.ns + begin) for one in sender.arrivals(i for i in range(count) if i % 10 != 9)
    ]
    return listen(engine, arrivals, begin + ns(36 * 512), open_ns=begin if engine.rate else None)


@pytest.mark.parametrize("named", [None, BEST])
def test_a_network_brings_its_predictor_unless_one_was_named(named: Ensemble | None) -> None:
    log, network = Log(), Learned(0.001, Ensemble.of(SMALL))
    engine = Engine(EngineConfig(predictor=named, lookahead=0), log, network)
    holed(engine)
    assert engine.choice is not None
    assert engine.choice.ensemble == (named or Ensemble.of(SMALL))
    assert engine.refused is None
    assert network.asked > 0
    said = [message for _, message in log if "was trained on the predictor" in message]
    assert len(said) == (named is None)
    engine.set_predictor(BEST)
    engine.set_predictor(None)
    assert engine.choice.ensemble == Ensemble.of(SMALL)
    assert len([message for _, message in log if "was trained on the predictor" in message]) == 1


def test_a_network_goes_where_packets_leave_no_time_and_returns() -> None:
    """2 ms of 4 at 512 samples; at 32 there is less than half a millisecond in all."""
    log, network = Log(), Learned(0.002)
    engine = Engine(EngineConfig(lookahead=0), log, network)
    engine.pair_s = 4e-10
    played = holed(engine)
    asked = network.asked
    assert (engine.refused, asked > 0) == (None, True)
    played = holed(engine, 32, 7, played.instants[-1] + ns(512))
    assert engine.counters.streams == 2
    assert engine.refused is not None
    assert "takes 2.0 of the 0.4 ms in which a packet is to be concealed" in engine.refused
    assert [message for _, message in log].count(engine.refused) == 1
    asked = network.asked
    assert engine.counters.by_origin[Origin.PREDICTED] > 0
    played = holed(engine, 512, 8, played.instants[-1] + ns(512))
    assert engine.counters.streams == 3
    assert engine.refused is None
    assert network.asked > asked


def test_noise_and_auto_take_over_at_the_next_hole() -> None:
    sender = Sender(signal=music(100 * 512))
    arrivals = sender.arrivals(index for index in range(100) if index % 10 != 9)
    engine = Engine(CONFIG)
    played = listen(engine, arrivals[:45], ns(30 * 512))
    engine.set_noise(0.0)
    engine.set_predictor(None)
    assert engine.filler is not None
    assert engine.choice is not None
    assert engine.filler.opener.noise == 0.0
    assert engine.choice.auto
    assert engine.filler.opener.predictor == engine.choice.ensemble != CONFIG.predictor
    rest = listen(engine, arrivals[45:], ns(90 * 512), open_ns=played.instants[-1] + ns(512))
    assert len(list(rest.holes())) >= 5


def test_nothing_is_prepared_before_a_stream_nor_in_silence() -> None:
    engine = Engine(replace(CONFIG, predictor=PAIR, rate=RATE, channels=1))
    assert engine.next_fit() is None
    assert not engine.prepare()
    engine.pull(0)
    assert not engine.prepare()
    listen(engine, Sender().arrivals(range(20)), ns(2 * RATE))
    assert engine.state == "idle"
    assert not engine.prepare()


def test_the_smallest_rate_and_the_largest_frame() -> None:
    form = StreamFormat("L16", 8000, 1)
    engine = Engine(replace(CONFIG, packet=8192, depth=Depth(ms=None, packets=1000)))
    sender = Sender(8192, format=form)
    played = listen(engine, sender.arrivals(range(12)), ns(11 * 8192, 8000))
    assert continuous(played) == len(played.frames) * 8192 > 0


# Hours


def test_an_hour_with_losses_wraps_and_restarts_leaves_nothing_behind() -> None:
    """Small packets for the arithmetic; sizes of everything that could grow are the same at the end."""
    engine = Engine(replace(CONFIG, packet=2048, predictor=Ensemble.of("burg:1/64")))
    rng = np.random.default_rng(5)
    samples = np.zeros((2048, 1), dtype=np.float32)
    count = 3600 * RATE // 2048
    sender = Sender(2048)
    template = sender.packet(0)
    now_ns, delay = 10**18, ns(2048 * 2)
    base_sequence, base_timestamp, ssrc = 65_000, 2**32 - 10**6, 1
    for index in range(count):
        if index % 20_000 == 19_999:
            base_sequence, base_timestamp, ssrc = (
                int(rng.integers(2**16)),
                int(rng.integers(2**32)),
                ssrc + 1,
            )
        at = now_ns + ns(index * 2048)
        if rng.random() > 0.1:
            packet = replace(
                template,
                source=SourceId(SOURCE.host, SOURCE.port, ssrc),
                sequence=(base_sequence + index) % 2**16,
                timestamp=(base_timestamp + index * 2048) % 2**32,
                samples=samples,
            )
            engine.insert(packet, at)
        if index > 10:
            engine.pull(at + delay)
        if index % 1000 == 999:
            check_sums(engine)
    packets = check_sums(engine)
    assert engine.counters.streams == 1 + count // 20_000
    assert engine.counters.reanchored == 0
    assert packets["expected"] == pytest.approx(count, abs=100)
    assert packets["lost"] == pytest.approx(0.1 * count, rel=0.05)
    stream = engine.stream
    assert stream is not None
    assert len(stream.ledger._missing) < 10
    assert len(list(engine._gate._candidates)) <= 1

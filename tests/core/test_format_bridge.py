from dataclasses import replace

import numpy as np
import pytest
from core_streams import MONO, RATE, SMALL, SOURCE, STEREO, Sender, ns

from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.format_bridge import FormatBridge, with_channels
from plcd.core.frame import Origin, PlayedFrame, Samples
from plcd.core.packet import SourceId, StreamFormat
from plcd.core.sources import Arrival
from plcd.io.resampling import SampleRateConverter

FRAME = 512
CONFIG = EngineConfig(predictor=Ensemble.of(SMALL), lookahead=0)
AT_48 = StreamFormat("L16", 48_000, 1)
AT_96 = StreamFormat("L16", 96_000, 1)
HZ = 440.0


def tone(form: StreamFormat, seconds: float) -> Samples:
    time = np.arange(round(seconds * form.rate)) / form.rate
    columns = [0.5 * np.sin(2 * np.pi * HZ * (1 + channel) * time) for channel in range(form.channels)]
    return np.stack(columns, axis=1).astype(np.float32)


def arrivals(
    form: StreamFormat, seconds: float, from_ns: int, number: int, size: int = FRAME
) -> list[Arrival]:
    """A stream of its own from the same address, each packet sent when its first sample is due."""
    sound = tone(form, seconds)
    sender = Sender(size, source=SourceId(*SOURCE[:2], number), format=form, signal=sound)
    return [
        Arrival(packet, from_ns + ns(index * size, form.rate))
        for index, (packet, _) in enumerate(sender.arrivals(range(len(sound) // size)))
    ]


def play(engine: Engine, waiting: list[Arrival], seconds: float) -> list[PlayedFrame]:
    """An output that was opened for the first stream, and whose clock never changes."""
    waiting = list(waiting)
    while engine.stream is None:
        engine.insert(*waiting.pop(0))
    assert engine.rate is not None
    assert engine.channels is not None
    bridge = FormatBridge(engine, engine.rate, engine.channels, SampleRateConverter)
    start_ns = engine.stream.start_ns
    frames = list[PlayedFrame]()
    for tick in range(round(seconds * bridge.rate / FRAME)):
        now_ns = start_ns + ns(tick * FRAME, bridge.rate)
        while waiting and waiting[0].ns <= now_ns:
            engine.insert(*waiting.pop(0))
        frame = bridge.pull(now_ns)
        assert frame.audio.shape == (FRAME, bridge.channels)
        frames.append(frame)
    return frames


def strength(sound: Samples, rate: int, hz: float) -> float:
    """The amplitude of one tone."""
    time = np.arange(sound.size) / rate
    window = np.hanning(sound.size)
    return 2 * float(np.abs(np.sum(window * sound * np.exp(-2j * np.pi * hz * time)) / window.sum()))


def test_one_format_passes_untouched() -> None:
    engine, direct = Engine(CONFIG), Engine(CONFIG)
    stream = arrivals(STEREO, 1.0, 0, 1)
    frames = play(engine, stream, 0.9)
    for packet, at in stream:
        direct.insert(packet, at)
    assert direct.stream is not None
    start_ns = direct.stream.start_ns
    wanted = [direct.pull(start_ns + ns(tick * FRAME)) for tick in range(len(frames))]
    for one, other in zip(frames, wanted, strict=True):
        assert np.array_equal(one.audio, other.audio)


@pytest.mark.parametrize(
    ("first", "second"),
    [(MONO, AT_48), (AT_48, MONO), (MONO, STEREO), (STEREO, AT_48), (MONO, AT_96), (AT_96, MONO)],
)
def test_a_stream_of_another_format_goes_on_in_the_outputs(first: StreamFormat, second: StreamFormat) -> None:
    """The tone keeps its pitch and level, nothing clicks, nothing is lost, and the delay stays what it is."""
    engine = Engine(CONFIG)
    change_ns = 1_000_000_000 + 100_000_000
    frames = play(engine, [*arrivals(first, 1.0, 0, 1), *arrivals(second, 3.0, change_ns, 2)], 4.0)
    sound = np.concatenate([frame.audio for frame in frames])[:, 0]
    rate = first.rate
    assert engine.counters.streams == 2
    assert engine.counters.reanchored == 0
    packets = engine.packets()
    assert packets["late"] == packets["lost"] == 0
    assert not engine.counters.refused
    assert (engine.rate, engine.channels) == (second.rate, second.channels)
    # A mean of both channels, where there were two, or the first.
    level = 0.5 if first.channels == second.channels or second.channels == 1 or first.channels == 2 else 0.25
    for begin, amplitude in ((0.3, 0.5), (2.0, level), (3.0, level)):
        part = sound[round(begin * rate) :][: round(0.5 * rate)]
        assert strength(part, rate, HZ) == pytest.approx(amplitude, rel=0.02)
    steps = np.abs(np.diff(sound))
    assert steps.max() < 1.2 * 2 * np.pi * HZ * 2 / rate
    assert {frame.origin for frame in frames[round(1.5 * rate / FRAME) :]} == {Origin.RECEIVED}


def test_the_way_there_and_back_and_there_again() -> None:
    """What is kept in hand does not grow with each change."""
    engine = Engine(CONFIG)
    forms = [MONO, AT_48, MONO, StreamFormat("L16", 32_000, 2), AT_96, MONO]
    waiting = list[Arrival]()
    for number, form in enumerate(forms):
        waiting += arrivals(form, 1.0, number * 1_200_000_000, number + 1)
    while engine.stream is None:
        engine.insert(*waiting.pop(0))
    bridge = FormatBridge(engine, RATE, 1, SampleRateConverter)
    start_ns, delays = engine.stream.start_ns, set()
    for tick in range(round(7.0 * RATE / FRAME)):
        now_ns = start_ns + ns(tick * FRAME)
        while waiting and waiting[0].ns <= now_ns:
            engine.insert(*waiting.pop(0))
        bridge.pull(now_ns)
        delays.add(bridge.delay)
        assert bridge._ready.shape[0] < 6 * FRAME
        assert bridge._ready.shape[0] == bridge._origins.size
        assert bridge._ahead_ns() >= -ns(FRAME)
    assert engine.counters.streams == len(forms)
    assert len(delays) == 2  # none, and then one frame and the resampler's
    packets = engine.packets()
    assert packets["lost"] == packets["late"] == 0
    assert engine.counters.reanchored == 0


def test_the_engine_is_never_asked_for_what_is_not_due() -> None:
    """With a depth of one packet, the second stream's packets come in time too."""
    engine = Engine(replace(CONFIG, depth=replace(CONFIG.depth, ms=12.0)))
    frames = play(engine, [*arrivals(MONO, 1.0, 0, 1), *arrivals(AT_48, 4.0, 1_100_000_000, 2, 480)], 4.5)
    packets = engine.packets()
    assert (packets["late"], packets["lost"]) == (0, 0)
    assert {frame.origin for frame in frames[-100:]} == {Origin.RECEIVED}


def test_origins_and_holes_keep_their_place() -> None:
    engine = Engine(CONFIG)
    first, second = arrivals(MONO, 1.0, 0, 1), arrivals(AT_48, 3.0, 1_100_000_000, 2)
    gone = [second.pop(150), second.pop(150)]
    frames = play(engine, [*first, *second], 4.0)
    from_index = round(1.5 * RATE / FRAME)
    hit = [
        index for index, frame in enumerate(frames) if frame.origin is Origin.PREDICTED and index > from_index
    ]
    lost = sum(
        hole.length for index in hit for hole in frames[index].holes if hole.origin is Origin.PREDICTED
    )
    assert lost == pytest.approx(2 * 512 * RATE / 48_000, abs=2)
    # Counted from the first stream's start, a depth after its first packet: what is kept in hand comes on top.
    at_ns = ns(hit[0] * FRAME + frames[hit[0]].holes[0].start)
    assert 0 <= at_ns - gone[0].ns <= 25_000_000


@pytest.mark.parametrize(
    ("given", "wanted", "result"),
    [
        ([[1, 2]], 2, [[1, 2]]),
        ([[1]], 3, [[1, 1, 1]]),
        ([[1, 2]], 1, [[1.5]]),
        ([[1, 2, 3]], 2, [[1, 2]]),
        ([[1, 2]], 4, [[1, 2, 0, 0]]),
    ],
)
def test_channels_are_spread(given: list[list[float]], wanted: int, result: list[list[float]]) -> None:
    spread = with_channels(np.array(given, dtype=np.float32), wanted)
    assert spread.dtype == np.float32
    assert spread.tolist() == result

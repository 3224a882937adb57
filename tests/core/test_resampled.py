"""Clocks that differ, through an engine with the daemon's resampler: nothing is dropped, inserted or heard."""

from dataclasses import replace

import numpy as np
import pytest
from core_streams import MONO, RATE, SMALL, STEREO, Played, Sender, ns

from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.frame import Origin, PlayedFrame, Samples
from plcd.core.resampled import SPARE, Resampled
from plcd.io.resampling import SampleRateConverter

CONFIG = EngineConfig(depth=Depth(ms=30.0), predictor=Ensemble.of(SMALL), lookahead=0)
HZ = 997.0
WINDOW = 1 << 15
"""Samples: three quarters of a second, in which the pitch hardly moves."""


def tone(count: int, channels: int = 1) -> Samples:
    wave = 0.5 * np.sin(2 * np.pi * HZ * np.arange(count) / RATE)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def drifting(
    engine: Engine, ppm: float, seconds: float, jitter_ms: float = 3.0, lost: frozenset[int] = frozenset()
) -> Played:
    """Play a tone from a sender that is fast by ``ppm``."""
    count = round((seconds + 1) * RATE / 512)
    stereo = engine.channels == 2
    sender = Sender(512, format=STEREO if stereo else MONO, signal=tone(512 * count, 2 if stereo else 1))
    rng = np.random.default_rng(1)
    played, index = Played(), 0
    delays = rng.uniform(0, 1e6 * jitter_ms, count)
    for tick in range(round(seconds * RATE / 512)):
        now_ns = ns(tick * 512)
        while index < count and (at := round(ns(index * 512) / (1 + 1e-6 * ppm) + delays[index])) <= now_ns:
            if index not in lost:
                engine.insert(sender.packet(index), at)
            index += 1
        if engine.rate is not None:
            played.instants.append(now_ns)
            played.frames.append(engine.pull(now_ns))
    return played


def beside_the_tone_db(audio: Samples) -> float:
    """What is heard beside the tone, whose pitch may be off by the drift."""
    audio = audio[:WINDOW, 0]
    power = np.abs(np.fft.rfft(audio * np.kaiser(audio.size, 16))) ** 2
    beside = np.abs(np.fft.rfftfreq(audio.size, 1 / RATE) - HZ) > 20.0
    return float(10 * np.log10(power[beside].sum() / power.sum()))


def engine(config: EngineConfig = CONFIG) -> Engine:
    return Engine(config, make_resampler=SampleRateConverter)


@pytest.mark.parametrize("ppm", [200.0, -200.0, 500.0, -500.0])
def test_drift_is_followed_without_a_glitch(ppm: float) -> None:
    """Also at the instant when the resampler is switched on: the whole take is clean, and as long as it was played."""
    one = engine()
    played = drifting(one, ppm, 90.0)
    assert one.resampled is not None
    assert one.resampled.running
    assert one.resampled.ppm == pytest.approx(ppm, abs=15)
    packets = one.packets()
    assert (packets["late"], packets["lost"], one.counters.reanchored) == (0, 0, 0)
    sounding = [frame for frame in played.frames if frame.origin is not Origin.IDLE]
    assert {frame.origin for frame in sounding} == {Origin.RECEIVED}
    assert {frame.audio.shape for frame in sounding} == {(512, 1)}
    audio = np.concatenate([frame.audio for frame in sounding])
    for start in range(0, audio.shape[0] - WINDOW, WINDOW):
        assert beside_the_tone_db(audio[start:]) < -90
    assert one.resampled.wanted_level is not None
    away = one.resampled.loop.level(played.instants[-1]) - one.resampled.wanted_level
    assert abs(away) < 0.0005 * RATE


@pytest.mark.parametrize("jitter_ms", [0.0, 3.0, 10.0])
def test_where_clocks_agree_frames_pass_untouched(jitter_ms: float) -> None:
    followed, plain = engine(), Engine(CONFIG)
    one, two = (drifting(each, 0.0, 60.0, jitter_ms) for each in (followed, plain))
    assert followed.resampled is not None
    assert not followed.resampled.running
    assert followed.resampled.delay == 0
    assert np.array_equal(one.audio, two.audio)


@pytest.mark.parametrize("seed", range(4))
def test_a_network_that_swells_is_no_drift(seed: int) -> None:
    """Exponential delays of 0.8 to 1.6 ms, up and down in two minutes, and now and then a stall: no reason to resample."""
    one = Resampled(RATE, 64, "auto", Echo())
    rng = np.random.default_rng(seed)
    for k in range(round(200 * RATE / 512)):
        second = k * 512 / RATE + 30 * seed
        late_ms = rng.exponential(0.8) * (1 + np.sin(2 * np.pi * second / 120) ** 2)
        late_ms += 40 * (rng.random() < 0.002)
        one.loop.note(2000.0 - late_ms * RATE / 1000, 512, ns(k * 512))
        one._steer(ns(k * 512))
        assert not one.running


def test_off_is_off_and_on_begins_at_once() -> None:
    one = engine(replace(CONFIG, drift="off"))
    drifting(one, 500.0, 40.0)
    assert one.resampled is not None
    assert not one.resampled.running
    assert one.resampled.ppm == pytest.approx(500.0, abs=20)
    two = engine(replace(CONFIG, drift="on"))
    played = drifting(two, 0.0, 8.0)
    assert two.resampled is not None
    assert two.resampled.running
    assert two.resampled.delay == SampleRateConverter(RATE, 1).delay + SPARE
    assert beside_the_tone_db(played.audio[RATE:]) < -75


def test_holes_are_told_where_they_are_played() -> None:
    lost = frozenset(range(2000, 2100, 10))
    one = engine(replace(CONFIG, drift="on", channels=2, predictor=Ensemble.parse("burg:64/2048")))
    played = drifting(one, 300.0, 30.0, lost=lost)
    holes = list(played.holes())
    assert one.counters.by_origin[Origin.PREDICTED] >= len(lost)
    assert sum(one.counters.by_origin) == one.counters.frames
    # Each is 512 samples of the sender, 512 of the output within one; a frame's edge may cut it.
    assert sum(length for _, length, _ in holes) == pytest.approx(512 * len(lost), abs=2 * len(lost))
    starts = [start for start, _, _ in holes]
    assert starts == sorted(starts)


class Echo:
    """Holds back eight samples, at whatever ratio."""

    delay = 8

    def __init__(self) -> None:
        self.ratios: list[float] = []
        self._held = np.zeros((0, 1), dtype=np.float32)

    def process(self, samples: Samples, ratio: float) -> Samples:
        self.ratios.append(ratio)
        known = np.concatenate((self._held, samples))
        made, self._held = known[:-8], known[-8:]
        return made


def test_switching_it_on_goes_on_at_the_very_sample() -> None:
    one = Resampled(RATE, 64, "on", Echo())
    one._always = False
    place = 0

    def source(frames: int) -> PlayedFrame:
        nonlocal place
        audio = np.arange(place, place + frames, dtype=np.float32)[:, None]
        place += frames
        return PlayedFrame(audio, Origin.RECEIVED)

    before = [one.pull(0, source).audio for _ in range(3)]
    one._always = True
    after = [one.pull(0, source).audio for _ in range(3)]
    np.testing.assert_allclose(np.concatenate((*before, *after))[:, 0], np.arange(6 * 64), rtol=1e-6)
    assert place == 6 * 64 + Echo.delay + SPARE


def test_the_ratio_never_departs_further_than_it_may() -> None:
    echo = Echo()
    one = Resampled(RATE, 64, "on", echo)
    for k in range(4000):
        one.loop.note(1000.0 + 3.0 * k, 512, k * 11_609_977)
        one.pull(
            k * 11_609_977, lambda frames: PlayedFrame(np.zeros((frames, 1), np.float32), Origin.RECEIVED)
        )
    assert max(abs(1 / ratio - 1) for ratio in echo.ratios) == pytest.approx(1000e-6)

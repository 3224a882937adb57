"""The depth follows the network: the rule alone, and in an engine."""

from dataclasses import replace

import numpy as np
import pytest
from core_streams import RATE, SMALL, Sender, listen, music, ns
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.adaptive_depth import (
    BEST_DB,
    GROWN_NS,
    HURRY_NS,
    LOOK_PACKETS,
    PATIENCE_NS,
    SHRINK_EVERY_NS,
    WORST_DB,
    AdaptiveDepth,
)
from plcd.core.depth import MAX_DEPTH_MS, Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.lateness import RECENT
from plcd.core.sources import Arrival

S = 1_000_000_000
CONFIG = EngineConfig(packet=128, depth=Depth.parse("auto"), predictor=Ensemble.of(SMALL), lookahead=0)


def rule(frame: int = 128, lowest: int = 0, highest: int = 11_025) -> AdaptiveDepth:
    return AdaptiveDepth(RATE, frame, lowest, highest)


def test_two_late_packets_make_it_grow_at_once_by_whole_frames() -> None:
    one = rule()
    for lead in (900.0, -140.0, -150.0):
        one.note(lead, 128, 0)
    assert one.grow(128, 0, 0) == (256, 11_025 - 900)
    assert one.grow(128, 0, 1) == (256, 11_025 - 900)  # until it is done
    assert not one.hurries(1)
    assert one.hurries(HURRY_NS)
    one.moved(256, 2)
    assert one.grow(128, 0, 3) is None
    assert not one.hurries(HURRY_NS)


def test_what_lies_within_a_frame_counts_towards_it() -> None:
    one = rule()
    for lead in (900.0, 20.0, 20.0):
        one.note(lead, 128, 100)  # due 20 later, but decided on 100 earlier
    assert (one.grow(128, 100, 0) or (0, 0))[0] == 28


def test_packets_that_are_no_whole_frames_may_have_to_come_a_frame_earlier() -> None:
    one = rule()
    for lead in (900.0, -3.0, -3.0):
        one.note(lead, 100, 0)
    assert (one.grow(100, 0, 0) or (0, 0))[0] == 3 + 127


def test_it_grows_no_further_than_it_may() -> None:
    one = rule(highest=1000)
    for lead in (900.0, -500.0, -500.0):
        one.note(lead, 128, 0)
    assert one.grow(128, 0, 0) == (100, 100)


def test_packets_that_are_early_enough_never_make_it_grow() -> None:
    one = rule()
    for _ in range(300):
        one.note(5.0, 128, 0)
        assert one.grow(128, 0, 0) is None


def test_it_comes_up_to_the_lowest_depth_when_all_packets_take_longer() -> None:
    one = rule(lowest=1000)
    for lead, wanted in ((950.0, None), (700.0, (300, 11_025 - 700))):
        for _ in range(RECENT):
            one.note(lead, 128, 0)
        assert one.grow(128, 0, 0) == wanted


def test_a_sender_far_ahead_of_its_time_is_no_reason_for_a_buffer_without_bounds() -> None:
    one = rule()
    for _ in range(LOOK_PACKETS):
        one.note(1e7, 128, 0)
    assert one.depth == MAX_DEPTH_MS * RATE / 1000


def test_it_shrinks_when_it_has_looked_for_a_while_by_what_is_to_spare() -> None:
    one = rule(lowest=100)
    for _ in range(100):
        one.note(700.0, 128, 60)
    assert one.shrink(128, 60, 0) is None
    least, most = one.shrink(128, 60, SHRINK_EVERY_NS) or (0, 0)
    assert most == 600  # 640 to spare are five frames, and 60 more would cost none, but for the lowest depth
    assert 0 < least <= most


def test_not_below_the_lowest_nor_for_nothing() -> None:
    one = rule(lowest=650)
    for _ in range(100):
        one.note(700.0, 128, 0)
    one.shrink(128, 0, 0)
    assert one.shrink(128, 0, SHRINK_EVERY_NS) == (25, 50)
    one.moved(-50, SHRINK_EVERY_NS)
    assert one.shrink(128, 0, 9 * SHRINK_EVERY_NS) is None


def test_not_soon_after_growing() -> None:
    one = rule()
    for lead in [900.0] * 50 + [-10.0] * 2:
        one.note(lead, 128, 0)
    one.moved((one.grow(128, 0, S) or (0, 0))[0], S)
    for _ in range(40_000):
        one.note(1028.0, 128, 0)
    assert one.shrink(128, 0, S + GROWN_NS - 1) is None
    assert one.shrink(128, 0, S + GROWN_NS + SHRINK_EVERY_NS) is not None


def test_patience_ends() -> None:
    one = rule()
    one.note(5000.0, 128, 0)
    one.shrink(128, 0, 0)
    assert one.bar_db(0) == BEST_DB
    one.shrink(128, 0, SHRINK_EVERY_NS)
    assert BEST_DB < one.bar_db(SHRINK_EVERY_NS + PATIENCE_NS // 2) < WORST_DB
    assert one.bar_db(SHRINK_EVERY_NS + PATIENCE_NS) == WORST_DB


def jittered(
    sender: Sender, count: int, jitters_ms: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> list[Arrival]:
    return [
        Arrival(packet, at + round(1e6 * jitter))
        for (packet, at), jitter in zip(sender.arrivals(range(count)), jitters_ms, strict=True)
    ]


def test_in_an_engine_it_comes_down_on_the_jitter_and_follows_it_up() -> None:
    rng = np.random.default_rng(1)
    calm, rough = 24_000, 3000
    jitters = np.concatenate((rng.uniform(0, 5, calm), rng.uniform(0, 30, rough)))
    sender = Sender(128, signal=music(128 * (calm + rough)))
    engine = Engine(CONFIG)
    arrivals = jittered(sender, calm + rough, jitters)
    depths = {}
    waiting = sorted(arrivals, key=lambda arrival: arrival.ns)
    for tick in range(calm + rough - 200):
        now_ns = ns(tick * 128)
        while waiting and waiting[0].ns <= now_ns:
            engine.insert(*waiting.pop(0))
        if engine.rate is not None:
            engine.pull(now_ns)
            assert engine.stream is not None
            depths[tick] = 1000 * engine.stream.depth / RATE
    assert depths[1000] > 30
    assert 5 <= depths[calm - 1] <= 5 + 2 * 1000 * 128 / RATE
    assert depths[calm + 600] >= 24  # within two seconds
    assert engine.counters.shrunk > 0
    assert engine.counters.grown > 0
    assert engine.counters.reanchored == 0
    packets = engine.packets()
    assert packets["lost"] == 0
    assert packets["late"] <= 60  # while it grew


def test_its_splices_are_no_clicks() -> None:
    """In a tone with a beat, what is played is as smooth as what was sent."""
    count = 14_000
    time = np.arange(count * 128)
    signal = np.asarray(0.3 * np.sin(0.05 * time) + 0.3 * np.sin(0.0531 * time), dtype=np.float32)[:, None]
    rng = np.random.default_rng(2)
    jitters = rng.uniform(0, 4, count)
    jitters[11_000:] *= 5
    engine = Engine(replace(CONFIG, predictor=Ensemble.parse("tapered:256/2048")))
    played = listen(engine, jittered(Sender(128, signal=signal), count, jitters), ns(13_900 * 128))
    assert engine.counters.shrunk > 1
    assert engine.counters.grown > 0
    bends = np.abs(np.diff(played.audio[:, 0].astype(np.float64), 2))
    assert bends.max() < 2 * np.abs(np.diff(signal[:, 0].astype(np.float64), 2)).max()


@pytest.mark.parametrize("first", ["40ms", "auto"])
def test_it_can_be_switched_while_a_stream_plays(first: str) -> None:
    engine = Engine(replace(CONFIG, depth=Depth.parse(first)))
    second = "auto:2-90" if first == "40ms" else "60ms"
    sender = Sender(128, signal=music(128 * 16_000))
    for index in range(15_900):
        engine.insert(*sender.arrival(index))
        if index > 20:
            engine.pull(ns(index * 128))
        if index == 3000:
            engine.set_depth(Depth.parse(second))
    assert engine.stream is not None
    depth_ms = 1000 * engine.stream.depth / RATE
    assert depth_ms == pytest.approx(60, abs=1) if second == "60ms" else depth_ms < 30


@given(
    course=st.lists(
        st.tuples(
            st.floats(-1e6, 1e6),  # lead
            st.sampled_from([64, 100, 128, 512]),  # packet
            st.integers(0, 127),  # phase
            st.integers(0, 10 * S),  # time between two packets
            st.sampled_from(["", "grow", "grow", "shrink", "forget"]),
        ),
        max_size=150,
    ),
    lowest=st.integers(0, 2000),
    more=st.integers(1, 20_000),
    aligned=st.booleans(),
)
def test_whatever_comes_it_stays_within_its_bounds(
    course: list[tuple[float, int, int, int, str]], lowest: int, more: int, aligned: bool
) -> None:
    one = rule(lowest=lowest, highest=lowest + more)
    one.aligned = aligned
    now_ns = 0
    for lead, packet, phase, passed_ns, does in course:
        now_ns += passed_ns
        one.note(lead, packet, phase)
        before = one.leads.depth()
        if does == "grow" and (lengths := one.grow(packet, phase, now_ns)) is not None:
            least, most = lengths
            assert 1 <= least <= most
            one.moved(most if passed_ns % 2 else least, now_ns)
            assert one.leads.depth() <= one.highest
        elif does == "shrink" and (lengths := one.shrink(packet, phase, now_ns)) is not None:
            least, most = lengths
            assert 1 <= least <= most
            assert BEST_DB <= one.bar_db(now_ns) <= WORST_DB
            one.moved(-most, now_ns)
            assert one.leads.depth() >= one.lowest
            assert one.leads.spare() <= before
        elif does == "forget":
            one.forget()
        assert one.depth is None or 0 <= one.depth <= MAX_DEPTH_MS * RATE / 1000

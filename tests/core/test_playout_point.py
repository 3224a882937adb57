"""Whatever arrives, and whenever it does: depth and clock are followed within bounds, and what comes out can be played."""

from dataclasses import replace

import numpy as np
from core_streams import RATE, SMALL, Sender, music, ns
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.core.depth import MAX_DEPTH_MS, Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import Ensemble
from plcd.core.resampled import DRIFT
from plcd.io.resampling import SampleRateConverter

CONFIG = EngineConfig(depth=Depth.parse("auto"), predictor=Ensemble.of(SMALL))
LARGEST = 1.3
"""What is received has at most 1; extrapolation may reach 1.2 times that, a resampler overshoots a little more."""
HIGHEST = round(MAX_DEPTH_MS * RATE / 1000)

phases = st.tuples(
    st.integers(1, 60),  # packets
    st.sampled_from([0.0, 1.0, 8.0, 60.0]),  # jitter, ms
    st.sampled_from([0.0, 0.0, 0.3, 0.9]),  # share of losses
    st.sampled_from([0.0, 0.0, 500.0, -500.0, 40_000.0]),  # drift, ppm
    st.sampled_from([0.0, 0.0, 30.0, -30.0, 700.0]),  # ms by which the path grows longer
    st.sampled_from([0, 0, 0, 3, 4000]),  # packets that the sender leaves out
    st.sampled_from([0, 0, 0, 90_000, -90_000]),  # samples by which its timestamps jump, now and then
)


@settings(max_examples=60)
@given(
    course=st.lists(phases, min_size=1, max_size=8),
    packet=st.sampled_from([64, 100, 512]),
    frame=st.sampled_from([64, 128, 512]),
    bounds=st.sampled_from([None, (0, 5), (30, 60), (500, 2000)]),
    drift=st.sampled_from(DRIFT),
    lookahead=st.sampled_from([0, None]),
    switched=st.none() | st.sampled_from(["auto", "3", "80ms"]),
    seed=st.integers(0, 2**16),
)
def test_whatever_arrives(
    course: list[tuple[int, float, float, float, float, int, int]],
    packet: int,
    frame: int,
    bounds: tuple[int, int] | None,
    drift: str,
    lookahead: int | None,
    switched: str | None,
    seed: int,
) -> None:
    depth = Depth.parse("auto" if bounds is None else f"auto:{bounds[0]}-{bounds[1]}")
    config = replace(CONFIG, packet=frame, depth=depth, drift=drift, lookahead=lookahead)
    engine = Engine(config, make_resampler=SampleRateConverter)
    rng = np.random.default_rng(seed)
    sender = Sender(packet, signal=np.clip(music(packet * 300), -1, 1))
    waiting, index, at, path = [], 0, 0.0, 0.0
    for count, jitter, lost, ppm, longer, left_out, jump in course:
        path, index = path + 1e6 * longer, index + left_out
        for _ in range(count):
            at += ns(packet) / (1 + 1e-6 * ppm)
            index += 1
            one = sender.packet(index % 300)
            position = index * packet + (jump if rng.random() < 0.2 else 0)
            one = replace(one, sequence=index % 2**16, timestamp=position % 2**32)
            if rng.random() >= lost:
                waiting.append((round(max(0.0, at + path + 1e6 * jitter * rng.random())), one))
    waiting.sort(key=lambda arrival: arrival[0], reverse=True)
    end_ns = waiting[0][0] if waiting else 0
    for tick in range(min(4000, end_ns * RATE // 1_000_000_000 // frame + 5)):
        while waiting and waiting[-1][0] <= ns(tick * frame):
            at_ns, one = waiting.pop()
            engine.insert(one, at_ns)
        if engine.rate is None:
            continue
        played = engine.pull(ns(tick * frame))
        assert played.audio.shape == (frame, 1)
        assert np.abs(played.audio).max() <= LARGEST  # nor is it NaN
        assert engine.stream is not None
        assert 0 <= engine.stream.depth <= HIGHEST
        assert engine.stream.buffer.capacity <= 2 * HIGHEST + 2 * RATE
        if tick == 40 and switched is not None:
            engine.set_depth(Depth.parse(switched))

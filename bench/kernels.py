"""What one lost packet costs inside the process: the predictor, and everything around it."""

import time
from collections.abc import Callable

import numpy as np
from machine import percentiles_ms
from numpy.typing import NDArray

from plcd.core.depth import Depth
from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import BEST, FAST, Ensemble
from plcd.core.linear_prediction import extrapolate
from plcd.core.packet import AudioPacket, SourceId, StreamFormat
from plcd.core.predictor import Predictor

RATE = 44_100
PACKET = 512
EXTRAPOLATED = 1024
CONTEXTS = 40
"""Different places of the music, visited in turn, so that no run is flattered by one."""


def time_predictor(music: NDArray[np.float32], spec: str, rounds: int) -> dict[str, float]:
    """Fit and extrapolate 1024 samples, on many contexts. Milliseconds."""
    predictor = Predictor.parse(spec)
    starts = np.linspace(0, music.size - predictor.context, CONTEXTS).astype(int)
    contexts = [music[start : start + predictor.context].astype(np.float64) for start in starts]
    out = np.empty(EXTRAPOLATED)

    def once(i: int) -> None:
        context = contexts[i % CONTEXTS]
        extrapolate(context, predictor.fit(context).coefficients, out)

    return _time(once, rounds)


def time_plain_numpy(music: NDArray[np.float32], rounds: int) -> dict[str, float]:
    """The same Burg recursion and extrapolation written with whole-array numpy calls: the yardstick of the ratio."""
    context = music[:4096].astype(np.float64)

    def once(i: int) -> None:
        a = np.ones(1)
        forward, backward = context[1:], context[:-1]
        for _ in range(1024):
            k = -2.0 * (forward @ backward) / (forward @ forward + backward @ backward)
            a = np.append(a, 0.0)
            a = a + k * a[::-1]
            forward, backward = (forward + k * backward)[1:], (backward + k * forward)[:-1]
        tail = np.append(context[-1024:], np.zeros(EXTRAPOLATED))
        weights = -a[:0:-1]
        for n in range(EXTRAPOLATED):
            tail[1024 + n] = weights @ tail[n : n + 1024]

    return _time(once, rounds)


def time_engine(
    music: NDArray[np.float32], predictor: Ensemble, lookahead: int, rounds: int, ahead: bool = False
) -> dict[str, float]:
    """What a lost packet costs beyond a received one, in ms: its own frame, and the crossfade in the frame after it.

    Every fifth packet is lost. The pulls of both frames are added, less the median pull of a frame that was received. With
    ``ahead`` all fits are made between the frames, which is not counted; otherwise none is.
    """
    engine = Engine(EngineConfig(PACKET, Depth(ms=None, packets=3), RATE, 1, predictor, lookahead=lookahead))
    source, form = SourceId("127.0.0.1", 9, 1), StreamFormat("L16", RATE, 1)
    packets = music[: music.size // PACKET * PACKET].reshape(-1, PACKET, 1)
    both: list[int] = []
    received: list[int] = []
    lost = 0
    for count in range(5 * (rounds + 2)):
        now_ns = count * PACKET * 1_000_000_000 // RATE
        if count % 5 != 4:
            samples = packets[count % packets.shape[0]]
            packet = AudioPacket(source, count & 0xFFFF, count * PACKET & 0xFFFFFFFF, form, samples)
            engine.insert(packet, now_ns)
        started = time.perf_counter_ns()
        frame = engine.pull(now_ns)
        took = time.perf_counter_ns() - started
        while ahead and engine.prepare():
            pass
        if frame.holes:
            lost = took
        elif lost:
            both.append(lost + took)
            lost = 0
        else:
            received.append(took)
    usual = int(np.median(received))
    return percentiles_ms([took - usual for took in both[1:]])


def time_around(music: NDArray[np.float32], rounds: int) -> dict[str, float]:
    """The same without the predictor: one of order 1 on the usual context, and its own time taken off."""
    trivial = Predictor("burg", 1, FAST.context)
    own_ms = time_predictor(music, str(trivial), rounds)["p50"]
    figures = time_engine(music, Ensemble((trivial,)), 0, rounds)
    return {name: round(value - own_ms, 4) if name != "n" else value for name, value in figures.items()}


def measure(music: NDArray[np.float32], rounds: int) -> dict[str, dict[str, float]]:
    """Everything in this module by name."""
    specs = ("lpc:128/3584", "burg:1024/4096", "tapered:512/2048", "tapered:1024/4096", "tapered:1536/6144")
    rows = {f"predictor {spec}, 1024 extrapolated": time_predictor(music, spec, rounds) for spec in specs}
    rows["burg:1024/4096 in plain numpy"] = time_plain_numpy(music, max(10, rounds // 20))
    rows["crossfade, innovation and everything else around it"] = time_around(music, rounds)
    big = Ensemble.parse("tapered:1024/4096")
    for name, predictor, lookahead, ahead in (
        ("best, fits made ahead", BEST, 0, True),
        ("tapered:1024/4096, fitted at once", big, 0, False),
        ("fast, fitted at once", FAST, 0, False),
        ("fast, fits made ahead", FAST, 0, True),
        ("best, fits made ahead, closed from both sides", BEST, 1, True),
        ("tapered:1024/4096, fitted at once, closed from both sides", big, 1, False),
    ):
        rows[f"whole lost packet, {name}"] = time_engine(music, predictor, lookahead, rounds, ahead)
    return rows


def _time(once: Callable[[int], None], rounds: int) -> dict[str, float]:
    for i in range(3):
        once(i)
    durations = []
    for i in range(rounds):
        started = time.perf_counter_ns()
        once(i)
        durations.append(time.perf_counter_ns() - started)
    return percentiles_ms(durations)

"""Clocks that differ: resampled where that is asked for or found out; beyond that the playout point is moved, and counted."""

import concurrent.futures
import re
import subprocess

import pytest
from running import MONO, PATIENT, PLCD, QUICK, RATE, Stats, assert_adds_up, music, running, streaming

from plcd.core.resampled import SPARE
from plcd.io.resampling import SampleRateConverter
from plcd.io.sender import Sender, SendOptions

DEPTH_MS = 40.0
SECONDS = 10.0
PPM = 10_000.0
SLIGHTLY_PPM = 800.0
"""As far as a clock is followed, and enough to be told from the jitter of a busy machine within seconds."""
LATE_A_MOVE = 45
"""A quarter of the last 128 packets must be late before a slow stream is moved; some more come until that is seen."""


def drifting(ppm: float) -> tuple[Stats, str]:
    with running("--output", "null", "--depth", f"{DEPTH_MS:g}ms", *QUICK) as daemon:
        report = Sender(music(SECONDS), MONO, daemon.address, SendOptions(ppm=ppm)).run()
        stats = daemon.wait_for(lambda stats: stats["packets"]["expected"] >= report.packets)
        return stats, daemon.finish()


def test_drift_both_ways() -> None:
    """One per cent for ten seconds is 100 ms: more than twice the depth."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        (fast, fast_log), (slow, slow_log) = pool.map(drifting, (PPM, -PPM))
    for stats, log in ((fast, fast_log), (slow, slow_log)):
        moves = stats["events"]["reanchored"]
        assert moves >= 1
        assert log.count("re-anchored") == moves
        assert stats["events"]["restarts"] == stats["packets"]["lost"] == 0
        assert stats["packets"]["late"] <= LATE_A_MOVE * (moves + 1)
        assert stats["frames"]["by_origin"]["received"] > 0.8 * SECONDS * RATE / 512
        assert_adds_up(stats)
    assert fast["frames"]["played"] < slow["frames"]["played"]
    assert slow["frames"]["by_origin"]["spliced"] > 0


def test_the_clock_is_followed_and_shown() -> None:
    with running("--output", "null", *PATIENT, "--drift", "on", *QUICK) as daemon:
        with streaming(music(60.0), daemon.address, ppm=SLIGHTLY_PPM):
            stats = daemon.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > 15 * RATE / 512)
            top = subprocess.run(
                [*PLCD, "top", "--once", "--control", f"ipc://{daemon.folder}/c"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        daemon.finish()
    drift, buffer = stats["drift"], stats["buffer"]
    assert (drift["mode"], drift["resampling"]) == ("on", True)
    assert 0.5 * SLIGHTLY_PPM < drift["ppm"] < 1.5 * SLIGHTLY_PPM
    assert buffer["resampler_ms"] == round(1000 * (SampleRateConverter(RATE, 1).delay + SPARE) / RATE, 3)
    parts = sum(buffer[name] for name in ("depth_ms", "resampler_ms", "ring_ms", "device_ms"))
    assert buffer["latency_ms"] == pytest.approx(parts, abs=0.01)
    assert re.search(r"clock +\+\d+\.\d ppm, resampling \(on\)", top)
    assert stats["packets"]["late"] == stats["packets"]["lost"] == stats["events"]["reanchored"] == 0
    assert_adds_up(stats)

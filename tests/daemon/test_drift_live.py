"""Clocks that differ: until drift is corrected the playout point is moved by a splice, now and then, and is counted."""

import concurrent.futures

from running import MONO, QUICK, RATE, Stats, assert_adds_up, music, running

from plcd.io.sender import Sender, SendOptions

DEPTH_MS = 40.0
SECONDS = 10.0
PPM = 10_000.0
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

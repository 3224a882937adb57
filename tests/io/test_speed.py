import time

from plcd.core.ensemble import BEST
from plcd.core.warm import warm
from plcd.io.speed import RUNS, YARDSTICK, measure_pair_s


def test_a_plausible_speed_in_no_time() -> None:
    warm(BEST)
    started = time.process_time()
    pair_s = measure_pair_s()
    assert 1e-11 < pair_s < 1e-7
    assert time.process_time() - started < 10 * RUNS * YARDSTICK.work * pair_s + 0.1

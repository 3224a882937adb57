"""How fast this machine fits predictors."""

import time

import numpy as np

from plcd.core.predictor import Predictor

YARDSTICK = Predictor("tapered", 512, 2048)
"""Long enough for its inner loop to count, short enough to be timed while starting."""
RUNS = 24
"""9 ms in all on the machine of bench/RESULTS.md."""


def measure_pair_s() -> float:
    """Seconds per unit of :attr:`Predictor.work`: the median of some fits.

    Kernels have to be compiled (:func:`plcd.core.warm.warm`).
    """
    context = np.random.default_rng(1).standard_normal(YARDSTICK.context)
    durations_ns = np.empty(RUNS)
    for run in range(RUNS):
        started_ns = time.perf_counter_ns()
        YARDSTICK.fit(context)
        durations_ns[run] = time.perf_counter_ns() - started_ns
    return float(np.median(durations_ns)) * 1e-9 / YARDSTICK.work

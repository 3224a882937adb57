"""How long something took, over the newest occurrences and over all."""

import numpy as np

KEPT = 4096
"""Durations kept for the percentiles: 48 s of frames of 512 at 44.1 kHz."""


class Durations:
    """Durations in ns; bounded memory."""

    def __init__(self) -> None:
        self.count = 0
        self._sum_ns = 0
        self._max_ns = 0
        self._newest_ns = np.zeros(KEPT, dtype=np.int64)

    def add(self, duration_ns: int) -> None:
        """Note one."""
        self._newest_ns[self.count % KEPT] = duration_ns
        self.count += 1
        self._sum_ns += duration_ns
        self._max_ns = max(self._max_ns, duration_ns)

    def summary_ms(self) -> dict[str, float]:
        """``count``, ``sum`` and ``max`` of all, ``p50`` and ``p99`` of the newest, in milliseconds (0 when there are none)."""
        if not self.count:
            return {"count": 0, "sum": 0.0, "p50": 0.0, "p99": 0.0, "max": 0.0}
        p50, p99 = np.percentile(self._newest_ns[: min(self.count, KEPT)], (50, 99)) / 1e6
        return {
            "count": self.count,
            "sum": round(self._sum_ns / 1e6, 4),
            "p50": round(float(p50), 4),
            "p99": round(float(p99), 4),
            "max": round(self._max_ns / 1e6, 4),
        }

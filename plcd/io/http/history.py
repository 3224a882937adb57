"""The last minute of a daemon, from its snapshots: what a page shows when it is opened."""

from collections import deque
from collections.abc import Mapping
from typing import Any

INTERVAL_S = 0.1
"""How often the engine renews its snapshot while it plays."""

KEPT = 600
"""Points: a minute of them."""

PACKETS = ("on_time", "late", "lost", "recovered")

Point = dict[str, Any]


class History:
    """Points in time, each with levels as they were and counts since the point before."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque(maxlen=KEPT)
        self._last: Mapping[str, Any] | None = None

    @property
    def points(self) -> list[Point]:
        """The oldest first."""
        return list(self._points)

    def note(self, snapshot: Mapping[str, Any]) -> Point | None:
        """Take in a snapshot; its point, or None where it is the first or the one before again."""
        last, self._last = self._last, snapshot
        if last is None or last is snapshot:
            return None
        buffer = snapshot["buffer"]
        origins, before = snapshot["frames"]["by_origin"], last["frames"]["by_origin"]
        point = {
            "time": round(snapshot["time"], 3),
            "depth_ms": buffer["depth_ms"],
            "level_ms": buffer["level_ms"],
            "latency_ms": buffer["latency_ms"],
            "packets": {name: snapshot["packets"][name] - last["packets"][name] for name in PACKETS},
            "frames": {origin: origins[origin] - before[origin] for origin in origins},
        }
        self._points.append(point)
        return point

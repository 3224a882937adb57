"""Points in time from snapshots."""

import copy
from typing import Any

from http_daemon import make_thread

from plcd.io.http.history import KEPT, History


def later(snapshot: dict[str, Any], **packets: int) -> dict[str, Any]:
    """A snapshot 0.1 s on, with these more packets and twice as many frames predicted."""
    new = copy.deepcopy(snapshot)
    new["time"] += 0.1
    for name, more in packets.items():
        new["packets"][name] += more
    new["frames"]["by_origin"]["predicted"] += 2 * sum(packets.values())
    new["buffer"]["level_ms"] = 12.5
    return new


def test_a_point_has_levels_and_what_was_counted_since() -> None:
    history = History()
    first: dict[str, Any] = make_thread().snapshot
    assert history.note(first) is None
    second = later(first, on_time=3, lost=1)
    point = history.note(second)
    assert point is not None
    assert point["packets"] == {"on_time": 3, "late": 0, "lost": 1, "recovered": 0}
    assert {name: n for name, n in point["frames"].items() if n} == {"predicted": 8}
    assert point["level_ms"] == 12.5
    assert history.note(second) is None  # the same again
    assert history.points == [point]
    again = history.note(later(second, late=1))
    assert again is not None
    assert again["packets"] == {"on_time": 0, "late": 1, "lost": 0, "recovered": 0}


def test_a_minute_is_kept() -> None:
    history = History()
    snapshot: dict[str, Any] = make_thread().snapshot
    for _ in range(KEPT + 50):
        history.note(snapshot)
        snapshot = later(snapshot, on_time=1)
    assert len(history.points) == KEPT
    times = [point["time"] for point in history.points]
    assert times == sorted(times)

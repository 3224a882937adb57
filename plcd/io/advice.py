"""What a musician could do about packets that come too late and frames that are not ready, said while it happens."""

import logging
from collections.abc import Mapping
from typing import Any, Final

log = logging.getLogger("plcd.engine")

WINDOW_S: Final = 10.0
SILENT_S: Final = 60.0
"""The same advice is not given more often."""
LATE_SHARE: Final = 0.005
"""Of what came: more than a listener should have to bear."""
FEWEST: Final = 5
"""Single ones happen to everybody."""


class Advice:
    """Looks at one snapshot after the other. Call from one thread."""

    def __init__(self) -> None:
        self._since: tuple[float, Mapping[str, int]] | None = None
        self._said: dict[str, float] = {}

    def look(self, snapshot: Mapping[str, Any], adaptive: bool = False) -> None:
        """Compare with what there was :data:`WINDOW_S` ago, if it is as long ago. Logs at most one line a kind a minute.

        ``adaptive``: the depth follows the network.
        """
        now = float(snapshot["uptime_s"])
        packets, events = snapshot["packets"], snapshot["events"]
        counts = {
            "late": int(packets["late"]),
            "received": int(packets["received"]),
            "missed": int(events["missed_deadlines"]) + int(events["underruns"]),
        }
        if self._since is None or counts["received"] < self._since[1]["received"]:
            self._since = now, counts
        before_s, before = self._since
        if now - before_s < WINDOW_S:
            return
        self._since = now, counts
        new = {name: count - before[name] for name, count in counts.items()}
        if new["late"] >= FEWEST and new["late"] > LATE_SHARE * new["received"]:
            remedy = (
                "a higher MAX in --depth auto:MIN-MAX" if adaptive else "--depth auto, or a greater depth,"
            )
            self._say(
                "late",
                now,
                f"{new['late']} of {new['received']} packets came too late to be played in the last {WINDOW_S:.0f} s: "
                f"{remedy} would wait for them",
            )
        if new["missed"] >= FEWEST:
            self._say(
                "missed",
                now,
                f"{new['missed']} frames were not ready in time in the last {WINDOW_S:.0f} s: this machine is too slow or too "
                "busy. Try --predictor fast and --model none; see docs/operations.md for real-time priority",
            )

    def _say(self, kind: str, now: float, message: str) -> None:
        if now - self._said.get(kind, -SILENT_S) >= SILENT_S:
            self._said[kind] = now
            log.warning("%s", message)

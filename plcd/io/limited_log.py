"""Log lines that the network can provoke: the first at once, then at most one in ten seconds with the number in between."""

import logging
import time

INTERVAL_S = 10.0
MAX_KEYS = 64
"""Kinds of message kept apart; the kinds come from closed sets, so this is a second guard."""


class LimitedLog:
    """Limits each kind of message, ``key``, by itself."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._seen: dict[str, tuple[float, int]] = {}

    def warning(self, key: str, message: str) -> None:
        """Log ``message`` unless its kind was logged in the last ten seconds."""
        self._say(logging.WARNING, key, message)

    def info(self, key: str, message: str) -> None:
        """Likewise, of something that is not amiss."""
        self._say(logging.INFO, key, message)

    def _say(self, level: int, key: str, message: str) -> None:
        now = time.monotonic()
        last, skipped = self._seen.get(key, (-INTERVAL_S, 0))
        if now - last < INTERVAL_S or (key not in self._seen and len(self._seen) >= MAX_KEYS):
            self._seen[key] = (last, skipped + 1)
            return
        self._seen[key] = (now, 0)
        self._logger.log(level, "%s%s", message, f" ({skipped} more like it)" if skipped else "")

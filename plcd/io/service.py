"""What a service manager is told: ready, alive, stopping, and one line of what goes on (sd_notify(3)).

Theory of operation. systemd names a datagram socket in ``NOTIFY_SOCKET`` and, where it watches over the service, how long it
waits for a sign of life in ``WATCHDOG_USEC``. The sign is given only when the engine's thread has published a snapshot since the
last one: it does so several times a second whatever happens, so a thread that ended or hangs is told from one that waits.
Elsewhere nothing is sent. The protocol is a line or two of text in a datagram, for which no library is needed.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

log = logging.getLogger("plcd")

STATUS_S = 1.0
"""How often the line is renewed, where it has changed."""


class ServiceManager:
    """The one that started this process, if any."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._socket = _connected(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog_s = _watchdog_s(environment)
        """How long it waits for a sign of life; None: for ever."""

    def tell(self, *lines: str) -> None:
        """Send assignments such as ``READY=1`` in one message. Never waits, never fails."""
        if self._socket is None or not lines:
            return
        try:
            self._socket.send("\n".join(lines).encode())
        except OSError as error:
            log.debug("the service manager was not told %s: %s", lines[0], error.strerror)

    async def keep_informed(self, snapshot: Callable[[], Mapping[str, Any]]) -> None:
        """Send the status and signs of life. Runs until it is cancelled; ``snapshot`` is a new object each time there is news."""
        if self._socket is None:
            return
        interval_s = STATUS_S if self.watchdog_s is None else min(STATUS_S, self.watchdog_s / 3)
        seen: Mapping[str, Any] | None = None
        said = ""
        while True:
            current = snapshot()
            lines = []
            if self.watchdog_s is not None and current is not seen:
                lines.append("WATCHDOG=1")
            if (line := status(current)) != said:
                lines.append(f"STATUS={line}")
            seen, said = current, line
            self.tell(*lines)
            await asyncio.sleep(interval_s)

    def close(self) -> None:
        """Forget it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def status(snapshot: Mapping[str, Any]) -> str:
    """A snapshot in one line."""
    source, packets = snapshot["source"], snapshot["packets"]
    if source is None:
        return str(snapshot["state"])
    lost = 100 * packets["lost"] / packets["expected"] if packets["expected"] else 0.0
    return (
        f"{snapshot['state']}: {source['address']}, {source['format']}, {lost:.1f} % lost, "
        f"latency {snapshot['buffer']['latency_ms']:.0f} ms"
    )


def _connected(name: str) -> socket.socket | None:
    """``name``: a path, or ``@NAME`` in Linux' abstract name space."""
    if not name.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        sock.connect(f"\0{name[1:]}" if name.startswith("@") else name)
    except OSError as error:
        log.warning("NOTIFY_SOCKET %s: %s; the service manager is told nothing", name, error.strerror)
        sock.close()
        return None
    return sock


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Null where it is another process that is watched."""
    period = environment.get("WATCHDOG_USEC", "")
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(period) / 1e6 if period.isdecimal() and int(period) else None

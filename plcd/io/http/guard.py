"""Who may ask: whatever runs on this machine, and of pages in its browser only our own.

Theory of operation. The port is on loopback, yet any page of the web can make a browser here connect to it. A page whose own
name was made to lead to 127.0.0.1 (DNS rebinding) sends that name as ``Host``; another page's WebSocket, or request that is no
plain GET, bears its ``Origin``. Both headers are beyond a page's reach, so both are checked: on every request, before it is
looked at any further. What is no browser can send what it likes, and is on this machine already.
"""

from collections.abc import Sequence

from plcd.io.http.address import bracketed

NAMES = ("localhost", "127.0.0.1", "[::1]")

SHOWN = 80
"""Letters of a refused header that are repeated to the asker."""


class Guard:
    """Judges headers for one port."""

    def __init__(self, host: str, port: int) -> None:
        """``host``: the loopback address that is bound."""
        names = {*NAMES, bracketed(host)}
        self._hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())
        self._origins = {f"http://{name}" for name in self._hosts}
        self._example = f"127.0.0.1:{port}"

    def refusal(self, hosts: Sequence[str], origins: Sequence[str]) -> str | None:
        """One line that says why a request with these ``Host`` and ``Origin`` headers is refused; None where it is not."""
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return f"Host {_shown(hosts)} is not this machine: ask {self._example}"
        if len(origins) > 1 or (origins and origins[0].lower() not in self._origins):
            return f"Origin {_shown(origins)} is another site's: only plcd's own page may do this"
        return None


def _shown(values: Sequence[str]) -> str:
    return repr(", ".join(values)[:SHOWN]) if values else "(none)"

"""The playout depth: how long a stream's first packet waits before it is played."""

import re
from dataclasses import dataclass

MAX_DEPTH_MS = 2000.0
MAX_DEPTH_PACKETS = 1000

_SPEC = re.compile(r"(\d+(?:\.\d+)?)\s*(ms)?")


@dataclass(frozen=True, slots=True)
class Depth:
    """Either milliseconds or a number of packets; the other is None."""

    ms: float | None = 40.0
    packets: int | None = None

    @classmethod
    def parse(cls, spec: str) -> "Depth":
        """Read ``40ms`` or ``4`` (packets). Raises ValueError with what is allowed."""
        match = _SPEC.fullmatch(spec.strip().lower())
        if match is None or (match[2] is None and "." in match[1]):
            raise ValueError(
                f"depth {spec!r}: expected milliseconds as 40ms, or a whole number of packets as 4"
            )
        if match[2]:
            if float(match[1]) > MAX_DEPTH_MS:
                raise ValueError(f"depth {spec!r}: at most {MAX_DEPTH_MS:g}ms")
            return cls(ms=float(match[1]))
        if int(match[1]) > MAX_DEPTH_PACKETS:
            raise ValueError(f"depth {spec!r}: at most {MAX_DEPTH_PACKETS} packets")
        return cls(ms=None, packets=int(match[1]))

    def samples(self, rate: int, packet: int) -> int:
        """The depth in samples; at most :data:`MAX_DEPTH_MS`."""
        wanted = self.packets * packet if self.packets is not None else round((self.ms or 0.0) * rate / 1000)
        return min(wanted, round(MAX_DEPTH_MS * rate / 1000))

    def __str__(self) -> str:
        return f"{self.ms:g}ms" if self.ms is not None else str(self.packets)


DEFAULT_DEPTH = Depth()

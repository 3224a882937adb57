"""The playout depth: how long a stream's first packet waits before it is played."""

import re
from dataclasses import dataclass

MAX_DEPTH_MS = 2000.0
MAX_DEPTH_PACKETS = 1000
AUTO_MS = (0.0, 250.0)
"""Bounds of an adaptive depth where none are given: JackTrip's own upper one."""

_SPEC = re.compile(r"(\d+(?:\.\d+)?)\s*(ms)?")
_AUTO = re.compile(r"auto(?::(\d+(?:\.\d+)?)\s*(?:ms)?-(\d+(?:\.\d+)?)\s*(?:ms)?)?")


@dataclass(frozen=True, slots=True)
class Depth:
    """Either milliseconds or a number of packets; the other is None. ``auto``: lowest and highest milliseconds of a depth that
    follows the network, and begins with ``ms``.
    """

    ms: float | None = 40.0
    packets: int | None = None
    auto: tuple[float, float] | None = None

    @classmethod
    def parse(cls, spec: str) -> "Depth":
        """Read ``40ms``, ``4`` (packets), ``auto`` or ``auto:5-80`` (milliseconds). Raises ValueError with what is allowed."""
        text = spec.strip().lower()
        match = _AUTO.fullmatch(text)
        if match is not None:
            return cls._adaptive(spec, AUTO_MS if match[1] is None else (float(match[1]), float(match[2])))
        match = _SPEC.fullmatch(text)
        if match is None or (match[2] is None and "." in match[1]):
            raise ValueError(
                f"depth {spec!r}: expected milliseconds as 40ms, a whole number of packets as 4, or auto, auto:5-80 (ms)"
            )
        if match[2]:
            if float(match[1]) > MAX_DEPTH_MS:
                raise ValueError(f"depth {spec!r}: at most {MAX_DEPTH_MS:g}ms")
            return cls(ms=float(match[1]))
        if int(match[1]) > MAX_DEPTH_PACKETS:
            raise ValueError(f"depth {spec!r}: at most {MAX_DEPTH_PACKETS} packets")
        return cls(ms=None, packets=int(match[1]))

    @classmethod
    def _adaptive(cls, spec: str, bounds: tuple[float, float]) -> "Depth":
        lowest, highest = bounds
        if not lowest < highest <= MAX_DEPTH_MS:
            raise ValueError(
                f"depth {spec!r}: auto:MIN-MAX with MIN below MAX, at most {MAX_DEPTH_MS:g} (ms)"
            )
        return cls(ms=min(max(40.0, lowest), highest), auto=bounds)

    def samples(self, rate: int, packet: int) -> int:
        """The depth in samples, of an adaptive one the first; at most :data:`MAX_DEPTH_MS`."""
        wanted = self.packets * packet if self.packets is not None else round((self.ms or 0.0) * rate / 1000)
        return min(wanted, round(MAX_DEPTH_MS * rate / 1000))

    def __str__(self) -> str:
        if self.auto is not None:
            return "auto" if self.auto == AUTO_MS else f"auto:{self.auto[0]:g}-{self.auto[1]:g}"
        return f"{self.ms:g}ms" if self.ms is not None else str(self.packets)


DEFAULT_DEPTH = Depth()

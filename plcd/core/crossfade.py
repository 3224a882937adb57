"""From what would go on into what comes instead: behind a hole, and where the playout point was moved."""

from typing import Protocol

import numpy as np

from plcd.core.frame import Samples


class Continuation(Protocol):
    """What goes on from what was played: an open hole, for one."""

    def extrapolate(self, count: int, ended: bool) -> Samples:
        """Its next ``count`` samples ``(count, channels)``; ``ended``: they only lead over to what was received."""


class Heard:
    """A continuation that was received: ``samples`` ``(n, channels)``."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def extrapolate(self, count: int, ended: bool) -> Samples:
        """The next of them."""
        given, self._samples = self._samples[:count], self._samples[count:]
        return given


class Crossfade:
    """``total`` samples from ``continuation`` into what is received."""

    def __init__(self, continuation: Continuation, total: int) -> None:
        self._continuation = continuation
        self._total = total
        self._done = 0

    @property
    def over(self) -> bool:
        return self._done == self._total

    def blend(self, received: Samples, out: Samples) -> int:
        """Play the next of ``received`` ``(n, channels)`` into ``out`` as far as the crossfade goes; returns how many samples."""
        count: int = min(self._total - self._done, out.shape[0])
        place = np.arange(self._done + 1, self._done + count + 1, dtype=np.float32)[:, None]
        weight = place / np.float32(self._total + 1)
        going_on = self._continuation.extrapolate(count, ended=True)
        out[:count] = (1 - weight) * going_on + weight * received[:count]
        self._done += count
        return count

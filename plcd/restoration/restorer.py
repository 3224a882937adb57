"""What a method of restoration is: a window of audio with samples missing in it goes in, the missing samples come out.

The frame around it (:mod:`plcd.restoration.restore`) finds the gaps, cuts the windows, keeps what is finished, and puts
the result into the file. A method knows nothing of files, terminals or other windows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float64]
Mask = NDArray[np.bool_]

Progress = Callable[[float], None]
"""Hears which share of a call is done, 0 to 1, never falling. Ctrl-C comes as KeyboardInterrupt."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a method wants to see and what it can do, in samples at one rate."""

    before: int
    """Context wanted before the first missing sample of a window; there is less at the beginning of a file."""
    after: int
    """And behind the last one; there is less at the end."""
    longest: int
    """The longest gap it restores. Longer ones are left as they are and reported."""
    together: int = 0
    """Gaps are put into one window while the first one's start and the last one's end lie no further apart; 0: each gap has a
    window of its own. For methods that fit a whole stretch at once."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a recording."""

    audio: Audio
    """Shape ``(n, channels)``, finite, full scale 1.0; zeros where samples are missing."""
    missing: Mask
    """Shape ``(n,)``. The gaps to be restored, and those of later windows that reach into the context. (Gaps of earlier
    windows are restored and count as known.)"""
    rate: int
    """In Hz."""
    wanted: Mask | None = None
    """Shape ``(n,)``: those of ``missing`` whose result goes into the file; None: all."""


class Restorer(Protocol):
    """One method, ready to work. One window at a time; deterministic: the same window gives the same samples."""

    @property
    def identity(self) -> str:
        """Name, version and every setting that changes the result, in one line: a run is resumed only by the same method."""

    def reach(self, rate: int) -> Reach:
        """What it wants at ``rate``. Raises RestorationError where it does not work at that rate."""

    def restore(self, window: Window, progress: Progress) -> Audio:
        """All missing samples of ``window`` in order, shape ``(window.missing.sum(), channels)``, finite.

        They go into the file as they are: to lead over to what is known on both sides, inside the gap, is the method's
        matter. Of gaps that belong to later windows the result is not used (zeros will do). Each gap in use is no longer
        than ``reach.longest``. A gap may lie at the very start or end of the window: then that side has no context.
        Raises RestorationError where it cannot go on (no memory, no device).
        """


def runs_of(missing: Mask) -> list[tuple[int, int]]:
    """Start and end of each run of missing samples, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]

"""The newest samples that were actually played, contiguous in memory for the predictor."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples

_SLACK = 3
"""Contexts of room behind the newest: the samples are moved to the front once in so many contexts, not every frame."""


class History:
    """The last ``length`` samples of each channel; fewer at the beginning, when nothing is made up.

    Beside what was played it remembers how loud the music was: what is filled in may come out louder than what it was
    made from, and a peak measured there would rise from hole to hole.
    """

    def __init__(self, channels: int, length: int) -> None:
        self.length = length
        self._played = np.zeros((channels, length * (1 + _SLACK)), dtype=np.float32)
        self._levels = np.zeros_like(self._played)
        self._end = 0

    def append(self, played: Samples, level: Samples) -> None:
        """Add ``played`` ``(frames, channels)``. ``level``: what was received for it, or an equally loud stand-in."""
        count = min(played.shape[0], self.length)
        if self._end + count > self._played.shape[1]:
            for samples in (self._played, self._levels):
                samples[:, : self.length] = samples[:, self._end - self.length : self._end]
            self._end = self.length
        place = slice(self._end, self._end + count)
        self._played[:, place] = played[-count:].T
        self._levels[:, place] = level[-count:].T
        self._end += count

    def newest(self) -> NDArray[np.float32]:
        """The history, shape ``(channels, n)`` with n <= ``length``, oldest first. A view, valid until ``append``."""
        return self._played[:, max(0, self._end - self.length) : self._end]

    def peak(self) -> NDArray[np.float32]:
        """The largest magnitude of each channel's levels, shape ``(channels,)``."""
        levels = self._levels[:, max(0, self._end - self.length) : self._end]
        peak: NDArray[np.float32] = np.abs(levels).max(axis=1, initial=0.0)
        return peak

    def resized(self, length: int) -> "History":
        """A history of another length that keeps what is known."""
        other = History(self._played.shape[0], length)
        known = slice(max(0, self._end - min(length, self.length)), self._end)
        other.append(self._played[:, known].T, self._levels[:, known].T)
        return other

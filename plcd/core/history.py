"""The newest samples that were actually played, contiguous in memory for the predictor."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples

_SLACK = 3
"""Contexts of room behind the newest: the samples are moved to the front once in so many contexts, not every frame."""


class History:
    """The last ``length`` samples of each channel; fewer at the beginning, when nothing is made up."""

    def __init__(self, channels: int, length: int) -> None:
        self.length = length
        self._samples = np.zeros((channels, length * (1 + _SLACK)), dtype=np.float32)
        self._start = 0
        self._end = 0

    def append(self, played: Samples) -> None:
        """Add ``played`` ``(frames, channels)``."""
        newest = played[-self.length :]
        count = newest.shape[0]
        if self._end + count > self._samples.shape[1]:
            keep = min(self._end - self._start, self.length)
            self._samples[:, :keep] = self._samples[:, self._end - keep : self._end]
            self._start, self._end = 0, keep
        self._samples[:, self._end : self._end + count] = newest.T
        self._end += count

    def newest(self) -> NDArray[np.float32]:
        """The history, shape ``(channels, n)`` with n <= ``length``, oldest first. A view, valid until ``append``."""
        return self._samples[:, max(self._start, self._end - self.length) : self._end]

    def resized(self, length: int) -> "History":
        """A history of another length that keeps what is known."""
        other = History(self._samples.shape[0], length)
        other.append(self.newest().T)
        return other

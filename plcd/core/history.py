"""The newest samples that were actually played, contiguous in memory for the predictor."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples
from plcd.core.presence import Mask

_SLACK = 3
"""Contexts of room behind the newest: the samples are moved to the front once in so many contexts, not every frame."""


class History:
    """The last ``length`` samples of each channel; fewer at the beginning, when nothing is made up.

    Beside what was played it remembers how loud the music was: what is filled in may come out louder than what it was
    made from, and a peak measured there would rise from hole to hole.
    """

    def __init__(self, channels: int, length: int) -> None:
        self.channels = channels
        self.length = length
        self._played = np.zeros((channels, length * (1 + _SLACK)), dtype=np.float32)
        self._levels = np.zeros_like(self._played)
        self._received = np.zeros(self._played.shape[1], dtype=np.bool_)
        self._end = 0
        self.place = 0
        """Samples that were ever added: the place of the next one."""

    def append(self, played: Samples, level: Samples, received: bool | Mask = True) -> None:
        """Add ``played`` ``(frames, channels)``. ``level``: what was received for it, or an equally loud stand-in;
        ``received``: whether (or where) it is just what was received.
        """
        count = min(played.shape[0], self.length)
        if self._end + count > self._played.shape[1]:
            for samples in (self._played, self._levels):
                samples[:, : self.length] = samples[:, self._end - self.length : self._end]
            self._received[: self.length] = self._received[self._end - self.length : self._end]
            self._end = self.length
        place = slice(self._end, self._end + count)
        self._played[:, place] = played[-count:].T
        self._levels[:, place] = level[-count:].T
        self._received[place] = received if isinstance(received, bool) else received[-count:]
        self._end += count
        self.place += played.shape[0]

    def before(self, place: int, count: int) -> NDArray[np.float32]:
        """Up to ``count`` samples before ``place`` (of :attr:`place`'s count), as :meth:`newest`; fewer where they are gone."""
        end = self._end - (self.place - place)
        start = max(0, end - count, self._end - self.length)
        return self._played[:, start : max(start, end)]

    def received(self, place: int, count: int) -> Mask:
        """Which of the samples that :meth:`before` gives are just what was received."""
        end = self._end - (self.place - place)
        start = max(0, end - count, self._end - self.length)
        return self._received[start : max(start, end)]

    def newest(self, count: int | None = None) -> NDArray[np.float32]:
        """The last ``count`` samples, all if None, shape ``(channels, n)`` with n <= ``length``, oldest first.

        A view, valid until ``append``.
        """
        return self.before(self.place, self.length if count is None else count)

    def peak(self, count: int) -> NDArray[np.float32]:
        """The largest magnitude of each channel's levels in the last ``count`` samples, shape ``(channels,)``."""
        levels = self._levels[:, max(0, self._end - min(count, self.length)) : self._end]
        peak: NDArray[np.float32] = np.abs(levels).max(axis=1, initial=0.0)
        return peak

    def resized(self, length: int) -> "History":
        """A history of another length that keeps what is known."""
        other = History(self._played.shape[0], length)
        known = slice(max(0, self._end - min(length, self.length)), self._end)
        other.append(self._played[:, known].T, self._levels[:, known].T, self._received[known])
        other.place = self.place
        return other

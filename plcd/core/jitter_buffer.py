"""The jitter buffer: samples by absolute position, with a mask of those that are there."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples


class JitterBuffer:
    """A ring of ``capacity`` samples from ``cursor`` on. Packets of any size go in anywhere, frames of any size come out.

    Bounded by construction: nothing before the cursor or beyond its capacity is taken.
    """

    def __init__(self, capacity: int, channels: int, cursor: int) -> None:
        self.capacity = capacity
        self.cursor = cursor
        """Position of the next sample to be played."""
        self._samples = np.zeros((capacity, channels), dtype=np.float32)
        self._present = np.zeros(capacity, dtype=np.bool_)

    def insert(self, position: int, samples: Samples) -> int:
        """Hold ``samples`` ``(n, channels)`` from ``position`` on; what is already held or out of reach stays as it is.

        Returns how many samples were taken.
        """
        first = max(position, self.cursor)
        last = min(position + samples.shape[0], self.cursor + self.capacity)
        taken = 0
        for start, stop, ring in self._segments(first, last):
            part = samples[start - position : stop - position]
            present = self._present[ring]
            if present.any():
                new = ~present
                self._samples[ring][new] = part[new]
                taken += int(np.count_nonzero(new))
            else:
                self._samples[ring] = part
                taken += stop - start
            present[:] = True
        return taken

    def peek(self, frames: int) -> tuple[Samples, NDArray[np.bool_]]:
        """Samples ``(frames, channels)`` from the cursor on and which of them are there; the others hold anything."""
        frames = min(frames, self.capacity)
        segments = self._segments(self.cursor, self.cursor + frames)
        if len(segments) < 2:
            ring = segments[0][2] if segments else slice(0)
            return self._samples[ring], self._present[ring]
        return (
            np.concatenate([self._samples[ring] for _, _, ring in segments]),
            np.concatenate([self._present[ring] for _, _, ring in segments]),
        )

    def advance(self, frames: int) -> None:
        """Move the cursor on and forget what lies behind it."""
        for _, _, ring in self._segments(self.cursor, self.cursor + min(frames, self.capacity)):
            self._present[ring] = False
        self.cursor += frames

    def rewind(self, position: int) -> None:
        """Move the cursor back to ``position`` so that earlier samples can still be taken; nothing was played yet.

        What then lies out of reach is forgotten.
        """
        for _, _, ring in self._segments(position, min(self.cursor, position + self.capacity)):
            self._present[ring] = False  # its place held what is now a whole capacity ahead
        self.cursor = position

    def resized(self, capacity: int) -> "JitterBuffer":
        """A buffer of another capacity at the same cursor, with what this one holds within its reach."""
        other = JitterBuffer(capacity, self._samples.shape[1], self.cursor)
        samples, present = self.peek(capacity)
        for start, stop, ring in other._segments(self.cursor, self.cursor + present.shape[0]):
            held = slice(start - self.cursor, stop - self.cursor)
            other._samples[ring], other._present[ring] = samples[held], present[held]
        return other

    def _segments(self, first: int, last: int) -> list[tuple[int, int, slice]]:
        """Positions [first, last), at most ``capacity`` of them, as one or two runs: (start, stop, slice of the ring)."""
        if first >= last:
            return []
        offset = first % self.capacity
        split = first + self.capacity - offset
        if last <= split:
            return [(first, last, slice(offset, offset + last - first))]
        return [(first, split, slice(offset, self.capacity)), (split, last, slice(0, last - split))]

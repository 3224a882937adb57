"""The part of a recording around the place that is worked on, so that a file of any length takes the same memory."""

from collections.abc import Iterator

import numpy as np

from plcd.restoration.restorer import Audio


class Tape:
    """Blocks go in at one end and come out at the other; between them they can be cut out and written over.

    Places are samples from the start of the recording. They only ever go forward.
    """

    def __init__(self, blocks: Iterator[Audio], channels: int) -> None:
        self._blocks = blocks
        self._held = np.zeros((0, channels))
        self._start = 0

    def read_to(self, stop: int) -> None:
        """Hold everything up to ``stop``, or to the recording's end."""
        parts = [self._held]
        end = self._start + len(self._held)
        while end < stop and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            end += len(block)
        if len(parts) > 1:
            self._held = np.concatenate(parts)

    def cut(self, start: int, stop: int) -> Audio:
        """A copy of the samples ``start`` to ``stop``, which are held."""
        return self._held[start - self._start : stop - self._start].copy()

    def put(self, start: int, samples: Audio) -> None:
        """Write ``samples`` over what is held from ``start`` on."""
        self._held[start - self._start : start - self._start + len(samples)] = samples

    def release(self, place: int) -> Iterator[Audio]:
        """Everything before ``place`` that was not released yet, in order; it is not held any more."""
        while self._start + len(self._held) < place and (block := next(self._blocks, None)) is not None:
            if len(self._held):
                yield self._held
            self._start += len(self._held)
            self._held = block
        count = place - self._start
        if count > 0 and len(self._held):
            out, self._held = self._held[:count], self._held[count:]
            self._start += len(out)
            yield out

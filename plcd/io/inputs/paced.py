"""Audio without a clock of its own, such as a file's, paced by the monotonic clock; and silence, which has no end."""

import logging
from collections import deque
from collections.abc import Iterator

import numpy as np

from plcd.core.frame import Samples
from plcd.io.inputs.base import InputError, InputStatus, Pace
from plcd.io.inputs.worker import Beat, Worker

log = logging.getLogger("plcd.input")


class PacedInput(Worker):
    """``blocks`` of any size, shape ``(n, channels)`` at ``rate`` Hz, then silence. Reading them may raise InputError.

    Nothing is read while nobody wants it: what a peer hears begins with the first sample.
    """

    def __init__(self, name: str, blocks: Iterator[Samples], rate: int, channels: int) -> None:
        super().__init__()
        self._name = name
        self._blocks: Iterator[Samples] | None = blocks
        self._rate = rate
        self._channels = channels
        self._held: deque[Samples] = deque()
        self._lost = False

    def status(self) -> InputStatus:
        """As the contract says."""
        return InputStatus(self._name, lost=self._lost)

    def serve(self, pace: Pace) -> None:
        """A block for each of the peer's packets, as long as it is."""
        beat, taken = Beat(pace), 0
        while True:
            beat.wait()
            if not self.wanted(pace):
                return
            if beat.number == 1:
                taken = 0
            until = beat.number * pace.samples * self._rate // pace.rate
            self.deliver(self._take(until - taken), self._rate)
            taken = until

    def _take(self, count: int) -> Samples:
        """The next ``count`` samples."""
        parts, missing = [], count
        while missing:
            block = self._next()
            if block is None:
                parts.append(np.zeros((missing, self._channels), np.float32))
                break
            if len(block) > missing:
                self._held.appendleft(block[missing:])
                block = block[:missing]
            parts.append(block)
            missing -= len(block)
        return np.concatenate(parts) if parts else np.zeros((0, self._channels), np.float32)

    def _next(self) -> Samples | None:
        if self._held:
            return self._held.popleft()
        if self._blocks is None:
            return None
        try:
            block = next(self._blocks, None)
        except InputError as error:
            log.warning("%s: silence is sent in its place", error)
            self._lost = True
            block = None
        if block is None:
            self._blocks = None
        return block


def silence() -> PacedInput:
    """An input that has nothing to say."""
    return PacedInput("silence", iter(()), 48_000, 1)

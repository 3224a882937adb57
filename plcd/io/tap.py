"""What is played, for those who look on: from the engine's thread to the event loop, only while somebody does."""

from collections import deque

import numpy as np

from plcd.core.frame import Samples

CHANNELS = 2
"""Those handed out, the first ones: what a browser plays."""

LIMIT_BYTES = 4 << 20
"""Audio that waits at most: 10 s of stereo at 48 kHz. The loop takes it 40 times a second; more has piled up only if it hangs."""


class Tap:
    """One thread writes, another takes; neither ever waits for the other."""

    def __init__(self) -> None:
        self.wanted = False
        """Whether frames are handed out. Set by the taker."""
        self.rate: int | None = None
        """Of what is played, in hertz; None before anything is. Set by the writer."""
        self.dropped = 0
        """Frames for which there was no room."""
        self._frames: deque[Samples] = deque()
        # Each is changed by one thread alone, so neither needs a lock.
        self._written = 0
        self._taken = 0

    def write(self, audio: Samples) -> None:
        """One frame as played, ``(frames, channels)``, while it is wanted; copied. Engine thread only."""
        copy = audio[:, :CHANNELS].copy()
        if self._written - self._taken + copy.nbytes > LIMIT_BYTES:
            self.dropped += 1
            return
        self._written += copy.nbytes
        self._frames.append(copy)

    def take(self) -> Samples | None:
        """All that was written since the last call, in one piece; None where there is nothing. One thread only."""
        frames = []
        while self._frames:
            frames.append(self._frames.popleft())
        if not frames:
            return None
        self._taken += sum(frame.nbytes for frame in frames)
        return np.concatenate(frames)

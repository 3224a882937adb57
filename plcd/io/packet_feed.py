"""Captured audio on its way to a peer: blocks of any size in, packets of the peer's size and channels out."""

from collections import deque

import numpy as np

from plcd.core.frame import Samples

MOST_PACKETS = 64
"""Held at most; what is older is dropped, since it is late already."""


class PacketFeed:
    """Packets of ``samples`` and ``channels``. Of audio with more channels the first are taken; a single one goes to all."""

    def __init__(self, samples: int, channels: int) -> None:
        self.samples = samples
        self.channels = channels
        self.dropped = 0
        """Packets that nobody took in time."""
        self._packets: deque[Samples] = deque()
        self._rest = np.zeros((0, channels), np.float32)

    def add(self, block: Samples) -> None:
        """``block``: shape ``(n, any number of channels)``."""
        whole = np.concatenate((self._rest, _with_channels(block, self.channels)))
        cut = len(whole) - len(whole) % self.samples
        self._rest = whole[cut:]
        self._packets.extend(whole[start : start + self.samples] for start in range(0, cut, self.samples))
        while len(self._packets) > MOST_PACKETS:
            self._packets.popleft()
            self.dropped += 1

    def take(self) -> Samples | None:
        """The next packet's audio, if it is all there."""
        return self._packets.popleft() if self._packets else None


def _with_channels(block: Samples, channels: int) -> Samples:
    have = block.shape[1]
    if have == channels:
        return block
    if have == 1:
        return np.repeat(block, channels, axis=1)
    return np.pad(block[:, :channels], ((0, 0), (0, max(0, channels - have))))

"""Captured audio on its way to a peer: blocks of any size, channels and rate in, packets of the peer's form out."""

from collections import deque

import numpy as np

from plcd.core.frame import Samples
from plcd.io.resampling import SampleRateConverter

MOST_PACKETS = 64
"""Held at most; what is older is dropped, since it is late already."""


class PacketFeed:
    """Packets of ``samples`` and ``channels`` at ``rate``. Of audio with more channels the first are taken, a single one goes to
    all, and what is missing then is silence."""

    def __init__(self, samples: int, channels: int, rate: int) -> None:
        self.samples = samples
        self.channels = channels
        self.rate = rate
        self.dropped = 0
        """Packets that nobody took in time."""
        self._packets: deque[Samples] = deque()
        self._rest = np.zeros((0, channels), np.float32)
        self._from_rate = rate
        self._converter: SampleRateConverter | None = None

    def add(self, block: Samples, rate: int) -> None:
        """``block``: shape ``(n, any number of channels)`` at ``rate``, in hertz."""
        whole = np.concatenate((self._rest, self._resampled(_with_channels(block, self.channels), rate)))
        cut = len(whole) - len(whole) % self.samples
        self._rest = whole[cut:]
        self._packets.extend(whole[start : start + self.samples] for start in range(0, cut, self.samples))
        while len(self._packets) > MOST_PACKETS:
            self._packets.popleft()
            self.dropped += 1

    def take(self) -> Samples | None:
        """The next packet's audio, if it is all there."""
        return self._packets.popleft() if self._packets else None

    def _resampled(self, block: Samples, rate: int) -> Samples:
        if rate != self._from_rate:
            self._from_rate = rate
            # The filter must be sharp at the lower of the two.
            self._converter = SampleRateConverter(min(rate, self.rate), self.channels)
        if rate == self.rate or self._converter is None or not len(block):
            return block
        return self._converter.process(block, self.rate / rate)


def _with_channels(block: Samples, channels: int) -> Samples:
    have = block.shape[1]
    if have == channels:
        return block
    if have == 1:
        return np.repeat(block, channels, axis=1)
    return np.pad(block[:, :channels], ((0, 0), (0, max(0, channels - have))))

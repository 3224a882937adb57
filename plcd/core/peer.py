"""One of the sources of a mix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plcd.core.engine import Engine
from plcd.core.format_bridge import FormatBridge
from plcd.core.frame import PlayedFrame
from plcd.core.packet import AudioPacket, SourceId

Gain = NDArray[np.float64]
"""Factors, shape ``(frames, 1)``."""


@dataclass(slots=True)
class Peer:
    """A source with an engine of its own."""

    number: int
    """Counted from 1 as peers come; never given twice."""
    source: SourceId
    """Whose packets it gets now."""
    bridge: FormatBridge
    """Keeps the output's rate, and the channels that its first stream had."""
    gain: float
    """A factor for its samples; above 0."""
    since: int
    """Frames of the mix that were played before."""
    frame: PlayedFrame | None = None
    """What it played last, of the output's rate and its own channels, before the gain."""

    _applied: float | None = None

    @property
    def engine(self) -> Engine:
        """What hears it."""
        return self.bridge.engine

    def next_gain(self, frames: int) -> "Gain | None":
        """What the next ``frames`` samples are multiplied by: one factor for each, shape ``(frames, 1)``; None: by nothing."""
        before, self._applied = self.gain if self._applied is None else self._applied, self.gain
        if before == self.gain == 1.0:
            return None
        return np.linspace(before, self.gain, frames + 1)[1:, None]

    def goes_on_with(self, packet: AudioPacket) -> bool:
        """The packet continues its stream, but for the address."""
        stream = self.engine.newest_stream
        return stream is not None and stream.goes_on_with(packet)

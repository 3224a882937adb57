"""What the engine gives for each frame the output asks for."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Audio as float32, shape ``(frames, channels)``, full scale 1.0."""


class Origin(IntEnum):
    """Where a frame's samples came from; the larger, the less faithful. A frame bears its largest."""

    RECEIVED = 0
    """Every sample arrived in time (crossfades after a hole count as received)."""
    REFINED = 1
    """A hole filled by a network."""
    INTERPOLATED = 2
    """A hole closed from both sides by the predictor."""
    PREDICTED = 3
    """A hole filled by extrapolation alone."""
    SPLICED = 4
    """Audio made to move the playout point (re-anchoring, a change of depth)."""
    SILENCE = 5
    """A hole that outlasted the fade."""
    IDLE = 6
    """No stream: before the first packet, or more than a second after the last."""

    @property
    def label(self) -> str:
        """The name used in counters, sidecars and the control feed."""
        return self.name.lower()


class Hole(NamedTuple):
    """A run of samples of a frame that were not received. ``start`` counts from the frame's first sample."""

    start: int
    length: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class PlayedFrame:
    """One frame as played: audio ``(frames, channels)`` float32, its origin, and the holes in it."""

    audio: Samples
    origin: Origin
    holes: tuple[Hole, ...] = ()

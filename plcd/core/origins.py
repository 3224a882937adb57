"""A frame's origins sample by sample, and back: for what changes a sound's clock, and must know which sample came from where."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Hole, Origin, PlayedFrame, Samples

Origins = NDArray[np.int8]
"""One :class:`Origin` a sample."""


def origins_of(frame: PlayedFrame) -> Origins:
    """Of each sample."""
    idle = frame.origin is Origin.IDLE
    each = np.full(frame.audio.shape[0], Origin.IDLE if idle else Origin.RECEIVED, dtype=np.int8)
    for start, length, origin in frame.holes:
        each[start : start + length] = origin
    return each


def stretched(each: Origins, count: int) -> Origins:
    """As ``count`` samples in the same time."""
    return each[np.arange(count) * each.size // count]


def labelled(audio: Samples, each: Origins) -> PlayedFrame:
    """``audio`` as a frame; ``each`` of its samples."""
    edges = [0, *(np.flatnonzero(np.diff(each)) + 1).tolist(), each.size]
    holes = tuple(
        Hole(start, stop - start, Origin(int(each[start])))
        for start, stop in pairwise(edges)
        if each[start] not in (Origin.RECEIVED, Origin.IDLE)
    )
    return PlayedFrame(audio, Origin(int(each.max())), holes)

"""What a mix is made of: each peer's channels led to the output's, the sum, and whose holes are in it."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from plcd.core.format_bridge import with_channels
from plcd.core.frame import Origin, PlayedFrame, Samples
from plcd.core.limiter import Sum
from plcd.core.origins import labelled, origins_of
from plcd.core.peer import Gain

HEADROOM: Final = 4.0
"""A sample of one peer counts up to so much (12 dB over full scale): float formats can carry any number, and one that is
larger would silence everybody else for long."""


def mapped(audio: Samples, channels: int) -> Samples:
    """``audio`` ``(frames, m)`` in ``channels``: a single channel goes to all; several go to as many; where there are more than
    ``channels``, channel c goes to output c modulo ``channels``, and those that share one are averaged.
    """
    if audio.shape[1] <= channels:
        return with_channels(audio, channels)
    shared = [audio[:, channel::channels].mean(axis=1) for channel in range(channels)]
    return np.stack(shared, axis=1).astype(np.float32)


def added(parts: Iterable[tuple[Samples, Gain | None]], frames: int, channels: int) -> Sum:
    """The sum of (audio, gain), each bounded by :data:`HEADROOM`: ``(frames, channels)``.

    In double precision, so that it does not depend on the order of what are 24-bit samples.
    """
    total = np.zeros((frames, channels))
    for audio, gain in parts:
        part = mapped(audio, channels).astype(np.float64)
        if gain is not None:
            part *= gain
        total += np.clip(part, -HEADROOM, HEADROOM, out=part)
    return total


def as_sum(audio: Samples, frames: Sequence[PlayedFrame]) -> PlayedFrame:
    """``audio``, the sum of ``frames``, with the least faithful origin of all that are not idle, sample by sample."""
    playing = [frame for frame in frames if frame.origin is not Origin.IDLE]
    if not playing:
        return PlayedFrame(audio, Origin.IDLE)
    holed = [frame for frame in playing if frame.holes]
    if len(holed) < 2:
        return (
            PlayedFrame(audio, holed[0].origin, holed[0].holes)
            if holed
            else PlayedFrame(audio, Origin.RECEIVED)
        )
    return labelled(audio, np.max([origins_of(frame) for frame in holed], axis=0))

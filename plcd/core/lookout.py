"""Where in a stream fits are worth making before they are needed: where a hole is in sight."""

from collections.abc import Iterator

from plcd.core.adaptation import AHEAD_S
from plcd.core.presence import run_end
from plcd.core.stream import Stream


def worthwhile(
    stream: Stream, frame: int, window: int, alone: bool, run_ahead: bool = False
) -> Iterator[int]:
    """How many samples from the cursor on, all of them received, lie before each place that fits will be needed at.

    That is where a hole opens and, but for a predictor that is ``alone``, ``window`` samples before that. A packet that is
    missing among later ones will be a hole; one that would be the newest may yet come, so for these there are fits only
    where the next ``frame`` samples hold the place, and only for several predictors or to ``run_ahead``: a single one is fitted
    in time anyway.
    In a buffer that is filled as deep as it should be, and where nothing is missing, there are none.
    """
    horizon = max(frame, round(AHEAD_S * stream.format.rate))
    present = stream.buffer.peek(horizon + window + 1)[1]
    if not present.size:
        return
    newest = stream.newest_end - stream.buffer.cursor
    received = run_end(present, 0, present.size) if present[0] else 0

    def opens(place: int, near: bool) -> bool:
        if place >= present.size or present[place]:
            return False
        if place >= newest:
            return near and (run_ahead or not alone)
        return place == 0 or bool(present[place - 1])

    for after in range(newest % stream.packet_samples, min(received, horizon) + 1, stream.packet_samples):
        near = after < frame
        if opens(after, near) or (not alone and opens(after + window, near)):
            yield after

import numpy as np
import pytest

from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.core.origins import labelled, origins_of, stretched

R, P, S, IDLE = Origin.RECEIVED, Origin.PREDICTED, Origin.SILENCE, Origin.IDLE
AUDIO = np.zeros((6, 1), dtype=np.float32)


@pytest.mark.parametrize(
    ("frame", "each"),
    [
        (PlayedFrame(AUDIO, R), [R] * 6),
        (PlayedFrame(AUDIO, IDLE), [IDLE] * 6),
        (PlayedFrame(AUDIO, P, (Hole(1, 2, P),)), [R, P, P, R, R, R]),
        (PlayedFrame(AUDIO, S, (Hole(0, 1, P), Hole(1, 2, S), Hole(5, 1, P))), [P, S, S, R, R, P]),
    ],
)
def test_there_and_back(frame: PlayedFrame, each: list[Origin]) -> None:
    found = origins_of(frame)
    assert found.tolist() == each
    again = labelled(AUDIO, found)
    assert (again.origin, again.holes) == (frame.origin, frame.holes)


def test_in_another_clock_every_origin_keeps_its_share() -> None:
    each = np.array([R, R, P, P, S, S], dtype=np.int8)
    assert stretched(each, 9).tolist() == [R, R, R, P, P, P, S, S, S]
    assert stretched(each, 3).tolist() == [R, P, S]

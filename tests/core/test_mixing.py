"""Channels led to the output's, sums, and whose holes are in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.core.mixing import HEADROOM, added, as_sum, mapped

FRAMES = 8


def constant(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Channels of these values."""
    return np.tile(np.array(values, dtype=np.float32), (FRAMES, 1))


@pytest.mark.parametrize(
    ("channels", "wanted"),
    [
        ((1,), (1,)),
        ((1,), (1, 1, 1)),
        ((1, 2), (1, 2, 0)),
        ((1, 2), (1.5,)),
        ((1, 2, 3), (2, 2)),
        ((1, 2, 3, 4), (2, 3)),
        ((1, 2, 3, 4, 5), (2.5, 3.5, 3)),
    ],
)
def test_channels(channels: tuple[float, ...], wanted: tuple[float, ...]) -> None:
    led = mapped(constant(*channels), len(wanted))
    assert np.array_equal(led, constant(*wanted))
    assert led.dtype == np.float32


@given(st.integers(1, 8), st.integers(1, 8))
def test_nothing_gets_louder_by_being_led_and_nothing_is_lost(have: int, wanted: int) -> None:
    rng = np.random.default_rng(have)
    audio = rng.uniform(-1, 1, (FRAMES, have)).astype(np.float32)
    led = mapped(audio, wanted)
    assert np.abs(led).max() <= np.abs(audio).max() + 1e-6
    for channel in range(have):
        alone = np.zeros_like(audio)
        alone[:, channel] = audio[:, channel]
        assert mapped(alone, wanted).any()


def test_a_sum_in_which_nobody_counts_for_more_than_the_headroom() -> None:
    gain = np.full((FRAMES, 1), 0.5)
    total = added(
        [(constant(0.5), None), (constant(0.5, 0.25), gain), (constant(1e30, -1e30), None)], FRAMES, 2
    )
    assert np.array_equal(total, np.tile([0.75 + HEADROOM, 0.625 - HEADROOM], (FRAMES, 1)))


def test_the_sums_origin_is_the_least_faithful_of_all_that_are_not_idle() -> None:
    audio = constant(0.0)
    received = PlayedFrame(audio, Origin.RECEIVED)
    idle = PlayedFrame(audio, Origin.IDLE)
    one = PlayedFrame(audio, Origin.PREDICTED, (Hole(0, 4, Origin.PREDICTED),))
    two = PlayedFrame(audio, Origin.SPLICED, (Hole(2, 1, Origin.SPLICED), Hole(6, 1, Origin.REFINED)))

    def origin(*frames: PlayedFrame) -> tuple[Origin, tuple[Hole, ...]]:
        made = as_sum(audio, frames)
        return made.origin, made.holes

    assert origin() == origin(idle) == (Origin.IDLE, ())
    assert origin(idle, received) == (Origin.RECEIVED, ())
    assert origin(received, one, idle) == (Origin.PREDICTED, one.holes)
    assert origin(two, received, one) == (
        Origin.SPLICED,
        (
            Hole(0, 2, Origin.PREDICTED),
            Hole(2, 1, Origin.SPLICED),
            Hole(3, 1, Origin.PREDICTED),
            Hole(6, 1, Origin.REFINED),
        ),
    )

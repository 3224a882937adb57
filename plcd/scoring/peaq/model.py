"""The whole model: two signals in, eleven variables and a grade out."""

from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from plcd.scoring.peaq.averaging import SETTLING, WINDOW, data_frames
from plcd.scoring.peaq.bands import Real
from plcd.scoring.peaq.channel import analyse
from plcd.scoring.peaq.network import distortion_index, grade
from plcd.scoring.peaq.variables import Variables, variables

LEAST_FRAMES: Final = SETTLING + WINDOW
"""Fewer frames of data leave some variable without a value: 0.6 s."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What the model says of a pair."""

    odg: float
    """Objective Difference Grade, -3.98 (very annoying) to 0.22 (imperceptible)."""
    di: float
    """Distortion index, from which the grade follows (§6)."""
    variables: Variables


def peaq_basic(reference: Real, test: Real) -> Grade:
    """Grade ``test`` against ``reference``, both ``(n, channels)`` float64 at 48 kHz, full scale 1.0, aligned.

    The Recommendation knows one channel and two; more are averaged like two. Raises ValueError where the shapes differ,
    and where the reference holds less than 0.6 s between its first and its last sound.
    """
    if reference.shape != test.shape or reference.ndim != 2 or reference.shape[1] == 0:
        raise ValueError("reference and test must have one shape (n, channels)")
    frames = data_frames(reference)
    if frames.stop - frames.start < LEAST_FRAMES:
        raise ValueError("the reference holds too little sound for PEAQ (0.6 s are needed)")
    channels = [analyse(reference[:, c], test[:, c]) for c in range(reference.shape[1])]
    found = variables(channels, frames)
    index = distortion_index(np.array(astuple(found)))
    return Grade(grade(index), index, found)

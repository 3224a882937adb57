"""What a fit is not shown, and what it is shown in its place."""

import numpy as np

from plcd.restoration.deep_prior.spectrogram import Real
from plcd.restoration.interpolate import AMOUNT, Interpolate
from plcd.restoration.restorer import Mask, Window, runs_of


def held_out(missing: Mask, frame: int) -> Mask:
    """Known samples to judge by: as many in a row as the longest gap has, in the middle of where they go on longest.

    None where known samples do not reach half a frame beyond on both sides.
    """
    chosen = np.zeros_like(missing)
    gaps, known = runs_of(missing), runs_of(~missing)
    if gaps and known:
        length = max(stop - start for start, stop in gaps)
        start, stop = max(known, key=lambda run: run[1] - run[0])
        if stop - start >= length + frame:
            first = (start + stop - length) // 2
            chosen[first : first + length] = True
    return chosen


def interpolated(audio: Real, missing: Mask, rate: int, amount: float = AMOUNT) -> Real:
    """``audio`` ``(n,)``, its ``missing`` samples filled by autoregression from both sides, with so much sampled innovation."""
    filled = audio.copy()
    filled[missing] = Interpolate(amount=amount).restore(
        Window(audio[:, None], missing, rate), lambda _: None
    )[:, 0]
    return filled

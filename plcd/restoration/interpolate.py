"""The strong reference without a network: a gap filled from both sides by autoregression."""

import numpy as np

from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.interpolation import interpolate
from plcd.core.linear_prediction import Real, extrapolate, tail_of
from plcd.core.predictor import Predictor
from plcd.restoration.restorer import Audio, Progress, Reach, Window, runs_of

LONGEST_S = 0.1
PREDICTOR = Predictor("tapered", 1536, 6144)


class Interpolate:
    """A ``Restorer``."""

    @property
    def identity(self) -> str:
        return "interpolate 1"

    def reach(self, rate: int) -> Reach:
        return Reach(PREDICTOR.context, PREDICTOR.context, round(LONGEST_S * rate))

    def restore(self, window: Window, progress: Progress) -> Audio:
        audio = window.audio.copy()
        for start, stop in runs_of(window.missing):
            for channel in range(audio.shape[1]):
                past, future = audio[:start, channel].copy(), audio[stop:, channel].copy()
                audio[start:stop, channel] = _fill(past, future, stop - start)
        return audio[window.missing]


def _fill(past: Real, future: Real, missing: int) -> Real:
    out = np.empty(missing)
    fit = PREDICTOR.fit(past)
    past = tail_of(past, PREDICTOR.order)
    if missing > LONGEST_INTERPOLATION or not interpolate(
        past, future[: PREDICTOR.order], fit.coefficients, np.zeros(missing), out
    ):
        extrapolate(past, fit.coefficients, out)
    return out

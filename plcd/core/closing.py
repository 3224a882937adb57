"""One channel of a hole closed from both sides, and the guards that send it back to extrapolation."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.core.extrapolation import CEILING
from plcd.core.interpolation import interpolate_each
from plcd.core.linear_prediction import Real, drive, mean_error
from plcd.core.predictor import Fit
from plcd.core.refiner import Signal

LONGEST_INTERPOLATION: Final = 1024
"""Samples that one interpolation may span; its time and memory grow with the square."""
ONSET_RATIO: Final = 10**0.8
"""Guard: where the error left in hole and future exceeds the context's by this (8 dB), a new note began in the hole, the
predictor knows nothing of what follows, and spreading that error over the hole hurts. Measured on 1541 holes in 50
recordings: above 8 dB interpolation loses to extrapolation on average (-8 dB of SNR above 20), below it gains 4 dB."""
SWELL_RATIO: Final = 10**0.4
"""Guard: the hole must not get more energy than extrapolation would give it by more than this (4 dB); same measurement."""
LED_SAMPLES: Final = 32
"""At the end of a closed hole so many lead from what a network made of it to what was received."""
LARGEST: Final = float(np.finfo(np.float32).max)
"""No limit is above this: what is played has to fit into a float32."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What fills a hole, ``(missing,)`` each."""

    expected: Real
    """Without innovation."""
    made: Real
    """With it: what is played."""
    limit: float
    """The largest magnitude allowed."""


def close(
    fit: Fit, past: Real, after: Real, innovation: Real, context: Real, ceiling: float
) -> Closed | None:
    """Interpolate between ``past`` (as many samples as the order) and ``after`` (at most as many); None where a guard speaks.

    ``innovation`` ``(missing,)`` is the error that is aimed at; ``context``: what was played before; ``ceiling``: of
    extrapolation there.
    """
    wanted = innovation[None] if not innovation.any() else np.stack((np.zeros(innovation.size), innovation))
    fillings = np.empty_like(wanted)
    if not interpolate_each(past, after, fit.coefficients, wanted, fillings):
        return None
    expected = fillings[0]
    limit = min(max(ceiling, CEILING * float(np.abs(after).max())), LARGEST)
    if not np.abs(expected).max() <= limit:
        return None
    usual_error = mean_error(context[-2 * past.size :], fit.coefficients)
    if mean_error(np.concatenate((past, expected, after)), fit.coefficients) > ONSET_RATIO * usual_error:
        return None
    continued = np.empty_like(expected)
    drive(past, fit.coefficients, np.zeros(expected.size), continued)
    np.clip(continued, -limit, limit, out=continued)
    if float(expected @ expected) > SWELL_RATIO * float(continued @ continued):
        return None
    return Closed(expected, np.clip(fillings[-1], -limit, limit), limit)


class Known:
    """A closed hole and what was received behind it, read as :class:`plcd.core.extrapolation.Extrapolation` is."""

    def __init__(self, closed: Closed, future: Signal) -> None:
        self._prediction = np.concatenate((closed.expected, future.astype(np.float64)))
        self._innovation = closed.made - closed.expected
        self._limit = closed.limit

    def read(self, count: int) -> None:
        """All is there."""

    def parts(self, count: int) -> tuple[Real, Real]:
        """Filling and innovation of the next ``count`` samples; behind the hole what was received, then silence."""
        taken = []
        for signal in (self._prediction, self._innovation):
            part = np.zeros(count)
            part[: min(count, signal.size)] = signal[:count]
            taken.append(part)
        self._prediction, self._innovation = self._prediction[count:], self._innovation[count:]
        return taken[0], taken[1]

    def held(self, samples: Real) -> Real:
        """``samples`` under the limit."""
        held: Real = np.clip(samples, -self._limit, self._limit)
        return held

"""One channel running on beyond what is known: the members' predictions, mixed, and the sampled innovation on top."""

from typing import Final

import numpy as np

from plcd.core.innovation import Innovation
from plcd.core.jit import kernel
from plcd.core.linear_prediction import Real, run_on, tail_of
from plcd.core.predictor import Fit

CEILING: Final = 1.2
"""No filled sample exceeds the peak of what was received in the context by more: a predictor of high order may swell where
a decay began."""
MIXED_S: Final = 512 / 44_100
"""The mixture rests on a record of so much; up to here the weights hold."""
ALONE_S: Final = 3 * 512 / 44_100
"""From here on the primary speaks alone: further out the longest context is right most often (in bursts of 16 the mixture
loses 0.2 dB)."""
LOUDNESS_SAMPLES: Final = 4096
"""A long hole is no louder than so many samples before it were, within 3 dB: a note that began just before the hole is not
taken for how loud the music is."""
LOUDER: Final = 1.2
"""A hole may have so much times the usual energy per sample,"""
SPARED_SAMPLES: Final = 2048
"""and of so many samples more than it has: short ones may be as loud as what they continue, one of 4096 has 2.6 dB."""


class Extrapolation:
    """Continues ``past`` (float64, the newest sample last).

    ``fits`` with their weights, the primary's first; the last one's filter shapes ``innovation``, which comes from its errors:
    the least order is best there (1536 instead of 512 costs 0.07 ODG). ``ceiling``: the largest magnitude any prediction,
    and the sum, may have; ``rate`` in Hz. Every step is a function of the sample's place: the result does not depend on
    how it is cut into parts.
    """

    def __init__(
        self, past: Real, fits: list[tuple[Fit, float]], innovation: Innovation, ceiling: float, rate: int
    ) -> None:
        self.made = 0
        """Samples made so far."""
        self._fits = fits
        self._tails = [tail_of(past, fit.coefficients.size - 1) for fit, _ in fits]
        self._innovation = innovation
        self._shaping = fits[-1][0].coefficients
        self._noise_tail = np.zeros(self._shaping.size - 1)
        self._ceiling = ceiling
        self._rate = rate
        self._waiting = np.zeros((2, 0))
        before = past[-LOUDNESS_SAMPLES:]
        self._usual = float(before @ before) / max(1, before.size)
        self._energy = 0.0
        self._heard = 0

    def next(self, count: int) -> Real:
        """The next ``count`` samples: both :meth:`parts`, under ceiling and loudness limit."""
        prediction, innovation = self.parts(count)
        return self.held(prediction + innovation)

    def parts(self, count: int) -> tuple[Real, Real]:
        """Prediction and shaped innovation of the next ``count`` samples, to be limited by :meth:`held`."""
        self.read(count)
        given, self._waiting = np.split(self._waiting, (count,), axis=1)
        return given[0], given[1]

    def read(self, count: int) -> None:
        """Make the next ``count`` samples of both parts ahead of :meth:`parts`."""
        missing = count - self._waiting.shape[1]
        if missing > 0:
            self._waiting = np.concatenate((self._waiting, self._next_parts(missing)), axis=1)

    def foreseen(self, count: int) -> Real:
        """Prediction and innovation of the next ``count`` samples, which were read, without using them up."""
        seen: Real = self._waiting[:, :count].sum(axis=0)
        return seen

    def _next_parts(self, count: int) -> tuple[Real, Real]:
        seconds = np.arange(self.made, self.made + count) / self._rate
        alone = np.clip((seconds - MIXED_S) / (ALONE_S - MIXED_S), 0.0, 1.0)
        nothing = np.zeros(count)
        part = np.empty(count)
        total = np.zeros(count)
        for member, ((fit, weight), tail) in enumerate(zip(self._fits, self._tails, strict=True)):
            share = weight * (1.0 - alone) + alone if member == 0 else weight * (1.0 - alone)
            if member and not share.any():
                continue  # for good; the primary, whatever its weight, has a say later
            run_on(tail, fit.coefficients, nothing, part)
            total += share * np.clip(part, -self._ceiling, self._ceiling)
        run_on(self._noise_tail, self._shaping, self._innovation.part(self.made, count), part)
        self.made += count
        return total, part

    def held(self, samples: Real) -> Real:
        """``samples``, which go on from those of the call before, down to the energy that a hole may have so far."""
        out = np.empty(samples.size)
        allowed = LOUDER * self._usual
        self._energy = _hold(samples, self._ceiling, allowed, self._heard + SPARED_SAMPLES, self._energy, out)
        self._heard += out.size
        return out


@kernel
def _hold(samples: Real, ceiling: float, allowed: float, place: int, energy: float, out: Real) -> float:
    """``samples`` under ``ceiling``, and scaled where the energy so far is over ``allowed`` times the samples since ``place``.

    Returns the energy with theirs added.
    """
    for n in range(samples.size):
        out[n] = min(max(samples[n], -ceiling), ceiling)
        energy += out[n] * out[n]
        limit = allowed * (place + n + 1)
        if energy > limit:
            out[n] *= limit / energy
    return energy

"""One channel of a gap filled by autoregression from what lies on both sides of it.

One predictor is fitted to both sides (:mod:`plcd.restoration.two_sided_burg`), and the gap takes the samples that leave it
the least error over gap and future (least-squares interpolation: Janssen et al. 1986; Godsill & Rayner 1998, §5.2.2), as the
daemon does with lookahead, there with a predictor of the past alone. Which order is right differs from note to note, so several
fill the gap, weighted by what each makes of known samples beside it. What no predictor knows is put back as sampled innovation
(:mod:`plcd.core.innovation`): in the gap's first half more of the errors before it, in the second more of those behind it.

Beyond ``CLOSED_S`` the equations grow too large and say too little: both sides are extrapolated through the gap and crossfaded.
"""

from typing import Final

import numpy as np

from plcd.core.closing import LED_SAMPLES, SWELL_RATIO
from plcd.core.extrapolation import CEILING
from plcd.core.forecaster import RECORD_POWER
from plcd.core.hole import Shape
from plcd.core.innovation import Innovation
from plcd.core.interpolation import interpolate_each
from plcd.core.linear_prediction import Real, drive, mean_error, prediction_errors, tail_of
from plcd.core.predictor import MOST_ERRORS
from plcd.restoration.attack import BLOCK, before_attack
from plcd.restoration.two_sided_burg import two_sided_burg

CLOSED_S: Final = 0.1
MOST_CLOSED: Final = 8192
"""Samples that are closed at most, whatever the rate: time and memory grow with the square (half a gigabyte at twice as many)."""
TRIED: Final = 1024
"""Samples on each side that predictors are tried on at most; fewer where the gap is shorter."""
RIDGE: Final = 1e-13
"""As :data:`plcd.core.interpolation.RIDGE`, but as small as double precision bears: sound without treble, as at 192 kHz, is
filled with next to nothing where it is larger."""
_RIDGE_SHARE: Final = 0.1
"""On seven clips at 192 kHz, gaps of 2.7 ms: closing always, -11.7 dB; crossfading always, -15.1; by this, -15.4. At 44.1 kHz it
never speaks."""
_LEAST_ERROR: Final = 1e-9
_TINY: Final = 1e-200
"""As in :mod:`plcd.core.forecaster`."""
Sizes = tuple[tuple[int, int], ...]
"""Order and samples of each side, of every predictor that fills a gap."""


def fill(past: Real, future: Real, missing: int, rate: int, sizes: Sizes, amount: float) -> Real:
    """The ``missing`` samples between ``past`` and ``future`` (oldest first, either may be empty), one channel.

    The innovation is shaped by the first predictor alone. Never larger than 1.2 times the peak of the context.
    """
    note, future = future, future[: before_attack(past, future)]
    total = np.zeros(missing)
    limit = 0.0
    for member, ((order, size), weight) in enumerate(
        zip(sizes, _weights(past, future, missing, sizes), strict=True)
    ):
        before, behind = past[-size:], future[:size]
        expected, innovation = _fill_by(before, behind, missing, rate, order, 0.0 if member else amount)
        total += weight * expected + innovation
        limit = max(limit, float(np.abs(before).max(initial=0.0)), float(np.abs(behind).max(initial=0.0)))
    filled: Real = np.clip(total, -CEILING * limit, CEILING * limit)
    if future.size < min(BLOCK, note.size):
        _lead_in(filled, note[: sizes[0][1]], rate, sizes[0][0])
    return filled


def _lead_in(filled: Real, note: Real, rate: int, order: int) -> None:
    """Lead the end of ``filled`` over to a ``note`` that sounds behind it already, and began nobody knows where in the gap.

    What was filled knows nothing of it, and to step into it would click: a few such gaps cost a clip two whole ODG grades.
    As long as the crossfade behind a hole, but before its end.
    """
    led = Shape.at(rate, filled.size).crossfade
    a = two_sided_burg(note[:0], note, min(order, note.size // 2))
    limit = CEILING * float(np.abs(note).max())
    back = np.clip(_driven(note[::-1], a, np.zeros(led)), -limit, limit)[::-1]
    rising = np.sin(np.pi / 2 * (np.arange(led) + 0.5) / led) ** 2
    filled[filled.size - led :] += rising * (back - filled[filled.size - led :])


def _weights(past: Real, future: Real, missing: int, sizes: Sizes) -> list[float]:
    """How much each predictor says: by its errors where, fitted without the samples nearest to the gap, it extrapolates them."""
    tried = min(missing, TRIED)
    if len(sizes) == 1 or min(past.size, future.size) < 4 * tried:
        return [1 / len(sizes)] * len(sizes)
    errors = np.empty(len(sizes))
    for member, (order, size) in enumerate(sizes):
        before, behind = past[-(size + tried) : -tried], future[tried : size + tried]
        a = two_sided_burg(before, behind, min(order, max(before.size, behind.size) // 2))
        limit = CEILING * float(max(np.abs(before).max(), np.abs(behind).max()))
        there = np.clip(_driven(before, a, np.zeros(tried)), -limit, limit)
        back = np.clip(_driven(behind[::-1], a, np.zeros(tried)), -limit, limit)
        errors[member] = np.sum((there - past[-tried:]) ** 2) + np.sum((back[::-1] - future[:tried]) ** 2)
    errors += _LEAST_ERROR * float(past[-tried:] @ past[-tried:] + future[:tried] @ future[:tried]) + _TINY
    weights: Real = (errors / errors.min()) ** -RECORD_POWER
    return [float(weight) for weight in weights / weights.sum()]


def _fill_by(
    past: Real, future: Real, missing: int, rate: int, order: int, amount: float
) -> tuple[Real, Real]:
    """What one predictor expects in the gap, and the sampled innovation as it shapes it."""
    a = two_sided_burg(past, future, min(order, max(past.size, future.size) // 2))
    rising = _crossfade(past.size, future.size, missing, a.size - 1)
    falling = np.sqrt(1.0 - rising**2)
    there = falling * _innovation(past, a, missing, rate, amount)
    back = rising * _innovation(future[::-1], a, missing, rate, amount)[::-1]
    onward = falling**2 * _driven(past, a, np.zeros(missing))
    backward = rising**2 * _driven(future[::-1], a, np.zeros(missing))[::-1]
    crossfaded: Real = onward + backward
    if past.size and future.size and missing <= min(CLOSED_S * rate, MOST_CLOSED):
        closed = _close(past, future, a, there + back, crossfaded)
        if closed is not None:
            return closed
    nothing = np.zeros(0)
    innovation = _driven(nothing, a, there) + _driven(nothing, a, back[::-1])[::-1]
    return crossfaded, innovation


def _crossfade(past: int, future: int, missing: int, order: int) -> Real:
    """Amplitude with which what comes from the future rises. A side of less than ``order`` samples says only where to end."""
    rising: Real = np.sin(np.pi / 2 * (np.arange(missing) + 0.5) / missing)
    if (past < order) == (future < order) and past and future:
        return rising
    led = min(LED_SAMPLES, missing)
    end = np.sin(np.pi / 2 * (np.arange(led) + 0.5) / led)
    if future < order:
        rising[:] = 0.0
        rising[missing - led :] = end if future else 0.0
    else:
        rising[:] = 1.0
        rising[:led] = end if past else 1.0
    return rising


def _close(past: Real, future: Real, a: Real, innovation: Real, crossfaded: Real) -> tuple[Real, Real] | None:
    """The least-squares filling and the innovation in it; None where it swells, or the ridge says more than the sound does.

    It must not have much more energy than either side carries into the gap. The ridge says more where the price it puts on a
    filling like ``crossfaded`` is not small beside the least error there is.
    """
    before, behind = tail_of(past, a.size - 1), np.ascontiguousarray(future[: a.size - 1])
    wanted = (
        np.stack((np.zeros(innovation.size), innovation))
        if innovation.any()
        else np.zeros((1, innovation.size))
    )
    out = np.empty_like(wanted)
    if not interpolate_each(before, behind, a, wanted, out, RIDGE) or not np.isfinite(out).all():
        return None
    nothing = np.zeros(innovation.size)
    carried = float(np.sum(_driven(past, a, nothing) ** 2))
    if future.size >= a.size - 1:
        carried = max(carried, float(np.sum(_driven(future[::-1], a, nothing) ** 2)))
    if float(out[0] @ out[0]) > SWELL_RATIO * carried:
        return None
    error = (out.shape[1] + behind.size) * mean_error(np.concatenate((before, out[0], behind)), a)
    if RIDGE * float(a @ a) * float(crossfaded @ crossfaded) > _RIDGE_SHARE * error:
        return None
    return out[0], out[-1] - out[0]


def _innovation(past: Real, a: Real, missing: int, rate: int, amount: float) -> Real:
    """Innovation like the errors at the end of ``past``, falling off with the distance from it."""
    if not amount:
        return np.zeros(missing)
    errors = prediction_errors(np.ascontiguousarray(past[-(a.size - 1 + MOST_ERRORS) :]), a)
    return Innovation(errors, rate, amount).part(0, missing)


def _driven(past: Real, a: Real, innovation: Real) -> Real:
    """``past`` continued by the predictor, driven by ``innovation``."""
    out = np.empty(innovation.size)
    drive(tail_of(past, a.size - 1), a, innovation, out)
    return out

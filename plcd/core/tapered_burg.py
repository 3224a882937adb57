"""Burg's method with the newest errors weighing most: music changes, and the next packet resembles the last ones."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from plcd.core.jit import kernel
from plcd.core.linear_prediction import OWN_ROUNDING, Real

DOUBLE: Final = 64
"""So many orders are computed in double precision, the others in single, which takes half the time. By then the errors hold
little that can be predicted, and single precision rounds relative to that: on music the two predictions differ by less than
-80 dB of what is predicted."""
SINGLE_ROUNDING: Final = 1e-13
"""Relative floor of the prediction error in single precision, -130 dB of what was left after :data:`DOUBLE` orders."""


@kernel
def tapered_burg(x: Real, order: int) -> tuple[Real, Real]:
    """Fit by Burg's method with weighted errors (Kaveh & Lippert 1983, eq. 7; Swingler 1979): |k| <= 1, so it is stable.

    The weight of the errors at sample n is a ramp, (n + 1) / N; on music it beats exponentials, symmetric windows and
    none (docs/quality.md). ``x``: the context, shape ``(N,)``; ``order`` is lowered to N - 1. Returns the coefficients
    ``(order + 1,)`` and the forward prediction errors of ``x[order:]``, which the recursion leaves behind.
    """
    n = x.size
    order = min(order, n - 1)
    a = np.zeros(order + 1)
    a[0] = 1.0
    forward = x.copy()
    backward = x.copy()
    weight = np.arange(1.0, n + 1.0) / n
    energy = 0.0
    cross = 0.0
    for i in range(n - 1):
        energy += weight[i + 1] * (x[i + 1] * x[i + 1] + x[i] * x[i])
        cross += weight[i + 1] * x[i + 1] * x[i]
    floor = energy * OWN_ROUNDING
    done = min(order, DOUBLE)
    reached, energy, cross = _raise_order(a, forward, backward, weight, 0, done, energy, cross, floor)
    peak = max(np.abs(forward[reached:]).max(), np.abs(backward[: n - reached]).max())
    if reached < done or done == order or not peak > 0.0:
        return a, forward[max(reached, order) :].copy()
    # In single precision what is left has to lie around 1.
    power = peak * peak
    single_forward = (forward / peak).astype(np.float32)
    single_backward = (backward / peak).astype(np.float32)
    single_weight = weight.astype(np.float32)
    energy /= power
    cross /= power
    floor = max(floor / power, energy * SINGLE_ROUNDING)
    _raise_order(a, single_forward, single_backward, single_weight, done, order, energy, cross, floor)
    return a, single_forward[order:].astype(np.float64) * peak


@kernel
def _raise_order(
    a: Real,
    forward: NDArray[Any],
    backward: NDArray[Any],
    weight: NDArray[Any],
    start: int,
    order: int,
    energy: float,
    cross: float,
    floor: float,
) -> tuple[int, float, float]:
    """Take the recursion from order ``start`` to ``order``, in the precision of the errors ``forward`` and ``backward``.

    One pass over the errors per order: it applies coefficient m and, from the same loads, sums what coefficient m + 1
    needs. ``energy`` and ``cross``: these sums for the first one. Ends where ``energy`` is no more than ``floor``. Returns the
    order reached, and the sums.
    """
    n = forward.size
    previous = np.zeros(order + 1)
    rounded = np.zeros_like(forward[:2])  # holds numbers of the errors' own type: k, and nothing
    reached = start
    for m in range(start + 1, order + 1):
        if not energy > floor:
            break
        k = min(max(-2.0 * cross / energy, -1.0), 1.0)
        previous[1:m] = a[1:m]
        mirrored = previous[m - 1 : 0 : -1]
        inner = a[1:m]
        for i in range(inner.size):
            inner[i] += k * mirrored[i]
        a[m] = k
        reached = m
        # Errors of order m - 1 pair forward[i + m] with backward[i]; after the update forward[i + m + 1] pairs with backward[i].
        length = n - m
        ahead = forward[m:]
        ramp = weight[m:]
        rounded[0] = k
        gain = rounded[0]
        squares = rounded[1]
        products = rounded[1]
        for i in range(length - 1):
            b_new = backward[i] + gain * ahead[i]
            f_next = ahead[i + 1] + gain * backward[i + 1]
            weighted = ramp[i + 1] * b_new
            squares += ramp[i + 1] * f_next * f_next + weighted * b_new
            products += weighted * f_next
            ahead[i] += gain * backward[i]
            backward[i] = b_new
        last = length - 1
        b_last = backward[last] + gain * ahead[last]
        ahead[last] += gain * backward[last]
        backward[last] = b_last
        energy = float(squares)
        cross = float(products)
    return reached, energy, cross

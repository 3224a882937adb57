"""Burg's method with the newest errors weighing most: music changes, and the next packet resembles the last ones."""

import numpy as np

from plcd.core.jit import kernel
from plcd.core.linear_prediction import OWN_ROUNDING, Real


@kernel
def tapered_burg(x: Real, order: int) -> tuple[Real, Real]:
    """Fit by Burg's method with weighted errors (Kaveh & Lippert 1983, eq. 7; Swingler 1979): |k| <= 1, so it is stable.

    The weight of the errors at sample n is a ramp, (n + 1) / N; on music it beats exponentials, symmetric windows and
    none (docs/quality.md). ``x``: the context, shape ``(N,)``; ``order`` is lowered to N - 1. Returns the coefficients
    ``(order + 1,)`` and the forward prediction errors of ``x[order:]``, which the recursion leaves behind.
    One pass over the data per order: it applies coefficient m and, from the same loads, sums what coefficient m + 1 needs.
    """
    n = x.size
    order = min(order, n - 1)
    a = np.zeros(order + 1)
    a[0] = 1.0
    previous = np.zeros(order + 1)
    forward = x.copy()
    backward = x.copy()
    weight = np.arange(1.0, n + 1.0) / n
    energy = 0.0
    cross = 0.0
    for i in range(n - 1):
        energy += weight[i + 1] * (x[i + 1] * x[i + 1] + x[i] * x[i])
        cross += weight[i + 1] * x[i + 1] * x[i]
    floor = energy * OWN_ROUNDING
    reached = 0
    for m in range(1, order + 1):
        if not energy > floor:
            break
        k = -2.0 * cross / energy
        for i in range(1, m):
            previous[i] = a[i]
        for i in range(1, m):
            a[i] = previous[i] + k * previous[m - i]
        a[m] = k
        reached = m
        # Errors of order m - 1 pair forward[i + m] with backward[i]; after the update forward[i + m + 1] pairs with backward[i].
        length = n - m
        ahead = forward[m:]
        ramp = weight[m:]
        energy = 0.0
        cross = 0.0
        for i in range(length - 1):
            b_new = backward[i] + k * ahead[i]
            f_next = ahead[i + 1] + k * backward[i + 1]
            weighted = ramp[i + 1] * b_new
            energy += ramp[i + 1] * f_next * f_next + weighted * b_new
            cross += weighted * f_next
            ahead[i] += k * backward[i]
            backward[i] = b_new
        last = length - 1
        b_last = backward[last] + k * ahead[last]
        ahead[last] += k * backward[last]
        backward[last] = b_last
    return a, forward[max(reached, order) :].copy()

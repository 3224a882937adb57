"""One predictor for both sides of a gap: Burg's method on two stretches at once.

A stationary sound has the same predictor forwards and backwards in time, and Burg's method asks for small errors in both
directions anyway. So the samples before a gap and those behind it, turned round, are two records of one process (Burg's method
for several segments: de Waele & Broersen 2000): the sums of both give one reflection coefficient. What lies nearest to the gap
weighs most, as in :mod:`plcd.core.tapered_burg`.
"""

import numpy as np

from plcd.core.jit import kernel
from plcd.core.linear_prediction import OWN_ROUNDING, Real


@kernel
def two_sided_burg(past: Real, future: Real, order: int) -> Real:
    """Fit to ``past`` (newest sample last) and ``future`` (oldest first); either may be short or empty.

    Each error weighs (n + 1) / N, n being its place on the way to the gap and N the longer side's length. |k| <= 1, so the
    predictor is stable. ``order`` is lowered to one less than the longer side. Returns the coefficients ``(order + 1,)``.
    """
    longer = max(past.size, future.size)
    order = max(0, min(order, longer - 1))
    a = np.zeros(order + 1)
    a[0] = 1.0
    before_forward = past.copy()
    before_backward = past.copy()
    behind_forward = future[::-1].copy()
    behind_backward = behind_forward.copy()
    before_weight = (longer - past.size + 1.0 + np.arange(past.size)) / longer
    behind_weight = (longer - future.size + 1.0 + np.arange(future.size)) / longer
    previous = np.zeros(order + 1)
    k = 0.0
    floor = -1.0
    for m in range(order + 1):
        before = _raise(before_forward, before_backward, before_weight, m, k)
        behind = _raise(behind_forward, behind_backward, behind_weight, m, k)
        energy = before[0] + behind[0]
        if m == 0:
            floor = energy * OWN_ROUNDING
        if m == order or not energy > floor:
            break
        k = min(max(-2.0 * (before[1] + behind[1]) / energy, -1.0), 1.0)
        previous[1 : m + 1] = a[1 : m + 1]
        for i in range(1, m + 1):
            a[i] += k * previous[m + 1 - i]
        a[m + 1] = k
    return a


@kernel
def _raise(forward: Real, backward: Real, weight: Real, m: int, k: float) -> tuple[float, float]:
    """Take the errors of one stretch from order m - 1 to m with ``k`` (nothing to do for order 0).

    Returns the weighted energy of both errors and their product, which the next coefficient is made of.
    """
    n = forward.size
    energy = 0.0
    cross = 0.0
    if n <= m + 1:
        return energy, cross
    # Errors of order m - 1 pair forward[i + m] with backward[i]; after the update forward[i + m + 1] pairs with backward[i].
    ahead = forward[m:]
    ramp = weight[m:]
    for i in range(n - m - 1):
        b = backward[i] + k * ahead[i]
        f = ahead[i + 1] + k * backward[i + 1]
        energy += ramp[i + 1] * (f * f + b * b)
        cross += ramp[i + 1] * f * b
        ahead[i] += k * backward[i]
        backward[i] = b
    last = n - m - 1
    b = backward[last] + k * ahead[last]
    ahead[last] += k * backward[last]
    backward[last] = b
    return energy, cross

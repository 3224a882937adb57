"""Closing a hole from both sides: least-squares autoregressive interpolation, solved fast.

Among all ways to fill m missing samples, take the one whose prediction error over the hole and the A samples after
it has the least energy (Janssen, Veldhuis & Vries 1986, eq. 8; Godsill & Rayner 1998, §5.2.2). With
``e = U x + e0``, where U holds shifted copies of the predictor and ``e0`` is the error with zeros in the hole, that is
``(U'U) x = -U' e0``.

Taken from the last missing sample backwards, U'U has entries that grow by a rank-one term along each diagonal:
``H[i, j] - H[i-1, j-1] = a[A+i] a[A+j]``, with first column ``c[i] = sum_{q<=A} a[q] a[q+i]``. Its displacement thus has rank
three, and the generalised Schur algorithm (Kailath & Sayed 1995, §4; mixed hyperbolic rotations after Bojanczyk et al. 1987)
factors it in O(m²) instead of O(m³).
"""

import numpy as np

from plcd.core.jit import kernel
from plcd.core.linear_prediction import Real

RIDGE = 1e-9
"""Added to the diagonal, relative to it: keeps the factorisation definite when the predictor models a pure tone."""


@kernel
def _zero_hole_error(past: Real, future: Real, missing: int, a: Real) -> Real:
    """Prediction error over hole and future, shape ``(missing + A,)``, with zeros in the hole."""
    order = a.size - 1
    total = missing + future.size
    signal = np.zeros(order + total)
    signal[:order] = past[past.size - order :]
    signal[order + missing :] = future
    reversed_a = a[::-1].copy()
    error = np.empty(total)
    for n in range(total):
        value = 0.0
        for k in range(order + 1):
            value += reversed_a[k] * signal[n + k]
        error[n] = value
    return error


@kernel
def interpolate(past: Real, future: Real, a: Real, innovation: Real, out: Real) -> bool:
    """:func:`interpolate_each` for one ``innovation`` ``(m,)``."""
    return interpolate_each(past, future, a, innovation.reshape((1, -1)), out.reshape((1, -1)))


@kernel
def interpolate_each(
    past: Real, future: Real, a: Real, innovations: Real, out: Real, ridge: float = RIDGE
) -> bool:
    """Fill each row of ``out`` ``(r, m)``, the m missing samples between ``past`` (newest last, at least p samples) and
    ``future``, at about the price of one.

    ``a``: predictor ``(p + 1,)`` with ``a[0] = 1``. ``innovations`` ``(r, m)``: what the error inside the hole shall be near
    to; zeros give the likeliest samples, an innovation as large as usual gives likely ones (Godsill & Rayner 1998, §5.2.3).
    ``ridge``: see :data:`RIDGE`. Returns False, leaving ``out`` undefined, where rounding made
    the equations indefinite; the caller then extrapolates.
    """
    rows, m = out.shape
    after = future.size
    order = a.size - 1
    right = np.empty((rows, m))  # the right-hand sides, reversed in time like everything below
    zero_hole_error = _zero_hole_error(past, future, m, a)
    for row in range(rows):
        error = zero_hole_error.copy()
        error[:m] -= innovations[row]
        for i in range(m):
            total = 0.0
            for k in range(min(order, m + after - 1 - i) + 1):
                total += a[k] * error[i + k]
            right[row, m - 1 - i] = -total

    whole_lead = np.zeros(m)
    for i in range(min(m, order + 1)):
        total = 0.0
        for q in range(min(after, order - i) + 1):
            total += a[q] * a[q + i]
        whole_lead[i] = total
    whole_lead[0] *= 1.0 + ridge
    whole_lead /= np.sqrt(whole_lead[0])
    whole_minus = whole_lead.copy()
    whole_minus[0] = 0.0
    whole_plus = np.zeros(m)
    for i in range(1, min(m, order - after + 1)):
        whole_plus[i] = a[after + i]

    factor = np.empty(m * (m + 1) // 2)  # the Cholesky factor, column after column
    start = 0
    for k in range(m):
        # A rotation makes plus[0] vanish, then a hyperbolic rotation minus[0]; lead is then column k. Slices that all begin
        # at 0 let the compiler use vectors.
        lead, plus, minus = whole_lead[k:], whole_plus[k:], whole_minus[k:]
        radius = np.sqrt(lead[0] * lead[0] + plus[0] * plus[0])
        if not radius > 0.0:
            return False
        cosine = lead[0] / radius
        sine = plus[0] / radius
        ratio = minus[0] / radius
        if not abs(ratio) < 1.0:
            return False
        scale = np.sqrt((1.0 - ratio) * (1.0 + ratio))
        column = factor[start : start + m - k]
        for i in range(m - k):
            turned = cosine * lead[i] + sine * plus[i]
            plus[i] = cosine * plus[i] - sine * lead[i]
            straight = (turned - ratio * minus[i]) / scale
            minus[i] = scale * minus[i] - ratio * straight
            column[i] = straight
        lead[1:] = column[:-1]
        for row in range(rows):
            rest = right[row, k:]
            solved = rest[0] / column[0]
            rest[0] = solved
            for i in range(1, m - k):
                rest[i] -= solved * column[i]
        start += m - k
    for k in range(m - 1, -1, -1):
        start -= m - k
        column = factor[start : start + m - k]
        for row in range(rows):
            rest = right[row, k:]
            total = rest[0]
            for i in range(1, m - k):
                total -= column[i] * rest[i]
            rest[0] = total / column[0]
    out[:] = right[:, ::-1]
    return True

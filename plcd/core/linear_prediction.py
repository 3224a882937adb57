"""Linear prediction in float64: the classical ways to fit the coefficients, and the recursion that extrapolates.

A predictor of order p is an array ``a`` of p + 1 coefficients with ``a[0] = 1``: the prediction error is
``e[n] = sum_k a[k] x[n - k]``, so the prediction itself is ``x[n] = -sum_{k>=1} a[k] x[n - k]``.
"""

import numpy as np
from numpy.typing import NDArray

from plcd.core.jit import kernel

Real = NDArray[np.float64]

_WHITE_NOISE = 1e-9
"""Added to the power at lag 0 by Levinson's recursion, and its floor: -90 dB, the noise of 16-bit audio."""
OWN_ROUNDING = 1e-18
"""Relative floor of Burg's prediction error: -180 dB. Samples rounded to float32 leave -155 dB unpredictable, so what lies
below is a constant, silence or the like, and more order would model the rounding of this very recursion. A
higher floor stops early where the signal is clean, and two or three low tones are then lost within a packet."""


@kernel
def burg(x: Real, order: int) -> Real:
    """Fit by Burg's method: every reflection coefficient minimises forward plus backward error, so |k| <= 1 and
    the predictor is stable (Burg 1975; Kay, Modern Spectral Estimation, eq. 7.42).

    ``x``: the context, shape ``(n,)``; ``order`` is lowered to n - 1. Returns ``(order + 1,)``.
    One pass over the data per order: it applies coefficient m and, from the same loads, sums what coefficient m + 1 needs.
    """
    n = x.size
    a = np.zeros(order + 1)
    a[0] = 1.0
    previous = np.zeros(order + 1)
    forward = x.copy()
    backward = x.copy()
    energy = 0.0
    cross = 0.0
    for i in range(n - 1):
        energy += x[i + 1] * x[i + 1] + x[i] * x[i]
        cross += x[i + 1] * x[i]
    floor = energy * OWN_ROUNDING
    for m in range(1, min(order, n - 1) + 1):
        if not energy > floor:
            break
        k = -2.0 * cross / energy
        for i in range(1, m):
            previous[i] = a[i]
        for i in range(1, m):
            a[i] = previous[i] + k * previous[m - i]
        a[m] = k
        # Errors of order m - 1 pair forward[i + m] with backward[i]; after the update forward[i + m + 1] pairs with backward[i].
        length = n - m
        ahead = forward[m:]
        energy = 0.0
        cross = 0.0
        first = ahead[0] + k * backward[0]
        for i in range(length - 1):
            f = ahead[i]
            b = backward[i]
            f_new = f + k * b
            b_new = b + k * f
            f_next = ahead[i + 1] + k * backward[i + 1]
            ahead[i] = f_new
            backward[i] = b_new
            energy += f_new * f_new + b_new * b_new
            cross += f_next * b_new
        last = ahead[length - 1] + k * backward[length - 1]
        backward[length - 1] = backward[length - 1] + k * ahead[length - 1]
        ahead[length - 1] = last
        # The sums above counted forward errors m .. n - 2; the next order uses m + 1 .. n - 1.
        energy += last * last - first * first
    return a


@kernel
def autocorrelation(x: Real, order: int) -> Real:
    """Biased autocorrelation of ``x`` at lags 0 .. order, shape ``(order + 1,)``."""
    r = np.zeros(order + 1)
    for lag in range(min(order, x.size - 1) + 1):
        total = 0.0
        for i in range(x.size - lag):
            total += x[i] * x[i + lag]
        r[lag] = total
    return r


@kernel
def levinson(r: Real) -> Real:
    """Solve the normal equations of the autocorrelation method by Levinson-Durbin (Makhoul 1975, eq. 38).

    ``r``: autocorrelation at lags 0 .. p. Returns ``(p + 1,)``; stops early where the error reaches the noise floor.
    """
    order = r.size - 1
    a = np.zeros(order + 1)
    a[0] = 1.0
    previous = np.zeros(order + 1)
    error = r[0] * (1.0 + _WHITE_NOISE)
    floor = r[0] * _WHITE_NOISE
    for m in range(1, order + 1):
        if not error > floor:
            break
        total = r[m]
        for i in range(1, m):
            total += a[i] * r[m - i]
        k = -total / error
        for i in range(1, m):
            previous[i] = a[i]
        for i in range(1, m):
            a[i] = previous[i] + k * previous[m - i]
        a[m] = k
        error *= 1.0 - k * k
    return a


@kernel
def autocorrelation_fit(x: Real, order: int) -> Real:
    """Fit by the autocorrelation method. Same contract as :func:`burg`."""
    return levinson(autocorrelation(x, order))


def tail_of(past: Real, order: int) -> Real:
    """The last ``order`` samples of ``past``, which :func:`drive` starts from; zeros before them where there are not so many."""
    tail = np.zeros(order)
    known = min(order, past.size)
    if known:
        tail[-known:] = past[-known:]
    return tail


@kernel
def drive(past: Real, a: Real, innovation: Real, out: Real) -> None:
    """Continue ``past`` (the newest sample last, at least p of them) into all of ``out``, driven by ``innovation``.

    ``innovation`` has the shape of ``out`` and is what the prediction error shall be: zeros give the prediction itself.
    """
    order = a.size - 1
    while order > 0 and a[order] == 0.0:
        order -= 1
    work = np.empty(order + out.size)
    work[:order] = past[past.size - order :]
    reversed_a = a[order:0:-1].copy()
    for n in range(out.size):
        total = 0.0
        for i in range(order):
            total += reversed_a[i] * work[n + i]
        work[n + order] = innovation[n] - total
    out[:] = work[order:]


@kernel
def extrapolate(past: Real, a: Real, out: Real) -> None:
    """Continue ``past`` into all of ``out`` by prediction alone; as :func:`drive`."""
    drive(past, a, np.zeros(out.size), out)


@kernel
def run_on(tail: Real, a: Real, innovation: Real, out: Real) -> None:
    """Continue ``tail`` (the newest p samples) into ``out``, driven by ``innovation``, and move it on by as much."""
    drive(tail, a, innovation, out)
    kept = max(0, tail.size - out.size)
    for i in range(kept):
        tail[i] = tail[i + tail.size - kept]
    for i in range(kept, tail.size):
        tail[i] = out[out.size - tail.size + i]


@kernel
def prediction_errors(x: Real, a: Real) -> Real:
    """Errors of predicting ``x[p:]`` with ``a`` (p + 1 coefficients), shape ``(x.size - p,)``; empty where x is no longer."""
    order = a.size - 1
    reversed_a = a[::-1].copy()
    errors = np.empty(max(0, x.size - order))
    for n in range(errors.size):
        error = 0.0
        for k in range(order + 1):
            error += reversed_a[k] * x[n + k]
        errors[n] = error
    return errors


@kernel
def mean_error(x: Real, a: Real) -> float:
    """Mean square of :func:`prediction_errors`; 0 where there are none."""
    errors = prediction_errors(x, a)
    return float(np.sum(errors * errors)) / max(1, errors.size)

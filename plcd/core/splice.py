"""Where to cut: the length of a splice at which its two ends differ least."""

import numpy as np
from numpy.typing import NDArray

from plcd.core.frame import Samples

FADE_S = 256 / 44_100
"""Over this the ends are compared and blended: 5.8 ms, a period of 172 Hz."""
LONGER_S = 0.01
"""Inserted time may be so much longer than it has to be where that makes a better splice: a period of 100 Hz."""
LONGER_DB_MS = 1.0
"""A millisecond more is worth so many decibels of match."""
SILENCE = 1e-8
"""Mean square, -80 dB re full scale: what is quieter is silence, any cut will do."""


def differences_db(going_on: Samples, others: Samples, loudness: float) -> NDArray[np.float64]:
    """For each place in ``others`` ``(n, channels)``: how much what begins there differs from ``going_on`` ``(m, channels)``.

    Mean squares of the difference over that of the music, ``loudness``, in dB: small where both agree, and where it is quiet.
    """
    fixed, moving = going_on.astype(np.float64), others.astype(np.float64)
    length = fixed.shape[0]
    total = np.zeros(moving.shape[0] - length + 1)
    for channel in range(fixed.shape[1]):
        one, two = fixed[:, channel], moving[:, channel]
        squares = np.concatenate((np.zeros(1), np.cumsum(two * two)))
        total += one @ one + (squares[length:] - squares[:-length]) - 2.0 * np.correlate(two, one, "valid")
    mean = np.maximum(total, 0.0) / (length * fixed.shape[1])
    decibels: NDArray[np.float64] = 10.0 * np.log10(mean / max(loudness, SILENCE) + 1e-12)
    return decibels


def insertion(coming: Samples, foreseen: Samples, least: int, rate: int, loudness: float) -> int:
    """How much time to insert, ``least`` samples or up to :data:`LONGER_S` more: until ``foreseen``, what is played for it, meets
    what is ``coming`` best.
    """
    differences = differences_db(coming, foreseen[least:], loudness)
    differences += LONGER_DB_MS * 1000.0 / rate * np.arange(differences.size)
    return least + int(np.argmin(differences))


def skip(coming: Samples, fade: int, least: int, bar_db: float, loudness: float) -> int:
    """How many samples of what is ``coming`` to skip: the most, from ``least`` on, for which the ends differ by no more than
    ``bar_db`` over ``fade`` samples. 0 where there is no such place.
    """
    if coming.shape[0] < fade + least:
        return 0
    differences = differences_db(coming[:fade], coming, loudness)
    return longest_good(differences, least, bar_db) or 0


def longest_good(differences: NDArray[np.float64], least: int, bar_db: float) -> int | None:
    """Of the places from ``least`` on that meet the bar the one that skips most; None where none does."""
    good = np.flatnonzero(differences[least:] <= bar_db)
    return int(good[-1]) + least if good.size else None

"""The network's magnitudes and those of an autoregressive filling, each where it knows more.

Near a gap's edge the filling goes on from what is known, partial by partial, and the network's patch, blurred as a mean is, would
spoil it. Deep in a gap the filling fades out, and the network still knows how loud each band should be: levels of bands are
what is taken of it. (Its magnitudes themselves, or the louder of both: 0.02 to 0.1 ODG worse at 80 and 160 ms.)
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plcd.neural.patches import BINS, HOP, RATE, SIZE, Flags, Picture, Wave, spectra
from plcd.restoration.res_u_net.phases import fill

OVER_S: Final = 0.05
"""From the nearest known sample: so far on only the network is asked."""
ROUNDS: Final = 2
"""Of Griffin and Lim's iteration. The phases of the filling are nearer to the truth than those it leads to: of steady chords they
are lost after some ten rounds."""
BAND: Final = 5
"""Bins that share a level: 312 Hz."""
MOST: Final = 4.0
"""Times as loud, or as soft, as the filling at most: what it says nothing of has no phases."""
_TINY: Final = 1e-9


def rebuilt(filled: Wave, lost: Flags, touched: Flags, made: Picture, rounds: int) -> Wave:
    """``filled`` ``(n,)`` at 16 kHz with other samples where they are ``lost`` ``(n,)``.

    ``made``: what the network says of the frames ``touched`` by them, ``(BINS, as many)``, as large as spectra are.
    """
    there = np.abs(spectra(filled)[:, touched])
    gain = np.clip((_levels(made) + _TINY) / (_levels(there[:BINS]) + _TINY), 1 / MOST, MOST)
    mixed = there[:BINS] * gain ** _weights(lost, touched)
    return fill(filled, lost, touched, np.concatenate((mixed, there[BINS:])), rounds)


def _levels(picture: Picture) -> Picture:
    """Means over the ``BAND`` bins around each, frame by frame."""
    padded = np.pad(picture, ((BAND // 2, BAND // 2), (0, 0)), mode="edge")
    found: Picture = sliding_window_view(padded, BAND, axis=0).mean(axis=2)
    return found


def _weights(lost: Flags, touched: Flags) -> Wave:
    """Of the network, for each frame ``touched``: rising from 0 where its middle is known to 1 at ``OVER_S`` from all that is."""
    known = np.flatnonzero(~lost)
    middles = np.flatnonzero(touched) * HOP + SIZE // 2
    if not known.size:
        return np.ones(middles.size)
    place = np.searchsorted(known, middles)
    left = np.abs(middles - known[np.maximum(place - 1, 0)])
    right = np.abs(known[np.minimum(place, known.size - 1)] - middles)
    weights: Wave = np.minimum(np.minimum(left, right) / (OVER_S * RATE), 1.0)
    return weights

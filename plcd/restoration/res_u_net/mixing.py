"""The network's magnitudes and those of an autoregressive filling, each where it knows more.

Near a gap's edge the filling goes on from what is known, partial by partial, and the network's patch, blurred as a mean is, would
spoil it. Deep in a gap the filling fades out, and the network still knows how loud each band should be.
"""

from typing import Final

import numpy as np

from plcd.neural.patches import BINS, HOP, RATE, SIZE, Flags, Picture, Wave, spectra
from plcd.restoration.res_u_net.phases import fill

OVER_S: Final = 0.05
"""From the nearest known sample: so far on only the network is asked."""
ROUNDS: Final = 2
"""Of Griffin and Lim's iteration. The phases of the filling are nearer to the truth than those it leads to: of steady chords they
are lost after some ten rounds."""
_TINY: Final = 1e-9


def rebuilt(filled: Wave, lost: Flags, touched: Flags, made: Picture, rounds: int) -> Wave:
    """``filled`` ``(n,)`` at 16 kHz with other samples where they are ``lost`` ``(n,)``.

    ``made``: what the network says of the frames ``touched`` by them, ``(BINS, as many)``, as large as spectra are. It only
    ever adds: where the filling is louder that stays.
    """
    there = np.abs(spectra(filled)[:, touched])
    weight = _weights(lost, touched)
    louder = np.maximum(made, there[:BINS])
    mixed = np.exp((1 - weight) * np.log(there[:BINS] + _TINY) + weight * np.log(louder + _TINY))
    return fill(filled, lost, touched, np.concatenate((mixed, there[BINS:])), rounds)


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

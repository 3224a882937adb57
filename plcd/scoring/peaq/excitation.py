"""Band energies to excitation patterns: internal noise, spreading over frequency, spreading over time (§2.1.6-2.1.8)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import BANDS, BARK_STEP, CENTRE_HZ, INTERNAL_NOISE, Real, smooth, time_constant

_LOWER_SLOPE_DB: Final = 27.0
"""dB a Bark towards lower bands (§2.1.7)."""
_UPPER_SLOPE_DB: Real = 24 + 230 / CENTRE_HZ
_UPPER_LEVEL_DB: Final = 0.2
"""Towards higher bands: this many dB a Bark, less 0.2 dB for each dB of level (§2.1.7)."""
_POWER: Final = 0.4
"""Excitations add after this power (§2.1.7)."""

_FACTOR = time_constant(0.030, 0.008)
"""Time constants at 100 Hz and at least, in seconds (§2.1.8)."""


def unsmeared(bands: Real) -> Real:
    """Excitation before spreading over time: band energies ``(frames, 109)`` with noise added, spread (14)."""
    return np.asarray(_spread(bands + INTERNAL_NOISE) / _NORMAL)


def excitation(pattern: Real) -> Real:
    """Excitation from the ``unsmeared`` pattern: its decay is slowed down, its onsets are not (§2.1.8)."""
    return np.asarray(np.maximum(smooth(pattern, _FACTOR), pattern))


def _spread(energy: Real) -> Real:
    """Each band's energy shared out over all bands by its slopes, the shares added to the power 0.4 (§2.1.7)."""
    down = 10 ** (-_LOWER_SLOPE_DB * BARK_STEP / 10)
    up = 10 ** (-_UPPER_SLOPE_DB * BARK_STEP / 10) * energy ** (_UPPER_LEVEL_DB * BARK_STEP)
    band = np.arange(BANDS, dtype=np.float64)
    shares = _series(np.full(1, down), band + 1) + _series(up, BANDS - band) - 1
    own = (energy / shares) ** _POWER
    down, up = down**_POWER, np.asarray(up**_POWER)
    total = own.copy()
    falling, rising = own.copy(), own.copy()
    for distance in range(1, BANDS):
        falling = falling[:, 1:] * down
        rising = rising[:, :-1] * up[:, : BANDS - distance]
        total[:, : BANDS - distance] += falling
        total[:, distance:] += rising
    return np.asarray(total ** (1 / _POWER))


def _series(ratio: Real, terms: Real) -> Real:
    """``1 + ratio + ... + ratio ** (terms - 1)``."""
    ratio = np.where(
        ratio == 1, 1 + 1e-9, ratio
    )  # some level above 120 dB makes a slope flat: the quotient's limit
    return np.asarray((1 - ratio**terms) / (1 - ratio))


_NORMAL = _spread(np.ones((1, BANDS)))[0]
"""What spreading makes of 0 dB in every band, which is to stay 0 dB (§2.1.7)."""

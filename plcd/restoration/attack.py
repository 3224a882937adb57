"""Whether a note begins behind a gap that nothing before it speaks of."""

from typing import Final

import numpy as np

from plcd.core.linear_prediction import Real, prediction_errors
from plcd.restoration.two_sided_burg import two_sided_burg

ATTACK: Final = 12.0
"""A note begins where the mean square error of a short predictor is larger by this than anywhere before the gap. Of 3 to 20 the
one that leaves the least energy too much above 500 Hz in gaps of 12 ms; the waveform hardly cares."""
LOUDER: Final = 12.0
"""Or where the sound's own power is: soft attacks surprise no predictor, but one of a high order carries them into the gap. Of 5
to 20 none is much better than others; it brings 0.1 dB from 23 ms on, and a fifth of the energy too much above 500 Hz goes."""
_FAINT: Final = 1e-5
"""Errors of less of the sound's power begin no note: another gap that was filled nearly right makes as much."""
_ORDER: Final = 32
_HEARD: Final = 2048
"""Samples before the gap that say what is usual."""
BLOCK: Final = 64
"""Samples: so exactly it is known where a note begins."""
_LEVEL_BLOCK: Final = 128


def before_attack(past: Real, future: Real) -> int:
    """How many samples of ``future`` come before a note begins that ``past`` knows nothing of.

    Closing would spread that attack's error over the gap, as a pre-echo: one such gap of 23 ms cost a whole ODG grade.
    """
    heard = past[-_HEARD:]
    if min(heard.size, future.size) < 4 * _ORDER:
        return future.size
    louder = np.flatnonzero(_powers(future, _LEVEL_BLOCK) > LOUDER * _powers(heard[::-1], _LEVEL_BLOCK).max())
    if louder.size:
        future = future[: int(louder[0]) * _LEVEL_BLOCK]
    if future.size < 4 * _ORDER:
        return future.size
    a = two_sided_burg(heard, future, _ORDER)
    known, blocks = (
        _powers(prediction_errors(np.ascontiguousarray(side), a), BLOCK) for side in (heard[::-1], future)
    )
    usual = max(float(known.max()), _FAINT * float(heard @ heard) / heard.size)
    attacks = np.flatnonzero(blocks > ATTACK * usual)
    return max(_ORDER, int(attacks[0]) * BLOCK) if attacks.size else future.size


def _powers(sound: Real, block: int) -> Real:
    """Mean squares by blocks, the first sample in the first block."""
    powers: Real = np.mean(sound[: sound.size // block * block].reshape(-1, block) ** 2, axis=1)
    return powers

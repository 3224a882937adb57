"""Up to which line reference and test reach (§4.4)."""

from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import Flags, Real

_FIRST_NOISE_LINE: Final = 921
"""From 21.6 kHz up there is only noise (§4.4)."""
_REFERENCE_ABOVE: Final = 10.0
_TEST_ABOVE: Final = 10**0.5
"""10 dB and 5 dB above that noise (§4.4)."""
LEAST: Final = 346
"""Frames whose reference does not reach beyond this line, 8.1 kHz, say nothing (§4.4)."""


def bandwidth(reference: Real, test: Real) -> tuple[Real, Real]:
    """Bandwidths of reference and test in lines, each ``(frames,)``, from energies of lines ``(frames, 1025)``."""
    noise = np.max(test[:, _FIRST_NOISE_LINE:-1], axis=1, keepdims=True)
    inside = slice(0, _FIRST_NOISE_LINE)
    reach = _highest(reference[:, inside] > _REFERENCE_ABOVE * noise)
    below = np.arange(_FIRST_NOISE_LINE) < reach[:, None]
    return reach, _highest((test[:, inside] >= _TEST_ABOVE * noise) & below)


def _highest(flags: Flags) -> Real:
    """One more than the last index that is true in each row, 0 where none is."""
    last = flags.shape[1] - np.argmax(flags[:, ::-1], axis=1)
    return np.asarray(np.where(flags.any(axis=1), last, 0), np.float64)

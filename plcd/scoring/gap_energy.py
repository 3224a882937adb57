"""How much energy the output has inside the gaps, band by band, compared with what was lost there."""

from typing import Final

import numpy as np

from plcd.scoring.pair import Losses, Pair, Real, decibels

BANDS_HZ: Final = ((0, 500), (500, 2000), (2000, 6000), (6000, 16_000))
_LEAST_SIZE: Final = 2048
"""Short gaps are padded to this before they are transformed, so that the bands' limits fall between lines."""


def gap_energy_db(pair: Pair, losses: Losses) -> dict[str, float]:
    """Energy of the output over that of the reference inside all gaps together, in dB, by band in Hz.

    0 is right, less is dull or faded, more is too loud. Each gap is seen through a Hann window of its own length, so that
    steps at its edges do not count (they are :func:`plcd.scoring.waveform.boundary_step_db`'s matter) and lows do not leak
    into highs. NaN without loss, or where neither has anything in a band.
    """
    over, under = np.zeros(len(BANDS_HZ)), np.zeros(len(BANDS_HZ))
    for burst in losses.bursts():
        inside = slice(burst.start, burst.stop)
        over += _by_band(pair.output[inside], pair.rate)
        under += _by_band(pair.reference[inside], pair.rate)
    return {
        f"{low}-{high}": decibels(float(over[i]), float(under[i])) for i, (low, high) in enumerate(BANDS_HZ)
    }


def _by_band(gap: Real, rate: int) -> Real:
    """Energy of ``gap`` ``(n, channels)`` in each band."""
    length = gap.shape[0]
    window = np.square(np.sin(np.pi * (np.arange(length) + 0.5) / length))[:, None]
    size = max(length, _LEAST_SIZE)
    energy = np.sum(np.square(np.abs(np.fft.rfft(gap * window, size, axis=0))), axis=1)
    hz = np.fft.rfftfreq(size, 1 / rate)
    return np.array([np.sum(energy[(low <= hz) & (hz < high)]) for low, high in BANDS_HZ])

"""What is measured of one output: the metrics of :mod:`plcd.scoring` that rank concealers, and two of our own."""

from collections.abc import Callable

import numpy as np

from plcd.scoring.packages import MissingPackageError, at_48_khz, zimtohrli_mos
from plcd.scoring.pair import Losses, Pair, decibels, power
from plcd.scoring.peaq.model import peaq_basic
from plcd.scoring.score import score_losses
from plcd.scoring.spectral import multi_resolution_stft

Values = dict[str, float]
"""Metrics by name; NaN where one has no value."""

GAP_SNR, BURST_SNR, ODG, ZIMTOHRLI = "gap_snr_db", "burst_snr_db", "odg", "zimtohrli_mos"
MR_STFT, STEP, LOUDEST = "mr_stft", "boundary_step_db", "loudest_hole_db"
ENERGY = "gap_energy_db:"
"""Begins the names of the gap energies; the band in Hz follows, as ``500-2000``."""

_AUDIBLE = 1e-6
"""Mean square, -60 dB full scale: what is quieter has no meaningful ratio."""
_BEFORE = 4096
"""Samples before a hole that say how loud it may be."""
_LONG = 8
"""Packets from which on a hole's loudness is looked at."""
_EXACT_DB = 120.0
"""A burst that is exact counts as this."""


def measure(pair: Pair, losses: Losses) -> tuple[Values, dict[int, float], list[str]]:
    """All metrics; gap SNR in dB by length of the burst in packets; a line for each metric that could not be found.

    Raises ScoreError like its parts.
    """
    of_gaps = score_losses(pair, losses)
    notes: list[str] = []
    values = {
        GAP_SNR: of_gaps.gap_snr_db,
        BURST_SNR: burst_snr_db(pair, losses),
        ODG: float("nan"),
        ZIMTOHRLI: float("nan"),
        MR_STFT: multi_resolution_stft(pair),
        STEP: of_gaps.boundary_step_db,
        LOUDEST: loudest_hole_db(pair, losses),
        **{ENERGY + band: value for band, value in of_gaps.gap_energy_db.items()},
    }
    try:
        resampled = at_48_khz(pair)
    except MissingPackageError as error:
        return values, of_gaps.gap_snr_by_burst_db, [str(error)]
    metrics: dict[str, Callable[[], float]] = {
        ODG: lambda: peaq_basic(resampled.reference, resampled.output).odg,
        ZIMTOHRLI: lambda: zimtohrli_mos(resampled),
    }
    for name, metric in metrics.items():
        try:
            values[name] = metric()
        except (MissingPackageError, ValueError) as error:
            notes.append(str(error))
    return values, of_gaps.gap_snr_by_burst_db, notes


def burst_snr_db(pair: Pair, losses: Losses) -> float:
    """Signal to error ratio of each burst in dB, averaged over the bursts: what a typical one is like.

    Bursts whose reference is quieter than -60 dB full scale are left out, and an exact one counts as 120 dB. NaN where none
    is left. (:func:`plcd.scoring.waveform.lost_nmse_db` averages over packets instead.)
    """
    ratios = []
    for burst in losses.bursts():
        inside = slice(burst.start, burst.stop)
        reference = pair.reference[inside]
        signal = power(reference)
        if signal / reference.size > _AUDIBLE:
            ratios.append(min(decibels(signal, power(reference - pair.output[inside])), _EXACT_DB))
    return float(np.mean(ratios)) if ratios else float("nan")


def loudest_hole_db(pair: Pair, losses: Losses) -> float:
    """The largest of all holes' levels over the level of the 4096 samples of the reference before them, in dB.

    Of holes of eight packets or more where those samples are louder than -60 dB full scale; NaN without one. Silence has
    minus infinity.
    """
    ratios = []
    for burst in losses.bursts():
        before = pair.reference[max(0, burst.start - _BEFORE) : burst.start]
        if burst.packets < _LONG or burst.start < _BEFORE or power(before) / before.size <= _AUDIBLE:
            continue
        inside = pair.output[burst.start : burst.stop]
        ratios.append(decibels(power(inside) / inside.size, power(before) / before.size))
    return max(ratios, default=float("nan"))

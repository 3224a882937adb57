"""Metrics of the waveform: error energies over everything, inside the gaps, and at their edges."""

from typing import Final

import numpy as np

from plcd.scoring.pair import Losses, Pair, Real, decibels, power

_AUDIBLE: Final = 1e-6
"""Mean square, -60 dB full scale: a packet quieter than this has no meaningful error ratio (as in the report)."""
_AROUND: Final = 32
"""Samples on each side of an edge that say how fast the reference itself moves there: the length of a crossfade."""


def snr_db(pair: Pair) -> float:
    """Signal to error ratio over everything, in dB; infinite where nothing differs."""
    return decibels(power(pair.reference), power(pair.reference - pair.output))


def nmse_db(pair: Pair) -> float:
    """Error over signal over everything, in dB: the SNR with its sign changed."""
    return -snr_db(pair)


def gap_snr_db(pair: Pair, losses: Losses) -> float:
    """Signal to error ratio over all lost samples together, in dB; silence has 0. NaN without loss."""
    lost = losses.lost()
    return decibels(power(pair.reference[lost]), power((pair.reference - pair.output)[lost]))


def gap_snr_by_burst_db(pair: Pair, losses: Losses) -> dict[int, float]:
    """The same for all bursts of each length in packets together."""
    signal: dict[int, float] = {}
    error: dict[int, float] = {}
    for burst in losses.bursts():
        inside = slice(burst.start, burst.stop)
        reference = pair.reference[inside]
        signal[burst.packets] = signal.get(burst.packets, 0.0) + power(reference)
        error[burst.packets] = error.get(burst.packets, 0.0) + power(reference - pair.output[inside])
    return {packets: decibels(signal[packets], error[packets]) for packets in sorted(signal)}


def lost_nmse_db(pair: Pair, losses: Losses) -> float:
    """Error over signal of each lost packet in dB, averaged over the packets: what a typical one is like.

    Packets whose original is quieter than -60 dB full scale are left out, and an exact one counts as -120 dB. NaN where
    none is left.
    """
    ratios = []
    for index in np.flatnonzero(losses.flags).tolist():
        inside = slice(index * losses.packet, min((index + 1) * losses.packet, losses.samples))
        reference = pair.reference[inside]
        signal = power(reference)
        if reference.size and signal / reference.size > _AUDIBLE:
            ratios.append(max(decibels(power(reference - pair.output[inside]), signal), -120.0))
    return float(np.mean(ratios)) if ratios else float("nan")


def boundary_step_db(pair: Pair, losses: Losses) -> float:
    """How hard the output jumps at the edges of gaps, in dB: energy of its excess steps over that of usual steps.

    A step is the difference of two neighbouring samples; its excess, what the output's has over the reference's; usual
    are those of the reference within 32 samples. 0 dB is a click about as large as the music's own movement there, minus
    infinity none at all. NaN without loss.
    """
    edges = [e for b in losses.bursts() for e in (b.start, b.stop) if 0 < e < losses.samples]
    steps = np.diff(pair.reference, axis=0)
    excess = np.diff(pair.output, axis=0) - steps
    at = [edge - 1 for edge in edges]
    usual = sum(_mean_square(steps[max(i - _AROUND, 0) : i + _AROUND + 1]) for i in at)
    return decibels(sum(_mean_square(excess[i]) for i in at), usual)


def _mean_square(values: Real) -> float:
    return float(np.mean(np.square(values)))

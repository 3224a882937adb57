"""Whether a network is to be listened to, by its own record on packets that were received.

Theory of operation. The window before a hole, on which the predictors are tried too, was received as a rule. In a *trial*
the network is shown that window as if it had been lost; what it makes of it and the bare prediction are both compared with
what was received. The network speaks as long as its errors, averaged with exponentially fading weights, are no worse than
the prediction's by a margin. It speaks until there is a trial, and goes on being tried while it does not speak. A verdict that
is not near is asked for anew at some holes only: a trial costs more than what it decides about.

A trial is work for later: :class:`Trial` only notes what it needs, :func:`run` does it, when no sound waits for it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plcd.core.extrapolation import CEILING, Extrapolation
from plcd.core.innovation import Innovation
from plcd.core.linear_prediction import Real
from plcd.core.predictor import Fit, Predictor
from plcd.core.refined import blend
from plcd.core.refiner import Block, Refiner, Signal, playable

MEMORY: Final = 8
"""Trials over which the record fades to 1/e: at 10 % loss about a second, a phrase."""
MARGIN: Final = 0.015
"""By so much of the prediction's error the network's may be larger: a network that only adds what is missed on average is not
to be judged by one packet. Measured on the 20 recordings of bench/data at 10 % loss: with the hybrid the record's mean is 0.94 to
1.006 on all but one (tabla, 1.05), with a PARCnet that was hardly better than its prediction up to 1.01 but on the brass and
reed that it harmed (1.02 to 1.07; ODG down to -.27 where 0.05 was allowed)."""
SELDOM: Final = 4
"""At one hole in so many there is a trial once there were :data:`MEMORY`, as long as the record is a whole margin away from where
the verdict turns."""
_FRAME: Final = 256
_HOP: Final = 128
BEFORE: Final = _HOP
"""Samples before what is compared, so that its first ones count as much as the others."""
_BANDS: Final = 24
"""About one a critical band between these:"""
_LOWEST_HZ: Final = 60.0
_HIGHEST_HZ: Final = 16_000.0
_FLOOR: Final = 1e-5
"""Of the signal's power: what lies 50 dB below it in a band is masked, and its level says nothing."""
_WAVE_WEIGHT: Final = 0.05
"""What a decibel of waveform error counts beside a decibel of a band's level: it decides where levels are alike."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial needs, noted when a hole opened."""

    context: Real
    """What was played before the window, as far as the predictors look back."""
    fits: list[tuple[Fit, float]]
    """Of the window's start, with their weights; none where they are to be made first, with"""
    predictor: Predictor | None
    past: Signal
    """What the network is shown of what was played before the window."""
    received: NDArray[np.bool_]
    actual: Signal
    """The window as it was received, and :data:`BEFORE` samples before it."""
    rate: int
    noise: float


class Gate:
    """The record of one network on one stream."""

    def __init__(self) -> None:
        self.trials = 0
        self.network = 0.0
        """Recent mean of its errors, see :func:`error_db`."""
        self.plain = 0.0
        """The same of the bare prediction."""
        self._holes = 0

    def due(self) -> bool:
        """A hole opens: whether the network is to be tried on what came before it."""
        self._holes += 1
        return self._holes >= SELDOM or not self._sure

    @property
    def _sure(self) -> bool:
        clear = MARGIN * self.plain
        return self.trials >= MEMORY and abs(self.network - self.plain - clear) >= clear

    @property
    def open(self) -> bool:
        """The network may speak."""
        return self.network <= (1.0 + MARGIN) * self.plain

    def note(self, network: float, plain: float) -> None:
        """Add a trial's errors."""
        self.trials += 1
        self._holes = 0
        share = max(1.0 / self.trials, 1.0 / MEMORY)
        self.network += share * (network - self.network)
        self.plain += share * (plain - self.plain)


def run(trial: Trial, refiner: Refiner) -> tuple[float, float] | None:
    """The errors of network and prediction in ``trial``; None where the network has nothing (in time)."""
    ceiling = CEILING * float(np.abs(trial.context).max(initial=0.0))
    fits = trial.fits
    if not fits:
        assert trial.predictor is not None
        fits = [(trial.predictor.fit(trial.context[-trial.predictor.context :]), 1.0)]
    innovation = Innovation(fits[-1][0].errors, trial.rate, trial.noise)
    extrapolation = Extrapolation(trial.context, fits, innovation, ceiling, trial.rate)
    predicted, added = extrapolation.parts(refiner.horizon)
    plain = np.clip(predicted + added, -ceiling, ceiling)
    block = Block(
        trial.past, trial.received, predicted.astype(np.float32), added.astype(np.float32), 0, trial.rate
    )
    better = playable(refiner, block)
    if better is None:
        return None
    made = blend(plain[: refiner.fade], np.clip(better.astype(np.float64), -ceiling, ceiling))
    before, actual = np.split(trial.actual.astype(np.float64), (BEFORE,))
    count = min(actual.size, made.size)
    heard = np.concatenate((before, actual[:count]))
    errors = [
        error_db(heard, np.concatenate((before, samples[:count])), trial.rate) for samples in (made, plain)
    ]
    return errors[0], errors[1]


def error_db(actual: Real, made: Real, rate: int) -> float:
    """How unlike ``made`` sounds to ``actual``, both ``(n,)`` with n >= 256, at ``rate`` hertz.

    Mean absolute difference of the levels in bands about as wide as critical ones, in decibels, plus
    :data:`_WAVE_WEIGHT` times the logarithmic error of the spectrum relative to ``actual``.
    """
    spectra = [_spectrum(samples) for samples in (actual, made)]
    bands = _bands(rate)
    powers = [np.square(np.abs(spectrum)) for spectrum in spectra]
    whole = float(powers[0].sum())
    if whole == 0.0:
        return 0.0 if not made.any() else 100.0
    floor = _FLOOR * whole / powers[0].shape[0]
    levels = [10.0 * np.log10(power @ bands + floor) for power in powers]
    difference = float(np.abs(levels[0] - levels[1]).mean())
    missed = float(np.square(np.abs(spectra[0] - spectra[1])).sum()) / whole
    return difference + _WAVE_WEIGHT * max(0.0, 60.0 + 10.0 * float(np.log10(missed + 1e-6)))


def _spectrum(samples: Real) -> NDArray[np.complex128]:
    """Frames of 256 every 128 samples under a Hann window, ``(frames, 129)``."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    spectrum: NDArray[np.complex128] = np.fft.rfft(windows * np.hanning(_FRAME + 1)[:-1], axis=1)
    return spectrum


@cache
def _bands(rate: int) -> Real:
    """Which bins belong to which band, ``(129, bands)`` of 0 and 1; bands narrower than a bin are left out."""
    hz = np.fft.rfftfreq(_FRAME, 1.0 / rate)
    edges = np.linspace(_bark(_LOWEST_HZ), _bark(_HIGHEST_HZ), _BANDS + 1)
    band = np.digitize(_bark(hz), edges) - 1
    table = (band[:, None] == np.arange(_BANDS)).astype(np.float64)
    return np.ascontiguousarray(table[:, table.any(axis=0)])


def _bark(hz: float | NDArray[np.floating]) -> Real:
    """Critical-band rate (Traunmüller 1990, eq. 6)."""
    bark: Real = np.asarray(26.81 * hz / (1960.0 + hz) - 0.53)
    return bark

"""Knows, for every place where a hole may open, what the predictors found there and how much each may say.

Theory of operation. A *fit* belongs to a place in the stream, a member of the ensemble and a channel. A hole at place s needs
the fits at s. It also asks for the *record*: the fits at s - W, W being a packet of about 12 ms, say what each member would
have made of the W samples before s, and these samples say how wrong that was. A member's weight is its error to the power
``-RECORD_POWER``. Where the W samples were not all received, the weights of the hole before hold.

Fits are made *ahead*, by :meth:`Forecaster.prepare` between two packets, or when the hole opens: all of them if the forecaster is
patient (offline: the result does not depend on time), else the primary's alone, or those of the cheaper ``fallback``.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from plcd.core.ensemble import Ensemble
from plcd.core.extrapolation import CEILING
from plcd.core.frame import Samples
from plcd.core.history import History
from plcd.core.linear_prediction import Real, extrapolate, tail_of
from plcd.core.predictor import Fit, Predictor

RECORD_S: Final = 512 / 44_100
"""About how much each member is tried on. In whole packets: so it is tried where fits are made ahead anyway."""
RECORD_POWER: Final = 4.0
"""Of 1, 2 and 4 the best in gap SNR; choosing the best member alone loses 0.1 dB."""
_LEAST_ERROR: Final = 1e-9
"""Relative to the signal: errors below do not tell members apart."""
_TINY: Final = 1e-200
"""Energy far below the least of float32, 1e-90, and far enough above that of float64 to be divided by."""


@dataclass(slots=True)
class AheadCounters:
    """What became of the fits made ahead."""

    fits: int = 0
    """Fits made between packets."""
    ready: int = 0
    """Holes that found all their fits made."""
    missing: int = 0
    """Holes that did not, and were filled with less."""


class Forecaster:
    """The fits of one stream. ``rate`` in Hz; ``packet`` in samples."""

    def __init__(
        self,
        ensemble: Ensemble,
        rate: int,
        packet: int,
        patient: bool = True,
        fallback: Predictor | None = None,
    ) -> None:
        self.ensemble = ensemble
        self.patient = patient
        self.counters = AheadCounters()
        self.window = packet * max(1, round(RECORD_S * rate / packet))
        """Samples each member is tried on."""
        self.fallback = fallback or ensemble.primary
        self._fits: dict[int, dict[tuple[int, int], Fit]] = {}
        self._weights: dict[int, Real] = {}
        self._clean_from = 0

    @property
    def context(self) -> int:
        """The longest context of all that may be fitted."""
        return max(self.ensemble.context, self.fallback.context)

    @property
    def reach(self) -> int:
        """Samples of history needed."""
        return self.context + self.window

    def spoil(self, place: int) -> None:
        """What was played before ``place`` is not all as received: it says nothing about predictors."""
        self._clean_from = place

    def lacking(self, history: History, after: int = 0) -> tuple[int, int] | None:
        """Member and channel of the next fit to make for a hole that opens ``after`` samples from now; None: all are made."""
        made = self._fits.get(history.place + after, {})
        pairs = product(range(len(self.ensemble.members)), range(history.channels))
        return next((pair for pair in pairs if pair not in made), None)

    def prepare(self, history: History, coming: Samples | None = None) -> bool:
        """Make one more fit for a hole that would open now, or behind ``coming`` ``(n, channels)``, which will be played
        as it is. False when there is none left to make.
        """
        after = 0 if coming is None else coming.shape[0]
        pair = self.lacking(history, after)
        if pair is None:
            return False
        member, channel = pair
        predictor = self.ensemble.members[member]
        context = _context(history, history.place, predictor, channel)
        if coming is not None:
            known = np.concatenate((context, coming[:, channel].astype(np.float64)))
            context = known[-predictor.context :]
        self._at(history, history.place + after)[pair] = predictor.fit(context)
        self.counters.fits += 1
        return True

    def forget_coming(self, history: History) -> None:
        """Something else will be played than what was said to be coming."""
        for place in [place for place in self._fits if place > history.place]:
            del self._fits[place]

    def opened(self, history: History) -> None:
        """Count a hole that opens now."""
        if len(self._at(history, history.place)) == len(self.ensemble.members) * history.channels:
            self.counters.ready += 1
        elif not self.patient:
            self.counters.missing += 1

    def primary(self, history: History, opens: bool = True) -> list[Fit]:
        """The fit of each channel that leads the hole which opens now; counted as one unless it only might open."""
        if opens:
            self.opened(history)
        place, channels = history.place, range(history.channels)
        made = self._at(history, place)
        if self.patient:
            return [self._made(history, place, 0, channel) for channel in channels]
        if all((0, channel) in made for channel in channels):
            return [made[0, channel] for channel in channels]
        made.clear()  # a fallback leads: it is no member, and what is there of the others has no record beside it
        return [self.fallback.fit(_context(history, place, self.fallback, channel)) for channel in channels]

    def members(self, history: History, channel: int, keep: bool = True) -> list[tuple[Fit, float]]:
        """The fits for the hole that opens now with their weights, the primary's first; nothing where it speaks alone.

        The weights hold for later holes, at once or when :meth:`keep` is called.
        """
        place, count = history.place, len(self.ensemble.members)
        if count == 1:
            return []
        if self.patient:
            fits = [self._made(history, place, member, channel) for member in range(count)]
        else:
            made = self._at(history, place)
            if any((member, channel) not in made for member in range(count)):
                return []
            fits = [made[member, channel] for member in range(count)]
        found = list(zip(fits, self._record(history, channel).tolist(), strict=True))
        if keep:
            self.keep(channel, found)
        return found

    def clean(self, history: History) -> bool:
        """The window before a hole that opens now was all received."""
        return history.place - self.window > self._clean_from

    def keep(self, channel: int, members: list[tuple[Fit, float]]) -> None:
        """The hole for which :meth:`members` gave these is filled: its weights hold until there is a new record."""
        if len(members) == len(self.ensemble.members):
            self._weights[channel] = np.array([weight for _, weight in members])

    def before_window(self, history: History, channel: int, weights: list[float]) -> list[tuple[Fit, float]]:
        """The fits one window before a hole that opens now, with ``weights`` (the primary's alone where they are not as many
        as the members); nothing where a fit is missing that was to be made ahead.
        """
        tried_at, count = history.place - self.window, len(self.ensemble.members)
        weights = weights if len(weights) == count else np.eye(1, count)[0].tolist()
        if not self.patient and any(
            (member, channel) not in self._at(history, tried_at) for member in range(count)
        ):
            return []
        fits = [self._made(history, tried_at, member, channel) for member in range(count)]
        return list(zip(fits, weights, strict=True))

    def _record(self, history: History, channel: int) -> Real:
        """The weight of each member, summing to 1."""
        count = len(self.ensemble.members)
        tried_at = history.place - self.window
        known: Real = self._weights.get(channel, np.eye(1, count)[0])
        if tried_at <= self._clean_from:
            return known
        actual = history.before(history.place, self.window)[channel].astype(np.float64)
        errors = np.empty(count)
        guess = np.empty(actual.size)
        for member, predictor in enumerate(self.ensemble.members):
            if not self.patient and (member, channel) not in self._at(history, tried_at):
                return known
            fit = self._made(history, tried_at, member, channel)
            past = tail_of(history.before(tried_at, predictor.order)[channel], predictor.order)
            extrapolate(past, fit.coefficients, guess)
            peak = CEILING * float(np.abs(past).max(initial=0.0))
            errors[member] = np.sum(np.square(np.clip(guess, -peak, peak) - actual))
        errors += _LEAST_ERROR * float(actual @ actual) + _TINY
        weights: Real = (errors / errors.min()) ** -RECORD_POWER
        weights /= weights.sum()
        return weights

    def _made(self, history: History, place: int, member: int, channel: int) -> Fit:
        made = self._at(history, place)
        if (member, channel) not in made:
            predictor = self.ensemble.members[member]
            made[member, channel] = predictor.fit(_context(history, place, predictor, channel))
        return made[member, channel]

    def _at(self, history: History, place: int) -> dict[tuple[int, int], Fit]:
        """The fits at ``place``; those too old to be tried are forgotten."""
        if place not in self._fits:
            for old in [old for old in self._fits if old < history.place - self.window]:
                del self._fits[old]
            self._fits[place] = {}
        return self._fits[place]


def _context(history: History, place: int, predictor: Predictor, channel: int) -> Real:
    context: Real = history.before(place, predictor.context)[channel].astype(np.float64)
    return context

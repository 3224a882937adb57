"""The systems plcd is compared with: silence, repetition, and linear prediction as others do it.

All predictors are one: fitted at the first lost packet to what was played, frozen while packets are lost, running on from
there over the burst and over the crossfade into what returns. They differ in a :class:`Recipe` only.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from comparison.concealed import Concealed
from plcd.core.frame import Samples
from plcd.core.linear_prediction import Real, run_on
from plcd.core.loss import Flags

CEILING = 1.2
"""No sample made exceeds the context's peak by more; fits that are not stable would otherwise explode."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A linear predictor that closes holes."""

    fit: Callable[[Real, int], Real]
    """Context and order to coefficients, as :func:`plcd.core.linear_prediction.burg`."""
    order: int
    """Lowered to one less than the context has."""
    context: int | None
    """Samples fitted; None: one packet."""
    fade: int | None
    """Samples crossfaded back, never more than a packet; None: a whole packet."""


def zero_fill(samples: Samples, flags: Flags, packet: int, rate: int, lookahead: int) -> Concealed:
    """Lost packets are silent. The arguments of every system here: ``samples`` ``(n, channels)``, ``flags`` one a packet."""
    played = _packets(samples, packet).copy()
    return _walk(played, flags, lambda index: played[index].fill(0), lambda index: None)


def repeat_last(samples: Samples, flags: Flags, packet: int, rate: int, lookahead: int) -> Concealed:
    """The last packet that was played is played again."""
    played = _packets(samples, packet).copy()

    def again(index: int) -> None:
        played[index] = played[index - 1] if index else 0

    return _walk(played, flags, again, lambda index: None)


def extrapolate_with(
    recipe: Recipe, samples: Samples, flags: Flags, packet: int, rate: int, lookahead: int
) -> Concealed:
    """Each channel continued by its own predictor."""
    played = _packets(samples, packet).copy()
    channels = played.shape[2]
    fade = packet if recipe.fade is None else min(recipe.fade, packet)
    weight = (np.arange(1, fade + 1) / (fade + 1))[:, None]
    holes: list[_Hole] = []

    def fill(index: int) -> None:
        if not index or not flags[index - 1]:
            past = played[:index].reshape(-1, channels)[-(recipe.context or packet) :]
            holes[:] = [_Hole(recipe, past[:, channel].astype(np.float64)) for channel in range(channels)]
        played[index] = _run(holes, packet)

    def fade_in(index: int) -> None:
        if index and flags[index - 1]:
            start = played[index, :fade]
            start[:] = (1 - weight) * _run(holes, fade) + weight * start

    return _walk(played, flags, fill, fade_in)


class _Hole:
    """One channel of a hole: coefficients frozen at its start and a tail that runs on."""

    def __init__(self, recipe: Recipe, past: Real) -> None:
        self._limit = CEILING * float(np.abs(past).max(initial=0.0))
        order = min(recipe.order, max(0, past.size - 1))
        self._coefficients = recipe.fit(past, order) if order else np.ones(1)
        self._tail = past[past.size - order :].copy()

    def run(self, count: int) -> Real:
        """The next ``count`` samples; silence once the recursion has left what floats can hold."""
        out = np.empty(count)
        run_on(self._tail, self._coefficients, np.zeros(count), out)
        np.clip(out, -self._limit, self._limit, out=out)
        if not np.isfinite(self._tail).all():
            self._tail[:] = 0
            out = np.clip(np.nan_to_num(out, nan=0.0), -self._limit, self._limit)
        return out


def _run(holes: list[_Hole], count: int) -> Real:
    return np.stack([hole.run(count) for hole in holes], axis=1)


def _packets(samples: Samples, packet: int) -> Samples:
    return samples.reshape(-1, packet, samples.shape[1])


def _walk(
    played: Samples, flags: Flags, fill: Callable[[int], None], receive: Callable[[int], None]
) -> Concealed:
    """Every packet in order through the function that is for it, on the clock; ``played`` is changed in place."""
    lost_ns: list[int] = []
    received_ns: list[int] = []
    for index, lost in enumerate(flags.tolist()):
        started = time.perf_counter_ns()
        (fill if lost else receive)(index)
        (lost_ns if lost else received_ns).append(time.perf_counter_ns() - started)
    return Concealed(played.reshape(-1, played.shape[2]), lost_ns, received_ns)

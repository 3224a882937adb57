"""What no predictor can know, sampled: an innovation that drives the predictor through a hole.

A prediction is what is expected, so it lacks what is random: inside a hole its energy falls, most of all up high. Driving the
same predictor with an innovation of the right size restores that. The innovation is not drawn from a generator but is the
predictor's own errors before the hole, read backwards from its edge: as loud, as peaky and as coloured as the music is
right there (white noise of the same level costs 0.1 ODG more). Its level never rises with the distance from the edge: it
falls to the quietest that was met on the way, so an attack before the hole is not repeated in it, and a decay goes on.

How much of it is used depends on the frequency and on the place in the hole, see :class:`Levels`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plcd.core.jit import kernel
from plcd.core.linear_prediction import Real

BLOCK_S: Final = 256 / 44_100
"""The level of the errors is followed in blocks of 5.8 ms."""
STEADY_BLOCKS: Final = 16
"""Over 93 ms it is judged how steady the errors' level is; less is put back where it is not (percussion, consonants)."""
MAX_NOISE: Final = 2.0
"""The largest amount that makes sense: four times the energy that was lost."""
FILTER_S: Final = 63 / 44_100
"""Half the length of the filters that split the innovation into its bands."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Amplitude of the sampled innovation relative to the errors' own, by band and place in the hole (measured)."""

    rise_s: float = 0.003
    """Both bands rise from nothing over the first of a hole, where prediction loses little: it spares short packets."""
    low: float = 0.6
    """At 400 to 2000 Hz at the hole's start. What is added there costs the waveform most."""
    high: float = 0.9
    """At 4 to 15 kHz at the hole's start. Above 18 kHz there is none: nobody hears it, and PEAQ takes it for the noise floor."""
    low_until_s: float = 0.035
    """Raised-cosine fade of the low band to nothing."""
    high_later: float = 0.7
    high_from_s: float = 0.02
    high_until_s: float = 0.08
    """From and to here the high band goes from ``high`` to ``high_later``."""


LEVELS: Final = Levels()


class Innovation:
    """The innovation for one hole in one channel.

    ``errors``: the newest prediction errors ``(n,)``; ``rate`` in Hz; ``amount`` scales all levels, 0 gives silence.
    """

    def __init__(self, errors: Real, rate: int, amount: float, levels: Levels = LEVELS) -> None:
        self._rate = rate
        self._amount = amount
        self._levels = levels
        block = max(8, round(BLOCK_S * rate))
        blocks = errors.size // block
        self._silent = amount == 0.0 or blocks < 2
        if not self._silent:
            self._mirrored = _mirror(np.ascontiguousarray(errors[errors.size - blocks * block :]), block)

    def part(self, start: int, count: int) -> Real:
        """The innovation of the hole's samples ``start`` to ``start + count``."""
        if self._silent:
            return np.zeros(count)
        at = self._levels
        made = np.empty(count)
        _sample(
            self._mirrored,
            start,
            *_filters(self._rate),
            self._rate,
            (at.rise_s, at.low_until_s, at.high_from_s, at.high_until_s),
            (self._amount * at.low, self._amount * at.high, self._amount * at.high_later),
            made,
        )
        return made


@kernel
def _sample(
    mirrored: Real,
    start: int,
    low: Real,
    high: Real,
    rate: int,
    seconds: tuple[float, float, float, float],
    amplitudes: tuple[float, float, float],
    out: Real,
) -> None:
    """Both bands of ``mirrored`` from the hole's sample ``start`` on, each at its level, summed.

    ``seconds``: rise, end of the low band, start and end of the high band's change. ``amplitudes``: low, high, high later.
    Behind its end the last half of ``mirrored``, which is as quiet as it gets, goes round.
    """
    rise_s, low_until, high_from, high_until = seconds
    half = mirrored.size // 2
    source = np.empty(out.size + low.size - 1)
    for n in range(source.size):
        place = start + n
        source[n] = mirrored[place] if place < mirrored.size else mirrored[half + (place - half) % half]
    for n in range(out.size):
        lows = 0.0
        highs = 0.0
        for k in range(low.size):
            lows += low[k] * source[n + k]
            highs += high[k] * source[n + k]
        second = (start + n) / rate
        low_level = amplitudes[0] * _fallen(second, 0.0, low_until)
        high_level = amplitudes[2] + (amplitudes[1] - amplitudes[2]) * _fallen(second, high_from, high_until)
        out[n] = min(1.0, second / rise_s) * (low_level * lows + high_level * highs)


@kernel
def _fallen(place: float, start: float, end: float) -> float:
    """As :func:`fall`, of one place."""
    if place <= start:
        return 1.0
    return 0.0 if place >= end else 0.5 + 0.5 * np.cos(np.pi * (place - start) / (end - start))


@kernel
def _mirror(errors: Real, block: int) -> Real:
    """``errors`` (whole blocks) backwards and forwards again, at a level that never rises from the first sample on."""
    level = np.empty(errors.size // block)
    for i in range(level.size):
        power = 0.0
        for n in range(i * block, (i + 1) * block):
            power += errors[n] * errors[n]
        level[i] = np.sqrt(power / block)
    falling = np.empty(level.size)
    lowest = np.sqrt((level[-1] ** 2 + level[-2] ** 2) / 2)
    for i in range(level.size):
        lowest = min(lowest, level[level.size - 1 - i])
        falling[i] = lowest
    steady = _steadiness(level[max(0, level.size - STEADY_BLOCKS) :])
    out = np.empty(2 * errors.size)
    for n in range(errors.size):
        own = _between(level, (n - block / 2) / block)
        plain = errors[n] / own if own > 0.0 else 0.0
        back = errors.size - 1 - n
        out[back] = plain * steady * _between(falling, (back - block / 2) / block)
        out[errors.size + n] = plain * steady * falling[-1]
    return out


@kernel
def _between(values: Real, place: float) -> float:
    """``values`` at ``place``, on a line between neighbours, level beyond both ends."""
    if place <= 0.0:
        return float(values[0])
    if place >= values.size - 1:
        return float(values[-1])
    left = int(place)
    return float(values[left] + (place - left) * (values[left + 1] - values[left]))


@kernel
def _steadiness(level: Real) -> float:
    """Geometric over arithmetic mean of the levels' powers: 1 for a steady sound, near 0 around an attack."""
    mean = 0.0
    for i in range(level.size):
        mean += level[i] ** 2 / level.size
    if mean <= 0.0:
        return 0.0
    logs = 0.0
    for i in range(level.size):
        logs += np.log(level[i] ** 2 / mean + 1e-12)
    return float(np.exp(logs / level.size))


def fall(places: NDArray[np.floating | np.integer], start: float, end: float) -> Real:
    """1 until ``start``, 0 from ``end``, a raised cosine between."""
    level: Real = 0.5 + 0.5 * np.cos(np.pi * np.clip((places - start) / (end - start), 0.0, 1.0))
    return level


@cache
def _filters(rate: int) -> tuple[Real, Real]:
    """Linear-phase filters of the low and the high band at ``rate``, by the window method from these corner points."""
    low = _window_design(rate, ((0, 0), (150, 0), (500, 1), (2000, 1), (4000, 0)))
    high = _window_design(rate, ((0, 0), (1000, 0), (2000, 0.4), (4000, 1), (15_000, 1), (18_000, 0)))
    return low, high


def _window_design(rate: int, corners: tuple[tuple[float, float], ...]) -> Real:
    """Impulse response, of odd length, of the amplitude through ``corners`` (Hz, amplitude), under a Hamming window."""
    half = max(8, round(FILTER_S * rate))
    size = max(4096, 1 << (16 * half).bit_length())
    hz = np.fft.rfftfreq(size, 1 / rate)
    amplitude = np.interp(hz, [corner[0] for corner in corners], [corner[1] for corner in corners])
    response = np.roll(np.fft.irfft(amplitude, size), half)[: 2 * half + 1]
    windowed: Real = response * np.hamming(response.size)
    return windowed

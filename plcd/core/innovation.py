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
            self._mirrored = _mirrored(errors[errors.size - blocks * block :], block)

    def part(self, start: int, count: int) -> Real:
        """The innovation of the hole's samples ``start`` to ``start + count``."""
        if self._silent:
            return np.zeros(count)
        low, high = _filters(self._rate)
        source = _cyclic(self._mirrored, start, count + low.size - 1)
        at = self._levels
        seconds = np.arange(start, start + count) / self._rate
        low_level = at.low * fall(seconds, 0.0, at.low_until_s)
        high_level = at.high_later + (at.high - at.high_later) * fall(
            seconds, at.high_from_s, at.high_until_s
        )
        amount = self._amount * np.minimum(1.0, seconds / at.rise_s)
        made = np.empty(count)
        _split(source, low, high, amount * low_level, amount * high_level, made)
        return made


@kernel
def _split(source: Real, low: Real, high: Real, low_level: Real, high_level: Real, out: Real) -> None:
    """Both bands of ``source`` (as much longer than ``out`` as the filters need), each at its level, summed."""
    for n in range(out.size):
        lows = 0.0
        highs = 0.0
        for k in range(low.size):
            lows += low[k] * source[n + k]
            highs += high[k] * source[n + k]
        out[n] = low_level[n] * lows + high_level[n] * highs


def _mirrored(errors: Real, block: int) -> Real:
    """``errors`` (whole blocks) backwards and forwards again, at a level that never rises from the first sample on."""
    level = np.sqrt(np.mean(np.square(errors.reshape(-1, block)), axis=1))
    centres = np.arange(level.size) * block + block / 2
    places = np.arange(errors.size)
    own = np.interp(places, centres, level)
    plain = np.divide(errors, own, out=np.zeros_like(errors), where=own > 0.0)
    recent = float(np.sqrt(np.mean(np.square(level[-2:]))))
    falling = np.minimum.accumulate(np.minimum(level[::-1], recent)) * _steadiness(level[-STEADY_BLOCKS:])
    there = plain[::-1] * np.interp(places, centres, falling)
    return np.concatenate((there, plain * falling[-1]))


def _steadiness(level: Real) -> float:
    """Geometric over arithmetic mean of the levels' powers: 1 for a steady sound, near 0 around an attack."""
    power = np.square(level)
    mean = float(power.mean())
    return float(np.exp(np.mean(np.log(power / mean + 1e-12)))) if mean > 0.0 else 0.0


def _cyclic(samples: Real, start: int, count: int) -> Real:
    """``count`` samples from ``start`` on; behind the end the last half, which is as quiet as it gets, goes round."""
    half = samples.size // 2
    place = np.arange(start, start + count)
    beyond = place >= samples.size
    place[beyond] = half + (place[beyond] - half) % half
    part: Real = samples[place]
    return part


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

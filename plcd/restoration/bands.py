"""Below 8 kHz, at 16 kHz, and back: what the network works on is one band of a recording, the rest stays.

By the Fourier transform of a whole stretch, mirrored at its ends: what goes down and up again is the stretch without what lies
above 8 kHz, nothing delayed, so that both bands add up to what there was. Any rate from 16 kHz up.
"""

from collections.abc import Callable
from math import gcd
from typing import Final

import numpy as np

from plcd.neural.patches import RATE, Flags, Wave
from plcd.restoration.errors import RestorationError

MARGIN: Final = 2048
"""Samples mirrored at each end at least, at the higher rate: 46 ms at 44.1 kHz."""
_LED: Final = 64
"""Samples at either end of a gap over which the difference that the network makes fades in: steps at 16 kHz are no steps
above."""


class Band:
    """Leads stretches of ``samples`` at ``rate`` down to 16 kHz and up again. Raises RestorationError below 16 kHz."""

    def __init__(self, samples: int, rate: int) -> None:
        if rate < RATE:
            raise RestorationError(
                f"res-u-net works from {RATE} Hz up, not at {rate} Hz; try --method interpolate"
            )
        self._step = rate // gcd(rate, RATE)
        """Samples after which both rates meet."""
        self._samples = samples
        self._before = -(-MARGIN // self._step) * self._step
        self._whole = -(-(self._before + samples + MARGIN) // self._step) * self._step
        self._less = self._whole // self._step * (RATE // gcd(rate, RATE))
        self._first = self._before // self._step * (RATE // gcd(rate, RATE))
        self.size = -(-samples * RATE // rate)
        """Samples at 16 kHz."""

    def down(self, wave: Wave) -> Wave:
        """``(samples,)`` to ``(size,)``."""
        padded = _mirrored(wave, self._before, self._whole - self._before - self._samples)
        spectrum = np.fft.rfft(padded)[: self._less // 2 + 1]
        low = np.fft.irfft(spectrum, self._less) * (self._less / self._whole)
        return low[self._first : self._first + self.size]

    def up(self, wave: Wave) -> Wave:
        """``(size,)`` to ``(samples,)``; silence is taken to lie around it."""
        padded = np.zeros(self._less)
        padded[self._first : self._first + self.size] = wave
        spectrum = np.zeros(self._whole // 2 + 1, np.complex128)
        spectrum[: self._less // 2 + 1] = np.fft.rfft(padded)
        high = np.fft.irfft(spectrum, self._whole) * (self._whole / self._less)
        return high[self._before : self._before + self._samples]


def _mirrored(wave: Wave, before: int, behind: int) -> Wave:
    """By point reflection at its ends where it is long enough, so that it goes on without a step; else by zeros."""
    if wave.size <= max(before, behind):
        return np.pad(wave, (before, behind))
    return np.pad(wave, (before, behind), mode="reflect", reflect_type="odd")


def changed_below(wave: Wave, gaps: list[tuple[int, int]], band: Band, work: Callable[[Wave], Wave]) -> None:
    """In place: ``gaps`` (start and end) of ``wave`` ``(samples,)`` become what ``work`` makes of the wave at 16 kHz, and stay
    what they are above 8 kHz.
    """
    low = band.down(wave)
    change = band.up(work(low) - low)
    for start, stop in gaps:
        wave[start:stop] += change[start:stop] * _fades(stop - start)


def at_16_khz(missing: Flags, rate: int, size: int) -> Flags:
    """Which samples at 16 kHz lie in a gap or beside its edge."""
    places = np.arange(size) * rate / RATE
    before = np.minimum(np.floor(places).astype(np.int64), missing.size - 1)
    behind = np.minimum(before + 1, missing.size - 1)
    found: Flags = missing[before] | missing[behind]
    return found


def _fades(samples: int) -> Wave:
    """``(samples,)``: by how much a difference that was made at 16 kHz counts in a gap of ``samples``."""
    led = min(_LED, samples // 2)
    fades = np.ones(samples)
    if led:
        rising = np.sin(np.pi / 2 * (np.arange(led) + 0.5) / led) ** 2
        fades[:led], fades[-led:] = rising, rising[::-1]
    return fades

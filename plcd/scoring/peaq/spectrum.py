"""Sound to calibrated short-time spectra, as they are and as the outer and middle ear pass them on (§2.1)."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from plcd.scoring.peaq.bands import BIN_HZ, FRAME, HOP, RATE, Real

LISTENING_LEVEL_DB: Final = 92.0
"""Sound pressure level of a full-scale sine (§2.1: to be assumed where the level is not known)."""
_CALIBRATION_HZ: Final = 1019.5
_CALIBRATION_FRAMES: Final = 10
"""The sine whose largest spectral line calibrates the scale, and over how many frames (§2.1)."""

_INDEX = np.arange(FRAME)
_WINDOW: Real = np.sqrt(8 / 3) * 0.5 * (1 - np.cos(2 * np.pi * _INDEX / (FRAME - 1)))
"""Hann window of unit mean square (3)."""

_KILOHERTZ = np.maximum(np.arange(FRAME // 2 + 1), 1e-6) * BIN_HZ / 1000
_EAR_DB = (
    -0.6 * 3.64 * _KILOHERTZ**-0.8 + 6.5 * np.exp(-0.6 * (_KILOHERTZ - 3.3) ** 2) - 1e-3 * _KILOHERTZ**3.6
)
EAR_WEIGHT: Real = 10 ** (np.maximum(_EAR_DB, -3000) / 20)
"""Gain of the outer and middle ear for each line's magnitude, ``(1025,)`` (7); nothing passes at 0 Hz."""


@dataclass(frozen=True, slots=True)
class Spectra:
    """Short-time spectra of one channel, each ``(frames, 1025)``."""

    energy: Real
    """Squared magnitudes, calibrated."""
    weighted: Real
    """Magnitudes behind the outer and middle ear (9)."""


def frame_count(samples: int) -> int:
    """How many frames are looked at; the last one is completed with zeros."""
    return max(samples // HOP, 1)


def cut(signal: Real, first: int, count: int) -> Real:
    """``count`` frames from frame ``first`` on, ``(count, 2048)``; zeros where ``signal`` ``(n,)`` ends."""
    begin, end = first * HOP, (first + count + 1) * HOP
    piece = signal[begin:end]
    piece = np.pad(piece, (0, end - begin - piece.size))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(piece, FRAME)[::HOP])


def spectra(frames: Real) -> Spectra:
    """Spectra of ``frames`` ``(count, 2048)``, full scale 1.0."""
    magnitude = _magnitude(frames) * (10 ** (LISTENING_LEVEL_DB / 20) / calibration())
    return Spectra(magnitude * magnitude, magnitude * EAR_WEIGHT)


@cache
def calibration() -> float:
    """Largest line of a full-scale sine over the first ten frames (§2.1)."""
    samples = np.arange((_CALIBRATION_FRAMES + 1) * HOP)
    sine = np.sin(2 * np.pi * _CALIBRATION_HZ / RATE * samples)
    return float(np.max(_magnitude(cut(sine, 0, _CALIBRATION_FRAMES))))


def _magnitude(frames: Real) -> Real:
    """Equations (3) and (4)."""
    return np.asarray(np.abs(np.fft.rfft(frames * _WINDOW, axis=1)) / FRAME)

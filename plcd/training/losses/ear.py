"""What an ear of PEAQ's kind would mind: envelopes that move, noise that is heard, errors that nothing masks.

Three of the model output variables of ITU-R BS.1387-2's basic version, so far as they can be had from three frames around one
block, differentiable: modulation differences (AvgModDiff1, AvgModDiff2), noise loudness (RmsNoiseLoud), noise-to-mask ratio
(Total NMR). Simplified: no smearing over time, no adaptation of levels, spreading at the reference's levels. Tables come from
:mod:`plcd.scoring.peaq`, which was written for 48 kHz; other rates have the same bands and other frames.
"""

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plcd.scoring.peaq import bands as peaq
from plcd.scoring.peaq.spectrum import LISTENING_LEVEL_DB, calibration
from plcd.training.losses.heard import heard
from plcd.training.losses.sounds import Sound

_FRAME: Final = 2048
_HOP: Final = 1024
_FRAMES: Final = 3
_PAST: Final = 3072
WEIGHTS: Final = {"moved": 11.0, "moved_faintly": 0.7, "noise": 0.75, "unmasked": 1.5}
"""Each term is then about as large as it matters to the grade: shares 1.5, 0.4, 0.4 and 0.4 of plcd's prediction alone."""
_POWER: Final = 0.4
"""Exponent under which the shares of neighbouring bands are added (section 2.1.7)."""
_LOUDNESS: Final = 0.3
_NOISE: Final = 0.23


class Ear(nn.Module):
    """``rate`` in Hz, full scale 1.0 sounding at 92 dB SPL. In training ``forward`` draws where its frames begin, from torch's
    generator; in evaluation they begin in the middle of where they can.
    """

    def __init__(self, rate: int) -> None:
        super().__init__()
        hz = np.arange(_FRAME // 2 + 1) * rate / _FRAME
        kilohertz = np.maximum(hz, 1.0) / 1000
        ear_db = (
            -0.6 * 3.64 * kilohertz**-0.8
            + 6.5 * np.exp(-0.6 * (kilohertz - 3.3) ** 2)
            - 1e-3 * kilohertz**3.6
        )
        half = rate / _FRAME / 2
        above = np.minimum(peaq.UPPER_HZ, hz[:, None] + half)
        below = np.maximum(peaq.LOWER_HZ, hz[:, None] - half)
        apart = 0.25 * (np.arange(peaq.BANDS)[None, :] - np.arange(peaq.BANDS)[:, None])
        loud = 10 ** (LISTENING_LEVEL_DB / 20) / calibration() / _FRAME
        self.frames_per_second = rate / _HOP
        for name, value in (
            ("window", math.sqrt(8 / 3) * np.hanning(_FRAME) * loud),
            ("ear", 10 ** (np.maximum(ear_db, -3000) / 20)),
            ("grouping", np.maximum(above - below, 0) / (2 * half)),
            ("internal", peaq.INTERNAL_NOISE),
            ("offset", peaq.MASKING_OFFSET),
            ("down", np.where(apart < 0, -27 * apart, 0)),
            ("upward", np.maximum(apart, 0)),
            ("slope", 24 + 230 / peaq.CENTRE_HZ),
        ):
            self.register_buffer(name, _constant(value), persistent=False)
        flat = torch.ones(1, 1, peaq.BANDS)
        self.register_buffer("normal", _spread(flat, self._shares(flat[:, 0])), persistent=False)

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        ours, real, _ = heard(made, truth, _PAST)
        length = (_FRAMES - 1) * _HOP + _FRAME
        places = max(1, real.shape[1] - length + 1)
        begin = int(torch.randint(places, ())) if self.training else places // 2
        terms = self.terms(ours[:, begin : begin + length], real[:, begin : begin + length])
        total = torch.zeros((), device=real.device)
        for name, weight in WEIGHTS.items():
            total = total + weight * terms[name]
        return total

    def terms(self, ours: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Each ``()``, of waves ``(batch, n)`` cut into frames of 2048 every 1024 samples."""
        weighted = [self._weighted(wave) for wave in (real, ours)]
        energy, energy_made = (magnitude**2 @ self.grouping + peaq.FLOOR for magnitude in weighted)
        shares = self._shares((energy.mean(dim=1) + self.internal).detach())
        pattern, pattern_made = (
            _spread(bands + self.internal, shares) / self.normal for bands in (energy, energy_made)
        )
        movement, movement_made = self._movement(pattern), self._movement(pattern_made)
        more = movement_made - movement
        size = torch.abs(more)
        moved = torch.where(more >= 0, 1.0, 0.3) * size / (1.0 + movement)
        faintly = torch.where(more >= 0, 1.0, 0.1) * size / (0.1 + movement)
        error = (weighted[1] - weighted[0]) ** 2 @ self.grouping
        unmasked = torch.clamp(error * self.offset / pattern, max=1e3).mean(dim=2)
        loudness = self._noise(pattern, pattern_made, movement, movement_made)
        return {
            "moved": torch.clamp(moved.mean(dim=(1, 2)), max=20.0).mean(),
            "moved_faintly": torch.sqrt(faintly.mean(dim=(1, 2)) + 1e-3).mean(),
            "noise": torch.sqrt(torch.mean(loudness**2, dim=1) + 1e-3).mean(),
            "unmasked": torch.sqrt(unmasked + 1e-3).mean(),
        }

    def _weighted(self, wave: Tensor) -> Tensor:
        """Magnitudes behind outer and middle ear, ``(batch, frames, 1025)`` (equations 3 to 9)."""
        spectrum = torch.fft.rfft(wave.unfold(1, _FRAME, _HOP) * self.window, dim=2)
        return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-16) * self.ear

    def _shares(self, energy: Tensor) -> Tensor:
        """How each band's ``energy`` ``(batch, 109)`` spreads over all, to the power 0.4, ``(batch, 109, 109)``."""
        steep = torch.clamp(self.slope[None, :, None] - 2 * torch.log10(energy)[:, :, None], min=4.0)
        shares = 10 ** (-(self.down + steep * self.upward) / 10)
        return (shares / shares.sum(dim=2, keepdim=True)) ** _POWER

    def _movement(self, pattern: Tensor) -> Tensor:
        """Of each band's loudness from frame to frame, relative to its mean, ``(batch, frames - 1, 109)`` (equation 57)."""
        loudness = pattern**_LOUDNESS
        average = loudness.mean(dim=1, keepdim=True)
        return self.frames_per_second * torch.abs(torch.diff(loudness, dim=1)) / (1 + average / 0.3)

    def _noise(self, pattern: Tensor, made: Tensor, movement: Tensor, movement_made: Tensor) -> Tensor:
        """Loudness of what was added, ``(batch, frames)`` (equations 66 to 68)."""
        ease, ease_made = (
            0.15 * moved.mean(dim=1, keepdim=True) + 0.5 for moved in (movement, movement_made)
        )
        masking = torch.exp(-1.5 * torch.clamp((made - pattern) / pattern, -3.0, 20.0))
        added = torch.relu(ease_made * made - ease * pattern) / (self.internal + ease * pattern * masking)
        partial = (1 + torch.clamp(added, max=1e6)) ** _NOISE - 1
        return 24 * torch.mean((self.internal / ease_made) ** _NOISE * partial, dim=2)


def _spread(energy: Tensor, shares: Tensor) -> Tensor:
    spread: Tensor = (energy**_POWER @ shares) ** (1 / _POWER)
    return spread


def _constant(value: NDArray[np.floating]) -> Tensor:
    return torch.tensor(np.asarray(value, dtype=np.float32))

"""Losses of levels: how loud each line, and each band as wide as half a critical one, is at four resolutions in time."""

import math

import torch
from torch import Tensor, nn

from plcd.training.losses.heard import RESOLUTIONS, heard, magnitudes
from plcd.training.losses.sounds import Sound

PAST = 2048
"""Samples before the block: the longest window that touches it."""
_EXPONENT = 0.3
"""From magnitude to loudness, roughly (Stevens' law)."""
_QUIET = 1e-4
"""Magnitudes below so much of the RMS count no further."""
_QUIET_ENERGY = 1e-5
"""Likewise, energies of bands."""


def _relative(made: Sound, truth: Sound) -> tuple[Tensor, Tensor, int, int]:
    ours, real, count = heard(made, truth, PAST)
    level = torch.sqrt(torch.mean(real**2, dim=1, keepdim=True) + 1e-10)
    return ours / level, real / level, real.shape[1] - count - _after(truth), count


def _after(sound: Sound) -> int:
    return 0 if sound.after is None else sound.after.shape[1]


class CompressedMagnitude(nn.Module):
    """Mean absolute difference of magnitudes to the power 0.3."""

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        ours, real, first, count = _relative(made, truth)
        total = torch.zeros((), device=real.device)
        for size in RESOLUTIONS:
            pair = (magnitudes(wave, size, first, count) for wave in (ours, real))
            a, b = ((magnitude + _QUIET) ** _EXPONENT for magnitude in pair)
            total = total + torch.mean(torch.abs(a - b))
        return total / len(RESOLUTIONS)


class BandLevels(nn.Module):
    """Mean absolute difference of log energies in bands of half a Bark (Schroeder's scale) from 60 Hz to 18 kHz."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        for size in RESOLUTIONS:
            self.register_buffer(f"bands_{size}", _bands(rate, size), persistent=False)

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        ours, real, first, count = _relative(made, truth)
        total = torch.zeros((), device=real.device)
        for size in RESOLUTIONS:
            bands = getattr(self, f"bands_{size}")
            pair = (magnitudes(wave, size, first, count) for wave in (ours, real))
            a, b = (torch.log(magnitude**2 @ bands + _QUIET_ENERGY) for magnitude in pair)
            total = total + torch.mean(torch.abs(a - b))
        return total / len(RESOLUTIONS)


def _bands(rate: int, size: int) -> Tensor:
    """``(bins, bands)``, 1 where a line lies in a band; bands without a line are left out."""
    bark = 7 * torch.asinh(torch.arange(size // 2 + 1) * rate / size / 650)
    low, high = 7 * math.asinh(60 / 650), 7 * math.asinh(18_000 / 650)
    number = torch.floor((bark - low) / 0.5)
    columns = [number == band for band in range(int((high - low) / 0.5))]
    return torch.stack([column.float() for column in columns if bool(column.any())], dim=1)


def relative_error(made: Sound, truth: Sound) -> Tensor:
    """Log of 1 plus the squared error over the signal's energy, in the samples made: the waveform's guard."""
    error = torch.sum((made.wave - truth.wave) ** 2, dim=1)
    energy = torch.sum(truth.wave**2, dim=1)
    level = torch.mean(truth.past**2, dim=1) + 1e-10
    return torch.mean(torch.log1p(torch.clamp(error / (energy + 1e-3 * level), max=20.0)))

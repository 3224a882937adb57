"""Multi-resolution STFT loss (Yamamoto et al. 2020, "Parallel WaveGAN", eq. 6), with PARCnet's three resolutions."""

from typing import Final

import torch
from torch import Tensor, nn

from plcd.training.losses.log_magnitude import log_magnitude
from plcd.training.losses.sounds import Sound
from plcd.training.losses.spectral_convergence import spectral_convergence

RESOLUTIONS: Final = ((512, 240, 50), (1024, 600, 120), (2048, 1200, 240))
"""FFT, window and hop in samples."""
FLOOR: Final = 1e-7
"""Magnitudes are clamped here (published code of PARCnet)."""


class MultiResolutionStft(nn.Module):
    """Spectral convergence plus log magnitude, averaged over resolutions, of the block behind 1024 samples of its past.

    The past is the same on both sides; it is there so that the longest window (which is longer than a block) sees the seam.
    """

    def __init__(self) -> None:
        super().__init__()
        for size, length, _ in RESOLUTIONS:
            self.register_buffer(f"window_{size}", torch.hann_window(length), persistent=False)

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        total = torch.zeros((), device=truth.wave.device)
        for size, length, hop in RESOLUTIONS:
            ours, real = (self._magnitudes(sound.joined(1024), size, length, hop) for sound in (made, truth))
            total = total + spectral_convergence(ours, real) + log_magnitude(ours, real, FLOOR)
        return total / len(RESOLUTIONS)

    def _magnitudes(self, wave: Tensor, size: int, length: int, hop: int) -> Tensor:
        window = getattr(self, f"window_{size}")
        spectrum = torch.stft(
            wave, size, hop, length, window, center=True, pad_mode="constant", return_complex=True
        )
        return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + FLOOR**2)

"""What a fit minimises: Miotello et al. 2023, equations 9 to 15, with Table II.

The paper's equations 13 and 14 divide by "the number of STFT frames"; with N the number of frames, not of magnitudes, these sums
over all bins would be a thousand times the other terms. Here N counts the magnitudes, as in the work they come from (Yamamoto et
al. 2020, eq. 5) and in the authors' published code.
"""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from plcd.restoration.deep_prior.spectrogram import Frames

SCALES: Final = ((2048, 1200, 240), (1024, 600, 120), (512, 240, 50))
"""Table II: FFT, window and hop in samples at 16 kHz, where frames have 2048."""
MULTI_SCALE: Final = 0.1
"""alpha 2; alpha 1 is 1."""
FLOOR: Final = 1e-8
"""Squared magnitudes are no smaller (as in the published code): silence has a logarithm, and a gradient."""

Scaled = tuple[Tensor, Tensor]
"""Magnitudes and angles."""


class Loss:
    """Distance of an estimate from ``target`` ``(2, bins, count)``, both taken in the frames of ``mask`` ``(count,)`` alone."""

    def __init__(self, frames: Frames, target: Tensor, mask: NDArray[np.bool_]) -> None:
        self._frames = frames
        self._mask = torch.from_numpy(mask).to(target)
        self._target = target * self._mask
        unit = frames.size / SCALES[0][0]
        self._scales = [(round(n * unit), round(w * unit), round(h * unit)) for n, w, h in SCALES]
        self._windows = [torch.hann_window(length, device=target.device) for _, length, _ in self._scales]
        self._wanted = [self._scaled(frames.inverse(self._target), i) for i in range(len(self._scales))]

    def __call__(self, estimate: Tensor) -> Tensor:
        """Equation 9."""
        masked = estimate * self._mask
        real, imaginary = (functional.mse_loss(masked[i], self._target[i]) for i in range(2))
        return real + imaginary + MULTI_SCALE * self.multi_scale(masked)

    def multi_scale(self, masked: Tensor) -> Tensor:
        """Equation 11, of an estimate that is masked already."""
        wave = self._frames.inverse(masked)
        total = torch.zeros((), device=masked.device)
        for i, wanted in enumerate(self._wanted):
            total = total + sum(terms(self._scaled(wave, i), wanted).values())
        return total / len(self._wanted)

    def _scaled(self, wave: Tensor, index: int) -> Scaled:
        size, length, hop = self._scales[index]
        window = self._windows[index]
        spectrum = torch.stft(wave, size, hop, length, window, pad_mode="reflect", return_complex=True)
        power = spectrum.real**2 + spectrum.imag**2
        return torch.sqrt(power.clamp(min=FLOOR)), angles(spectrum, power)


def terms(estimate: Scaled, wanted: Scaled) -> dict[str, Tensor]:
    """Equations 12 to 15 of one scale."""
    (ours, our_angles), (real, real_angles) = estimate, wanted
    return {
        "convergence": torch.linalg.vector_norm(ours - real) / torch.linalg.vector_norm(real),
        "log_magnitude": functional.l1_loss(torch.log(ours), torch.log(real)),
        "magnitude": functional.l1_loss(ours, real),
        "phase": functional.mse_loss(our_angles, real_angles),
    }


def angles(spectrum: Tensor, power: Tensor) -> Tensor:
    """Angles in -pi .. pi; 0 where there is nothing to have one, so that silence (a gap's middle) passes no gradient on."""
    heard = power > FLOOR
    safe = torch.where(heard, spectrum, torch.ones_like(spectrum))
    return torch.angle(safe)

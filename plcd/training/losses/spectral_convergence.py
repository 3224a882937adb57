"""Spectral convergence (Aironi et al. 2024, eq. 3)."""

import torch
from torch import Tensor

_SILENT = 1e-8
"""Added to a norm, so that silence divides by something."""


def spectral_convergence(made: Tensor, truth: Tensor) -> Tensor:
    """Norm of the difference of magnitudes over the norm of the true ones; both ``(batch, ..., frames)``.

    The batch is one spectrogram, as the published code of PARCnet has it: an example that is nearly silent would
    otherwise be worth more than all others together.
    """
    return torch.linalg.vector_norm(truth - made) / (torch.linalg.vector_norm(truth) + _SILENT)

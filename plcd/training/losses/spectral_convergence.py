"""Spectral convergence (Aironi et al. 2024, eq. 3)."""

import torch
from torch import Tensor

_SILENT = 1e-8
"""Added to a norm, so that silence divides by something."""


def spectral_convergence(made: Tensor, truth: Tensor) -> Tensor:
    """Norm of the difference of magnitudes over the norm of the true ones, averaged over the batch.

    Both ``(batch, ..., frames)``; each example is a spectrogram of its own.
    """
    axes = tuple(range(1, truth.dim()))
    return torch.mean(
        torch.linalg.vector_norm(truth - made, dim=axes)
        / (torch.linalg.vector_norm(truth, dim=axes) + _SILENT)
    )

"""The least-squares adversary of bin2bin (Aironi et al. 2024, eq. 1 and 2; Mao et al. 2019)."""

import torch
from torch import Tensor


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Eq. 1: half the mean square of D(x|c) - 1 plus half that of D(G(z)|c); scores of any shape."""
    return 0.5 * torch.mean((real - 1) ** 2) + 0.5 * torch.mean(fake**2)


def generator_loss(fake: Tensor) -> Tensor:
    """Eq. 2: half the mean square of D(G(z)|c) - 1."""
    return 0.5 * torch.mean((fake - 1) ** 2)

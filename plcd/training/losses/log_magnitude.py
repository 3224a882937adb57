"""Log-magnitude distance (Aironi et al. 2024, eq. 4)."""

import torch
from torch import Tensor


def log_magnitude(made: Tensor, truth: Tensor, floor: float) -> Tensor:
    """Mean absolute difference of natural logarithms of magnitudes (any one shape), those below ``floor`` counting as it."""
    return torch.mean(torch.abs(torch.log(truth.clamp_min(floor)) - torch.log(made.clamp_min(floor))))

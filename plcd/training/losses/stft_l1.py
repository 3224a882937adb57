"""L1 of STFT magnitudes: the baseline of the codec loss (Ananthabhotla et al. 2019, eq. 2, second term)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from plcd.training.codec.nets import SIZE, magnitudes


class StftL1(nn.Module):
    """Mean absolute difference of the magnitudes that the magnitude codec net is shown, of waves ``(batch, n)``."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(SIZE), persistent=False)

    def forward(self, made: Tensor, truth: Tensor) -> Tensor:
        return functional.l1_loss(magnitudes(made, self.window), magnitudes(truth, self.window))

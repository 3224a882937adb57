"""PARCnet's loss (Mezza et al. 2024): 100 times the waveform's mean absolute error plus half the multi-resolution STFT loss."""

import torch
from torch import Tensor, nn

from plcd.training.losses.multi_resolution_stft import MultiResolutionStft
from plcd.training.losses.sounds import Sound


class ParcnetLoss(nn.Module):
    """Of the samples made; the weights are those of the published code."""

    def __init__(self) -> None:
        super().__init__()
        self.spectral = MultiResolutionStft()

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        return 100 * torch.mean(torch.abs(made.wave - truth.wave)) + 0.5 * self.spectral(made, truth)

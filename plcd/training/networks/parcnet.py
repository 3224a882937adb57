"""PARCnet's network: from known samples alone, what a linear prediction misses in the samples after them.

Mezza, Amerena, Bernardini and Sarti, "Hybrid Packet Loss Concealment for Real-Time Networked Music Applications" (2024), in
the form for packets of 512 samples: 4096 known samples and 768 zeros in, 768 out. 416,539 parameters.
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE: Final = 0.2
HORIZON: Final = 768
"""Samples it makes: a packet of 512 and 256 for the crossfade."""
ENCODER: Final = (1, 8, 16, 32, 64)
DECODER: Final = (64, 64, 32, 16, 8)
ENCODER_KERNEL: Final = 11
DECODER_KERNEL: Final = 7
GATES: Final = (1, 2, 4, 8, 16, 32)
"""Dilations of the gated blocks."""


class DilatedResidualBlock(nn.Module):
    """``conv(x)`` plus two dilated convolutions of x; keeps the length."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.skip = nn.Conv1d(inputs, outputs, kernel, padding="same")
        self.branch = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, padding="same", dilation=2),
            nn.BatchNorm1d(outputs),
            nn.LeakyReLU(SLOPE),
            nn.Conv1d(outputs, outputs, kernel, padding="same", dilation=4),
            nn.BatchNorm1d(outputs),
            nn.LeakyReLU(SLOPE),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, samples)``."""
        y: Tensor = self.skip(x) + self.branch(x)
        return y


class _Arm(nn.Sequential):
    """One arm of a gated block: sees the past only."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__(
            nn.PReLU(),
            nn.ConstantPad1d(((kernel - 1) * dilation, 0), 0.0),
            nn.Conv1d(channels, channels, kernel, dilation=dilation),
            nn.BatchNorm1d(channels),
        )


class GatedBlock(nn.Module):
    """Squeezed to half the channels, one causal arm gates the other; added to the input."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        half = channels // 2
        self.squeeze = nn.Sequential(nn.Conv1d(channels, half, 1), nn.BatchNorm1d(half))
        self.left = _Arm(half, kernel, dilation)
        self.right = _Arm(half, kernel, dilation)
        self.widen = nn.Sequential(nn.Conv1d(half, channels, 1), nn.BatchNorm1d(channels))
        self.activation = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, samples)``."""
        squeezed = self.squeeze(x)
        gated = self.left(squeezed) * torch.sigmoid(self.right(squeezed))
        y: Tensor = self.activation(x + self.widen(gated))
        return y


class Parcnet(nn.Module):
    """The whole network. Lengths must be multiples of 16: others would come back shifted."""

    def __init__(self, horizon: int = HORIZON) -> None:
        """``horizon``: samples it makes, the zeros at the end of its input."""
        super().__init__()
        if horizon % 16:
            raise ValueError(f"a horizon of {horizon} samples; it must be a multiple of 16")
        self.horizon = horizon
        self.encoder = nn.ModuleList(
            DilatedResidualBlock(*pair, ENCODER_KERNEL) for pair in pairwise(ENCODER)
        )
        self.gates = nn.ModuleList(GatedBlock(ENCODER[-1], ENCODER_KERNEL, dilation) for dilation in GATES)
        self.decoder = nn.ModuleList(
            DilatedResidualBlock(*pair, DECODER_KERNEL) for pair in pairwise(DECODER)
        )
        self.last = nn.Conv1d(DECODER[-1], 1, 1)
        nn.init.zeros_(self.last.weight)  # untrained, it adds nothing to the prediction
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, context: Tensor) -> Tensor:
        """What to add to a prediction, ``(batch, 1, horizon)`` in -1..1.

        ``context`` is ``(batch, 1, known)``, the newest sample last; its length must be a multiple of 16.
        """
        if context.shape[-1] % 16:
            raise ValueError(f"a context of {context.shape[-1]} samples; it must be a multiple of 16")
        x = functional.pad(context, (0, self.horizon))
        for block in self.encoder:
            x = functional.max_pool1d(block(x), 2)
        for block in self.gates:
            x = block(x)
        for block in self.decoder:
            x = block(functional.interpolate(x, scale_factor=2.0, mode="linear", align_corners=True))
        return torch.tanh(self.last(x))[..., -self.horizon :]

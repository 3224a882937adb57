"""The plain U-Net the paper compares with: 2,158,578 parameters."""

import itertools

import torch
from torch import Tensor, nn

_WIDTHS = (16, 32, 64, 128, 256)
DIVISOR = 2 ** (len(_WIDTHS) - 1)
"""Bins and frames must be multiples of this."""


def _pair(inputs: int, outputs: int, normalised: bool) -> nn.Sequential:
    """Two 3 x 3 convolutions with ReLU; instance normalisation (which has no parameters) on the way down only."""
    layers: list[nn.Module] = []
    for size in (inputs, outputs):
        layers.append(nn.Conv2d(size, outputs, 3, padding=1))
        if normalised:
            layers.append(nn.InstanceNorm2d(outputs))
        layers.append(nn.ReLU(True))
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """``(batch, 2, bins, frames)`` to the same shape; both multiples of :data:`DIVISOR`.

    Max pooling, nearest-neighbour upsampling with a 3 x 3 convolution behind it: what gives the paper's number of parameters.
    """

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        sizes = (channels, *_WIDTHS)
        self.encoder = nn.ModuleList(_pair(a, b, True) for a, b in zip(sizes, _WIDTHS, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(b, a, 3, padding=1))
            for a, b in itertools.pairwise(_WIDTHS)
        )
        self.decoder = nn.ModuleList(_pair(2 * width, width, False) for width in _WIDTHS[:-1])
        self.output = nn.Conv2d(_WIDTHS[0], channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        levels = []
        y = x
        for index, block in enumerate(self.encoder):
            y = block(self.pool(y) if index else y)
            levels.append(y)
        for index in reversed(range(len(self.decoder))):
            y = self.decoder[index](torch.cat([self.up[index](y), levels[index]], dim=1))
        return self.output(y)

"""The bin2bin networks: a U-Net that refines the magnitudes of a predicted spectrogram, and the critic it is trained against.

Aironi, Gabrielli, Cornell and Squartini, "Enhancing Music Packet Loss Concealment with Generative Spectrogram Inpainting"
(2024), §II-A, calls f = 16 *lite* and f = 64 *full*. All maps are ``(batch, channels, bins, frames)`` of 256 bins and 256
frames. Only pairs of sizes that the strides divide are accepted: bins and frames are multiples of 256 (of 32 when
separable).
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

LITE: Final = 16
FULL: Final = 64
SLOPE: Final = 0.2
"""Of the leaky rectifiers."""
_WIDTHS: Final = (1, 2, 4, 8, 8, 8, 8)
"""Channels of the encoder's levels, in units of f (paper §II-A)."""
_SEPARABLE_WIDTHS: Final = (1, 2, 4, 4, 4)
"""The same of the separable variant (2025)."""
_DROPOUT: Final = (0, 1)
"""The decoder's blocks with dropout, counted from the bottleneck: the two inner ones (paper §II-A)."""


def _down(inputs: int, outputs: int, separable: bool) -> list[nn.Module]:
    if not separable:
        return [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)]
    depthwise = nn.Conv2d(inputs, inputs, 4, 2, 1, groups=inputs, bias=False)
    return [depthwise, nn.Conv2d(inputs, outputs, 1, bias=False)]


def _up(inputs: int, outputs: int, separable: bool) -> list[nn.Module]:
    if not separable:
        return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)]
    depthwise = nn.ConvTranspose2d(inputs, inputs, 4, 2, 1, groups=inputs, bias=False)
    return [depthwise, nn.Conv2d(inputs, outputs, 1, bias=False)]


class Generator(nn.Module):
    """The U-Net. 3,403,057 parameters with ``width`` 16, 54,408,385 with 64; separable 80,753 and 1,152,449.

    Without ``residual`` the result is a sigmoid, as in the paper. With it the result is ``relu(input + network)`` and the last
    layer starts at zero, so that training starts from the prediction as it is; there is no dropout then, whose noise would be
    added to it.
    """

    def __init__(self, width: int = LITE, separable: bool = False, residual: bool = False) -> None:
        """``width``: channels of the first level (the paper's 16 or 64)."""
        super().__init__()
        self.width, self.separable, self.residual = width, separable, residual
        levels = [width * factor for factor in (_SEPARABLE_WIDTHS if separable else _WIDTHS)]
        self.first = nn.Sequential(nn.Conv2d(1, levels[0], 4, 2, 1), nn.LeakyReLU(SLOPE))
        self.encoder = nn.ModuleList(
            nn.Sequential(*_down(inputs, outputs, separable), nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE))
            for inputs, outputs in pairwise(levels)
        )
        deep = levels[-1]
        square = nn.Conv2d(deep, deep, 3, 1, 1) if separable else nn.Conv2d(deep, deep, 4, 2, 1)
        self.bottleneck = nn.Sequential(square, nn.ReLU())
        outputs = levels[-2::-1] if separable else levels[::-1]
        inputs = [2 * deep if separable else deep, *(2 * channels for channels in outputs[:-1])]
        self.decoder = nn.ModuleList(
            nn.Sequential(
                *_up(wide, narrow, separable),
                nn.BatchNorm2d(narrow),
                *([nn.Dropout(0.5)] if place in _DROPOUT and not residual else []),
                nn.ReLU(),
            )
            for place, (wide, narrow) in enumerate(zip(inputs, outputs, strict=True))
        )
        self.last = nn.ConvTranspose2d(2 * levels[0], 1, 4, 2, 1)
        if residual:
            nn.init.zeros_(self.last.weight)
            assert self.last.bias is not None
            nn.init.zeros_(self.last.bias)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Refined root magnitudes of the input's shape ``(batch, 1, bins, frames)``, scaled as the input is."""
        skips = [self.first(magnitude)]
        for block in self.encoder:
            skips.append(block(skips[-1]))
        x = self.bottleneck(skips[-1])
        if self.separable:  # the bottleneck keeps its size, so the deepest level is a skip connection too
            x = torch.cat((x, skips[-1]), dim=1)
            skips.pop()
        for block in self.decoder:
            x = torch.cat((block(x), skips.pop()), dim=1)
        x = self.last(x)
        return torch.relu(magnitude + x) if self.residual else torch.sigmoid(x)


class Discriminator(nn.Module):
    """Says whether magnitudes are music as it was, given what the generator saw. For least squares: no sigmoid.

    The paper gives a first convolution, blocks of reflect-padded convolution, batch norm and leaky rectifier, and a linear
    layer; kernels are 8 bins by 2 frames. Padded by three bins on both sides, so that strides halve the map.
    """

    def __init__(self, bins: int = 256, frames: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = (2, 64, 128, 256, 512)
        for place, (inputs, outputs) in enumerate(pairwise(channels)):
            stride = 2 if place < 3 else 1
            conv = nn.Conv2d(inputs, outputs, (8, 2), stride, (3, 0), padding_mode="reflect", bias=place == 0)
            layers += [conv, *([nn.BatchNorm2d(outputs)] if place else []), nn.LeakyReLU(SLOPE)]
        self.blocks = nn.Sequential(*layers, nn.Conv2d(512, 1, (8, 2), 1, (3, 0), padding_mode="reflect"))
        with torch.no_grad():
            size = self.blocks.eval()(torch.zeros(1, 2, bins, frames)).numel()
        self.blocks.train()
        self.verdict = nn.Linear(size, 1)

    def forward(self, condition: Tensor, target: Tensor) -> Tensor:
        """``(batch, 1)``: near 1 for music, near 0 for what was made; both inputs ``(batch, 1, bins, frames)``."""
        verdict: Tensor = self.verdict(self.blocks(torch.cat((condition, target), dim=1)).flatten(1))
        return verdict

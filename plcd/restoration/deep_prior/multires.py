"""MultiResUNet (Ibtehaz & Rahman 2020) as Miotello et al. 2023 use it, with or without harmonic convolution in the encoder.

The paper's 2,015,252 parameters fix what its text leaves open: the three filters of a block have 21, 42 and 64 kernels (its
text says 43), downsampling has no batch normalisation of its own, a Res Path has one more after its sum, input and output
have two channels.
"""

from typing import Any

import torch
from torch import Tensor, nn

from plcd.restoration.deep_prior.harmonic import HarmonicConv2d

_KERNELS = (21, 42, 64)
_WIDTH = sum(_KERNELS)
_PATH = 128
_LEVELS = 5
_SLOPE = 0.2
_ANCHORS = (2, 3, 4)
"""Table I, MultiRes block, layers 1 to 3. Its residual connection has anchor 1, as has downsampling; a Res Path 2 and 1."""

DIVISOR = 2 ** (_LEVELS - 1)
"""Bins and frames must be multiples of this."""


def convolution(
    inputs: int, outputs: int, size: int, anchor: int | None, stride: int = 1
) -> nn.Conv2d | HarmonicConv2d:
    """``size`` x ``size``, harmonic where there is an anchor; of size 1 with anchor 1 both are the same."""
    if anchor is None or size == 1:
        return nn.Conv2d(inputs, outputs, size, stride, size // 2)
    return HarmonicConv2d(inputs, outputs, anchor, stride, size, size)


class _Joining(torch.autograd.Function):
    """Channels side by side. Their gradients come apart as tensors of their own: strided ones cost ten times as much."""

    @staticmethod
    def forward(ctx: Any, *parts: Tensor) -> Tensor:
        ctx.sizes = [part.shape[1] for part in parts]
        return torch.cat(parts, dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        parts = gradients[0].split(ctx.sizes, dim=1)
        return tuple(part.contiguous(memory_format=torch.channels_last) for part in parts)


def joined(parts: list[Tensor]) -> Tensor:
    """``parts`` ``(batch, channels, bins, frames)`` with all their channels."""
    whole: Tensor = _Joining.apply(*parts)
    return whole


def normalisation(channels: int) -> nn.BatchNorm2d:
    """By the one spectrogram there is, always: a fit has no evaluation."""
    return nn.BatchNorm2d(channels, track_running_stats=False)


class Layer(nn.Sequential):
    """Convolution, batch normalisation, LeakyReLU."""

    def __init__(self, inputs: int, outputs: int, size: int, anchor: int | None) -> None:
        super().__init__(
            convolution(inputs, outputs, size, anchor), normalisation(outputs), nn.LeakyReLU(_SLOPE, True)
        )


class MultiResBlock(nn.Module):
    """Three layers in a row, side by side (fields of 3, 5 and 7), beside a 1 x 1 residual connection (Fig. 2)."""

    def __init__(self, inputs: int, harmonic: bool) -> None:
        super().__init__()
        anchors = _ANCHORS if harmonic else (None,) * 3
        sizes = (inputs, *_KERNELS)
        self.residual = Layer(inputs, _WIDTH, 1, None)
        self.layers = nn.ModuleList(
            Layer(sizes[i], sizes[i + 1], 3, anchor) for i, anchor in enumerate(anchors)
        )
        self.activation = nn.LeakyReLU(_SLOPE, True)

    def forward(self, x: Tensor) -> Tensor:
        outputs = []
        y = x
        for layer in self.layers:
            y = layer(y)
            outputs.append(y)
        return self.activation(self.residual(x) + joined(outputs))


class ResPath(nn.Module):
    """One 3 x 3 layer beside a 1 x 1 (Fig. 3)."""

    def __init__(self, harmonic: bool) -> None:
        super().__init__()
        self.layer = Layer(_WIDTH, _PATH, 3, 2 if harmonic else None)
        self.residual = Layer(_WIDTH, _PATH, 1, None)
        self.activation = nn.LeakyReLU(_SLOPE, True)
        self.normalisation = normalisation(_PATH)

    def forward(self, x: Tensor) -> Tensor:
        return self.normalisation(self.activation(self.layer(x) + self.residual(x)))


class MultiResUNet(nn.Module):
    """``(batch, 2, bins, frames)`` to the same shape; both multiples of :data:`DIVISOR`."""

    def __init__(self, harmonic: bool = True, channels: int = 2) -> None:
        super().__init__()
        depth = _LEVELS - 1
        self.encoder = nn.ModuleList(
            MultiResBlock(_WIDTH if level else channels, harmonic) for level in range(_LEVELS)
        )
        self.down = nn.ModuleList(
            nn.Sequential(
                convolution(_WIDTH, _WIDTH, 3, 1 if harmonic else None, stride=2), nn.LeakyReLU(_SLOPE, True)
            )
            for _ in range(depth)
        )
        self.paths = nn.ModuleList(ResPath(harmonic) for _ in range(depth))
        self.decoder = nn.ModuleList(MultiResBlock(_PATH + _WIDTH, False) for _ in range(depth))
        self.output = nn.Conv2d(_WIDTH, channels, 1)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        y = self.encoder[0](x)
        for down, path, block in zip(self.down, self.paths, list(self.encoder)[1:], strict=True):
            skips.append(path(y))
            y = block(down(y))
        for block, skip in zip(reversed(list(self.decoder)), reversed(skips), strict=True):
            y = block(joined([skip, self.upsample(y)]))
        return self.output(y)

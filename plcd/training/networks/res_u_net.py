"""The six networks that repair a patch of magnitudes without being told where it is damaged (Serra et al. 2021, section 4).

Eleven blocks of a 3 x 3 convolution, batch norm and ReLU: five down, one at the bottom, five up. Between them stand, down, 3 x 3
max pooling of stride 2 (*V2*: 3 x 3 convolutions of stride 2) and, up, 3 x 3 transposed convolutions of stride 2, each put beside
the block of its size on the way down. *Res-*: the last convolution makes a residual that is subtracted from the input.
*Attention*: what comes from the way down is weighed, place by place, with what comes from below.

What the paper leaves open is read so. Channels double from ``width`` to at most ``most``. The last convolution has one filter
(the paper's three are for pictures with colours) and is there in all six, so that the subtraction alone tells *Res-* from the
others. Strided and transposed convolutions have no norm and no ReLU of their own. The map of the attention has one channel.

*Bridged* is ours, and still blind: frames that hold nothing are found and drawn as lines between their neighbours
(:mod:`plcd.training.networks.bridging`), a second channel says which hold something, and the last convolution begins as zeros.
So the residual begins with what lines across known places are, and learns what they miss.

Magnitudes ``m`` are shown as ``(m / s) ** power``, s being the root mean square of the frames that hold anything: the network
need not know how loud the music is. MSE of magnitudes themselves (``power`` 1) hears little but the loudest partials.
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

from plcd.training.networks.bridging import bridge, holding

LEVELS: Final = 5
PAPER_MOMENTUM: Final = 3e-4
"""Of batch norm's running figures: the paper's decay of .9997. They then need some ten thousand steps to come about."""
_EPSILON: Final = 1e-3
"""Of batch norm (section 5.2)."""
_LEAST: Final = 1e-6
"""Scale of silence."""


def _block(inputs: int, outputs: int, momentum: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.BatchNorm2d(outputs, _EPSILON, momentum),
        nn.ReLU(),
    )


class Attention(nn.Module):
    """``skip`` and ``up``, both ``(batch, n, bins, frames)``, to a weighed skip of that shape (section 4.3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(channels, channels, 1)
        self.up = nn.Conv2d(channels, channels, 1)
        self.map = nn.Conv2d(channels, 1, 1)

    def forward(self, skip: Tensor, up: Tensor) -> Tensor:
        mapped = self.skip(skip)
        weight = torch.sigmoid(self.map(torch.relu(mapped + self.up(up))))
        weighed: Tensor = mapped * weight
        return weighed


class UNet(nn.Module):
    """Magnitudes ``(batch, 1, bins, frames)`` of a damaged patch to those it had before; bins and frames multiples of 32.

    Weights begin as Glorot's uniform ones.
    """

    def __init__(
        self,
        width: int = 12,
        most: int = 96,
        residual: bool = True,
        strided: bool = True,
        attention: bool = False,
        power: float = 1.0,
        momentum: float = 0.03,
        bridged: bool = False,
    ) -> None:
        """Raises ValueError for figures that make no network."""
        super().__init__()
        if not 1 <= width <= most or not 0 < power <= 1 or not 0 < momentum <= 1:
            raise ValueError(
                f"width {width} must lie in 1..most ({most}), power {power:g} and momentum {momentum:g} in 0..1"
            )
        self.residual, self.power, self.bridged = residual, power, bridged
        widths = [min(width * 2**level, most) for level in range(LEVELS)]
        deepest = widths[-1]
        self.down = nn.ModuleList(_block(*pair, momentum) for pair in pairwise([1 + bridged, *widths]))
        self.shrink = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, 2, 1) if strided else nn.MaxPool2d(3, 2, 1)
            for channels in widths
        )
        self.bottom = _block(deepest, deepest, momentum)
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(wide, narrow, 3, 2, 1, 1)
            for wide, narrow in reversed(list(zip([*widths[1:], deepest], widths, strict=True)))
        )
        self.weigh = nn.ModuleList(Attention(channels) for channels in reversed(widths) if attention)
        self.up = nn.ModuleList(_block(2 * channels, channels, momentum) for channels in reversed(widths))
        self.last = nn.Conv2d(widths[0], 1, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(module.weight)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        if bridged:
            nn.init.zeros_(self.last.weight)

    def scale(self, magnitude: Tensor) -> Tensor:
        """``(batch, 1, 1, 1)``: the root mean square of the frames that hold anything, at least 1e-6."""
        power = magnitude.square().mean(dim=2, keepdim=True)
        holds = holding(magnitude)
        mean = (power * holds).sum(dim=3, keepdim=True) / holds.sum(dim=3, keepdim=True).clamp_min(1.0)
        return mean.clamp_min(_LEAST**2).sqrt()

    def shown(self, magnitude: Tensor, scale: Tensor) -> Tensor:
        """``magnitude`` as the network sees it, and as its loss compares it."""
        relative = magnitude / scale
        if self.power == 1:
            return relative
        if self.power == 0.5:
            return relative.sqrt()
        return relative**self.power

    def answer(self, shown: Tensor) -> Tensor:
        """What it makes of :meth:`shown`, of the same shape and in the same measure; may be below zero."""
        holds = holding(shown) if self.bridged else None
        if holds is not None:
            shown = bridge(shown, holds)
        hidden = shown if holds is None else torch.cat((shown, holds.expand_as(shown)), dim=1)
        kept = []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            hidden = block(hidden)
            kept.append(hidden)
            hidden = shrink(hidden)
        hidden = self.bottom(hidden)
        for level, (grow, block) in enumerate(zip(self.grow, self.up, strict=True)):
            hidden = grow(hidden)
            skip = kept.pop()
            if len(self.weigh):
                skip = self.weigh[level](skip, hidden)
            hidden = block(torch.cat((hidden, skip), dim=1))
        last: Tensor = self.last(hidden)
        return shown - last if self.residual else last

    def forward(self, magnitude: Tensor) -> Tensor:
        scale = self.scale(magnitude)
        made = torch.relu(self.answer(self.shown(magnitude, scale)))
        if self.power == 0.5:
            made = made.square()
        elif self.power != 1:
            made = made ** (1 / self.power)
        return made * scale

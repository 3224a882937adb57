"""Resampling by a fixed ratio inside a network's graph."""

from math import gcd

import torch
from torch import Tensor, nn
from torch.nn import functional

_HALF_WIDTH = 8
"""Zero crossings of the sinc on each side."""


class Downsample(nn.Module):
    """``(batch, n)`` from ``source`` to ``target`` Hz (the lower): a Hann-windowed sinc, one filter for each output phase."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        common = gcd(source, target)
        self.step, self.phases = source // common, target // common
        cutoff = 0.95 * target / source  # leaves room for the window's own width
        reach = int(_HALF_WIDTH / cutoff) + 1
        self.left = reach
        places = torch.arange(-reach, self.step + reach)[None, :] - (
            torch.arange(self.phases)[:, None] * self.step / self.phases
        )
        inside = (places * cutoff).clamp(-_HALF_WIDTH, _HALF_WIDTH)
        window = torch.cos(inside * torch.pi / (2 * _HALF_WIDTH)) ** 2
        self.register_buffer(
            "filters", (cutoff * torch.sinc(places * cutoff) * window)[:, None], persistent=False
        )

    def forward(self, wave: Tensor) -> Tensor:
        samples = wave.shape[1] * self.phases // self.step
        padded = functional.pad(wave, (self.left, self.left + self.step))[:, None]
        out = functional.conv1d(padded, self.filters, stride=self.step)
        return out.transpose(1, 2).flatten(1)[:, :samples]

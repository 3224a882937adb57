"""Frames that hold nothing, drawn between their neighbours, as a part of a network that is told no places.

What :func:`plcd.neural.patches.between` does where places are known; here a frame counts as deleted where it holds next to
nothing, and lines are drawn of the magnitudes' roots, halfway to the decays that notes have: 0.1 dB nearer than lines of
magnitudes on bench/data/dev. Of comparisons and products alone, so that it goes into an ONNX file with the network.
"""

from typing import Final

import torch
from torch import Tensor

EMPTY: Final = 1e-6
"""Of the loudest frame's power: what holds less is empty."""


def holding(magnitude: Tensor) -> Tensor:
    """``(batch, 1, bins, frames)`` to ``(batch, 1, 1, frames)``: 1 where a frame holds anything, else 0."""
    power = magnitude.square().mean(dim=2, keepdim=True)
    return (power > EMPTY * power.amax(dim=3, keepdim=True)).to(magnitude.dtype)


def bridge(magnitude: Tensor, holds: Tensor) -> Tensor:
    """``magnitude`` ``(batch, 1, bins, frames)`` with lines of its roots, bin by bin, where ``holds`` ``(batch, 1, 1, frames)``
    is 0; at the ends the nearest frame that holds something. Silence stays silence.
    """
    frames = magnitude.shape[3]
    places = torch.arange(frames, device=magnitude.device, dtype=magnitude.dtype)
    here, there = places[:, None], places[None]
    beyond = float(2 * frames)
    held = holds > 0
    left = torch.where(held & (there <= here), there, -beyond).amax(dim=3)[..., None]
    right = torch.where(held & (there >= here), there, beyond).amin(dim=3)[..., None]
    none_left, none_right = left < 0, right >= frames
    left, right = torch.where(none_left, right, left), torch.where(none_right, left, right)
    share = (here - left) / (right - left).clamp_min(1.0)
    weights = (1 - share) * (there == left) + share * (there == right)
    return torch.where(held, magnitude, (magnitude.sqrt() @ weights.transpose(2, 3)).square())

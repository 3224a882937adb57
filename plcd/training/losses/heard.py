"""What a listener hears around a block: what was played, the block, and what is received behind it."""

import torch
from torch import Tensor

from plcd.training.errors import TrainingError
from plcd.training.losses.sounds import Sound

RESOLUTIONS = (256, 512, 1024, 2048)
"""Samples of the windows that losses look through; a quarter of each is the hop."""


def heard(made: Sound, truth: Sound, past: int) -> tuple[Tensor, Tensor, int]:
    """Both as they would be heard, ``(batch, n)``, with ``past`` samples before the block, and how many samples differ.

    Behind its block the sound made is crossfaded linearly into the truth, as plcd does with what is received.
    """
    if truth.after is None:
        raise TrainingError("this loss is for networks that are trained on blocks of holes")
    count = truth.wave.shape[1] - truth.block
    place = torch.arange(1, count + 1, device=truth.wave.device) / (count + 1)
    block, tail = made.wave.split([truth.block, count], dim=1)
    tail = (1 - place) * tail + place * truth.wave[:, truth.block :]
    before = truth.joined(past)[:, : past if truth.past.shape[1] >= past else truth.past.shape[1]]
    ours = torch.cat((before, block, tail, truth.after), dim=1)
    real = torch.cat((before, truth.wave, truth.after), dim=1)
    return ours, real, truth.wave.shape[1]


def magnitudes(wave: Tensor, size: int, first: int, count: int) -> Tensor:
    """Of all windows of ``size`` with a hop of a quarter that touch the samples ``first`` to ``first + count`` by half
    a hop or more, ``(batch, frames, bins)``; a sine of amplitude 1 has about the root of a quarter of ``size``.
    """
    hop = size // 4
    start = max(0, first - size + hop)
    stop = min(wave.shape[1], first + count + size - hop)
    window = torch.hann_window(size, device=wave.device) / (0.375 * size) ** 0.5
    spectrum = torch.fft.rfft(wave[:, start:stop].unfold(1, size, hop) * window, dim=2)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-12)

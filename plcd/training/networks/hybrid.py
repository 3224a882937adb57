"""The hybrid, ours: says for every line of the spectrum and every frame how much of the prediction and of the innovation to play.

plcd's prediction is right about what goes on and silent about what is random; its sampled innovation is random in the right
way, at a level that rests on a few numbers per hole. The network looks at the spectra of what was played, of the prediction and
of the innovation, and at where samples were received, and sets both levels in each line (86 Hz) and frame (11.6 ms every
2.9 ms). Transforms and overlap-add are in the graph, as products with constant matrices: samples go in, samples come out. The
last layer starts at zero, and then the result is the prediction with its innovation.
"""

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZE: Final = 512
"""Samples of a frame: long enough to tell partials 200 Hz apart, as long as a block."""
HOP: Final = 128
PAST: Final = 2048
"""Samples before the block that are looked at: 46 ms."""
AHEAD: Final = 1024
"""Samples of prediction."""
MADE: Final = 640
"""A block of 512 and the 2.9 ms behind it over which the next is blended in."""
_FRAMES: Final = (PAST + AHEAD - SIZE) // HOP + 1
_HEARD: Final = 8
"""Frames, the last ones, that touch the samples made."""
_QUIET: Final = 1e-4
"""Magnitudes below so much of the RMS, -80 dB, look like silence."""
_SMALLEST: Final = 1e-6
"""The least RMS anything is divided by."""
_FADE: Final = 32
"""Samples over which the network's word begins to count at a block's start."""
_UNTOUCHED_HZ: Final = (15_500.0, 17_500.0)
"""From the second on levels stay as they are: nobody hears more, and PEAQ takes what is above for the noise floor."""


class Hybrid(nn.Module):
    """``width`` channels, one residual convolution along frequency for each of ``dilations``, log levels that change by at most
    ``reach``.

    ``rate`` in Hz: of the recordings, for :data:`_UNTOUCHED_HZ`.
    """

    def __init__(
        self,
        width: int = 96,
        dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8),
        reach: float = 2.5,
        rate: int = 44_100,
    ) -> None:
        super().__init__()
        self.reach = reach
        self.context, self.horizon, self.made = PAST, AHEAD, MADE
        self.first = nn.Conv2d(2 * _FRAMES, width, (1, 5), padding=(0, 2))
        self._bins = math.ceil(_UNTOUCHED_HZ[1] * SIZE / rate)
        self.place = nn.Parameter(0.02 * torch.randn(width, 1, self._bins))
        self.state = nn.Linear(_FRAMES + 3, width)
        self.layers = nn.ModuleList(
            nn.Conv2d(width, width, (1, 3), padding=(0, step), dilation=(1, step)) for step in dilations
        )
        self.whole = nn.Linear(width, width)
        self.last = nn.Conv2d(width, 2 * _HEARD, 1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)
        self.to(memory_format=torch.channels_last)
        self._constants(rate)

    def _constants(self, rate: int) -> None:
        place = torch.arange(SIZE, dtype=torch.float64)
        line = torch.arange(self._bins, dtype=torch.float64)
        window = torch.sin(math.pi * place / SIZE)
        angle = 2 * math.pi * torch.outer(place, line) / SIZE
        forward = window[:, None] * torch.cat((torch.cos(angle), -torch.sin(angle)), dim=1)
        twice = torch.where(line > 0, 2.0, 1.0)
        # Sine windows on both sides, four of them overlapping, add up to 2.
        back = torch.cat((twice, twice)) * forward / SIZE / 2
        hz = line * rate / SIZE
        low, high = _UNTOUCHED_HZ
        rise = 0.5 - 0.5 * torch.cos(math.pi * torch.arange(1, _FADE + 1, dtype=torch.float64) / (_FADE + 1))
        fade = torch.cat((rise, torch.ones(MADE - _FADE, dtype=torch.float64)))
        for name, value in (
            ("forward_matrix", forward),
            ("back_matrix", back.T),
            ("touched", ((high - hz) / (high - low)).clamp(0, 1)),
            ("fade_in", fade),
        ):
            self.register_buffer(name, value.float().contiguous(), persistent=False)

    def forward(
        self, past: Tensor, received: Tensor, prediction: Tensor, innovation: Tensor, start: Tensor
    ) -> Tensor:
        """The samples to play, ``(batch, 640)``.

        ``past`` and ``received`` (1 or 0) ``(batch, 2048)``, ``prediction`` and ``innovation`` ``(batch, 1024)``, all float32;
        ``start`` ``(batch, 1)``: samples of the hole before this block.
        """
        known = torch.cat((past, prediction), dim=1)
        level = torch.sqrt(torch.mean(known * known, dim=1, keepdim=True)) + _SMALLEST
        expected = self._spectrum(known)
        random = self._spectrum(torch.cat((torch.zeros_like(past), innovation), dim=1))
        seen = torch.cat((self._seen(expected, level), self._seen(random, level)), dim=1)
        there = torch.cat((received, torch.zeros_like(prediction)), dim=1)
        block = start / MADE
        state = torch.cat(
            (
                _cut(there).mean(dim=2),
                (start < 1).to(start.dtype),
                torch.clamp(block / 6.4, max=1.0),
                0.1 * torch.log(level + 1e-5),
            ),
            dim=1,
        )
        levels = torch.exp(self.reach * torch.tanh(self._logs(seen, state) * self.touched / self.reach)) - 1.0
        change = (
            _both(levels[:, :_HEARD]) * expected[:, -_HEARD:]
            + _both(levels[:, _HEARD:]) * random[:, -_HEARD:]
        )
        return (prediction + innovation)[:, :MADE] + self.fade_in * self._samples(change)

    def _logs(self, seen: Tensor, state: Tensor) -> Tensor:
        """By how much both levels change, natural logarithms ``(batch, 2 x 8, bins)``."""
        maps = seen[:, :, None]
        if not self.training:
            return self._layers(maps, state)
        # Four times as fast on a processor: half precision, channels last. The transforms stay exact.
        with torch.autocast(maps.device.type, torch.bfloat16):
            return self._layers(maps.contiguous(memory_format=torch.channels_last), state).float()

    def _layers(self, maps: Tensor, state: Tensor) -> Tensor:
        x = self.first(maps) + self.place + self.state(state)[:, :, None, None]
        x = functional.leaky_relu(x, 0.2)
        for number, layer in enumerate(self.layers):
            x = x + functional.leaky_relu(layer(x), 0.2)
            if number == len(self.layers) // 2 - 1:
                x = x + functional.leaky_relu(self.whole(x.mean(dim=(2, 3))), 0.2)[:, :, None, None]
        logs: Tensor = self.last(x)[:, :, 0]
        return logs

    def _spectrum(self, samples: Tensor) -> Tensor:
        """``(batch, frames, 2 x bins)``: real parts, then imaginary ones."""
        return _cut(samples) @ self.forward_matrix

    @staticmethod
    def _seen(spectrum: Tensor, level: Tensor) -> Tensor:
        """Log magnitudes relative to ``level``, about -2 to 1."""
        real, imaginary = spectrum.chunk(2, dim=-1)
        magnitude = torch.sqrt(real * real + imaginary * imaginary + 1e-20)
        scaled = magnitude / (level[:, :, None] * math.sqrt(SIZE / 4))
        return torch.log(scaled + _QUIET) / 3.0 + 1.0

    def _samples(self, spectrum: Tensor) -> Tensor:
        """Overlap-add of the last frames, as far as they are heard, ``(batch, made)``."""
        frames = spectrum @ self.back_matrix
        parts = frames.unflatten(2, (SIZE // HOP, HOP))
        rows = [
            sum(parts[:, row - part, part] for part in range(SIZE // HOP))
            for row in range(SIZE // HOP - 1, SIZE // HOP - 1 + MADE // HOP)
        ]
        whole: Tensor = torch.cat([torch.as_tensor(row) for row in rows], dim=1)
        return whole


def _cut(samples: Tensor) -> Tensor:
    """``(batch, frames, 512)``, every 128 samples."""
    return torch.stack([samples[:, place * HOP : place * HOP + SIZE] for place in range(_FRAMES)], dim=1)


def _both(levels: Tensor) -> Tensor:
    """For real and imaginary parts."""
    return torch.cat((levels, levels), dim=2)

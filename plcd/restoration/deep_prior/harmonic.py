"""Harmonic convolution (Zhang et al. 2020) by harmonic lowering (Takeuchi et al. 2020).

A kernel's frequency axis is not neighbouring bins but a harmonic series: with anchor n, output bin m gathers the input at
``m k / n`` for k = 1, 2, 3 (Miotello et al. 2023, eq. 8), a fraction by linear interpolation, bins beyond the last as zeros.
What one k contributes is a plain convolution over time of the spectrogram stretched by n / k, and stretching and convolving
commute: whichever has fewer rows is done last. With n >= k only the lowest ``k / n`` of the bins are convolved, else only the
lowest ``n / k`` of the output, so that no anchor costs as much as an ordinary 3 x 3 convolution.

Stretching by a fraction Q / P repeats itself every Q rows: output row ``q Q + r`` lies at input row ``q P + r P / Q``. So it is
Q interpolations of rows P apart, each with one weight.
"""

from dataclasses import dataclass
from math import gcd
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Phase:
    """Output rows ``first, first + Q, ...`` (``rows`` of them) lie ``weight`` beyond input row ``source + i P``."""

    first: int
    source: int
    weight: float
    rows: int
    both: int
    """How many of them have a next input row to interpolate with; the others take zero for it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Output row m takes input row ``m P / Q``: the fraction in lowest terms, and how many rows are read and made."""

    p: int
    q: int
    read: int
    made: int
    phases: tuple[Phase, ...]

    @classmethod
    def of(cls, numerator: int, denominator: int, bins: int, wanted: int) -> "Stretch":
        """For ``bins`` rows in and ``wanted`` out, of which those beyond the input are not made."""
        common = gcd(numerator, denominator)
        p, q = numerator // common, denominator // common
        made = min(wanted, ((bins - 1) * q) // p + 1)
        phases = []
        for first in range(min(q, made)):
            rows = (made - 1 - first) // q + 1
            source, rest = divmod(first * p, q)
            both = min(rows, max(0, (bins - 2 - source) // p + 1)) if rest else 0
            phases.append(Phase(first, source, rest / q, rows, both))
        read = min(bins, ((made - 1) * p) // q + 2) if q > 1 else (made - 1) * p + 1
        return cls(p, q, read, made, tuple(phases))

    @property
    def late(self) -> bool:
        """Whether what is stretched is the convolution's result; else its input."""
        return self.p < self.q

    def read_from(self, x: Tensor) -> Tensor:
        """The rows of ``x`` ``(batch, channels, bins, frames)`` that take part."""
        return x[:, :, : self.read]

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, read, frames)`` to ``(batch, channels, made, frames)``."""
        if self.q == 1:
            return x[:, :, :: self.p].contiguous(memory_format=torch.channels_last)
        y = _empty(x, self.made)
        for phase, near, far in self._places():
            out = y[:, :, phase.first :: self.q]
            if phase.weight == 0:
                out.copy_(x[:, :, near])
                continue
            torch.mul(x[:, :, near], 1 - phase.weight, out=out)
            if phase.both:
                out[:, :, : phase.both].add_(x[:, :, far], alpha=phase.weight)
        return y

    def transposed(self, grad: Tensor, total: Tensor) -> None:
        """Add to ``total`` ``(batch, channels, read, frames)`` what ``grad`` ``(batch, channels, made, frames)`` says of the
        input.
        """
        for phase, near, far in self._places():
            out = grad[:, :, phase.first :: self.q]
            total[:, :, near].add_(out, alpha=1 - phase.weight)
            if phase.both:
                total[:, :, far].add_(out[:, :, : phase.both], alpha=phase.weight)

    def _places(self) -> list[tuple[Phase, slice, slice]]:
        """Each phase with the input rows below and above it."""
        return [
            (
                phase,
                slice(phase.source, phase.source + (phase.rows - 1) * self.p + 1, self.p),
                slice(phase.source + 1, phase.source + 2 + (phase.both - 1) * self.p, self.p),
            )
            for phase in self.phases
        ]


def _empty(like: Tensor, rows: int) -> Tensor:
    batch, channels, _, frames = like.shape
    return like.new_empty((batch, channels, rows, frames)).contiguous(memory_format=torch.channels_last)


class _HarmonicConvolution(torch.autograd.Function):
    """All terms at once: each one's gradient is added to the rows it read, where autograd would fill a whole tensor a term."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stretches: list[Stretch], stride: int
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stretches, ctx.stride = stretches, stride
        wanted = -(-x.shape[2] // stride)
        total: Tensor | None = None
        # The one that makes all rows first: the others are added to its lower ones.
        for k, stretch in sorted(enumerate(stretches), key=lambda term: -term[1].made):
            rows = stretch.read_from(x)
            y = functional.conv2d(
                rows if stretch.late or stretch.p == stretch.q else stretch.forward(rows),
                weight[:, :, k : k + 1],
                bias if total is None else None,
                (1, stride),
                (0, weight.shape[3] // 2),
            )
            if stretch.late:
                y = stretch.forward(y)
            if total is None:
                total = y if stretch.made == wanted else functional.pad(y, (0, 0, 0, wanted - stretch.made))
            else:
                total[:, :, : stretch.made].add_(y)
        assert total is not None
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = gradients[0].contiguous(memory_format=torch.channels_last)
        wanted_x = ctx.needs_input_grad[0]
        to_x = torch.zeros_like(x) if wanted_x else None
        to_weight = torch.empty_like(weight)
        for k, stretch in enumerate(ctx.stretches):
            rows = stretch.read_from(x)
            part = grad[:, :, : stretch.made]
            plain = stretch.p == stretch.q
            if stretch.late:
                back = torch.zeros_like(_empty(grad, stretch.read))
                stretch.transposed(part, back)
                part = back
            elif not plain:
                rows = stretch.forward(rows)
            to_rows, to_weight[:, :, k : k + 1], _ = torch.ops.aten.convolution_backward(
                part,
                rows,
                weight[:, :, k : k + 1],
                None,
                (1, ctx.stride),
                (0, weight.shape[3] // 2),
                (1, 1),
                False,
                (0, 0),
                1,
                (wanted_x, True, False),
            )
            if to_x is None:
                continue
            if stretch.late or plain:
                to_x[:, :, : stretch.read].add_(to_rows)
            else:
                stretch.transposed(to_rows, to_x[:, :, : stretch.read])
        return to_x, to_weight, grad.sum(dim=(0, 2, 3)), None, None


class HarmonicConv2d(nn.Module):
    """``(batch, inputs, bins, frames)`` to ``(batch, outputs, bins / stride, frames / stride)``, rounded up.

    ``harmonics`` x ``taps`` weights a pair of channels, as an ordinary convolution of that size has.
    """

    def __init__(
        self, inputs: int, outputs: int, anchor: int, stride: int = 1, harmonics: int = 3, taps: int = 3
    ) -> None:
        super().__init__()
        self.anchor, self.stride, self.harmonics = anchor, stride, harmonics
        like = nn.Conv2d(inputs, outputs, (harmonics, taps))  # its initialisation
        assert like.bias is not None
        self.weight, self.bias = like.weight, like.bias
        self._stretches: dict[int, list[Stretch]] = {}

    def forward(self, x: Tensor) -> Tensor:
        bins = x.shape[2]
        if bins not in self._stretches:
            wanted = -(-bins // self.stride)
            self._stretches[bins] = [
                Stretch.of(k * self.stride, self.anchor, bins, wanted) for k in range(1, self.harmonics + 1)
            ]
        given = (x, self.weight, self.bias)
        if torch.is_autocast_enabled(x.device.type):
            given = tuple(value.to(torch.get_autocast_dtype(x.device.type)) for value in given)
        y: Tensor = _HarmonicConvolution.apply(*given, self._stretches[bins], self.stride)
        return y

"""What is scored: a reference, the output made of it, and which packets were lost on the way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plcd.core.trace import TraceError, check_length

Real = NDArray[np.float64]
Flags = NDArray[np.bool_]


class ScoreError(ValueError):
    """A pair that cannot be scored. The message is one line."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Reference and output, each ``(n, channels)`` float64, full scale 1.0, aligned. ``rate`` in Hz.

    Raises ScoreError where they do not fit each other, hold NaN or infinity, or where the reference is silent.
    """

    rate: int
    reference: Real
    output: Real

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ScoreError(f"the rate must be positive, not {self.rate}")
        lengths = self.reference.shape[0], self.output.shape[0]
        if lengths[0] != lengths[1]:
            raise ScoreError(f"the reference has {lengths[0]} samples, the output {lengths[1]}")
        channels = self.reference.shape[1:], self.output.shape[1:]
        if channels[0] != channels[1]:
            raise ScoreError(f"the reference has {channels[0][0]} channels, the output {channels[1][0]}")
        for name, samples in (("reference", self.reference), ("output", self.output)):
            if not np.isfinite(samples).all():
                raise ScoreError(f"the {name} holds values that are not finite")
        if not self.reference.any():
            raise ScoreError("the reference is silent")


@dataclass(frozen=True, slots=True)
class Burst:
    """A run of lost packets: samples ``start`` to ``stop``, ``packets`` of them."""

    start: int
    stop: int
    packets: int


@dataclass(frozen=True, slots=True)
class Losses:
    """What a trace says was lost. ``packet`` in samples; ``flags`` one a packet; ``samples`` of the whole."""

    flags: Flags
    packet: int
    samples: int

    def __post_init__(self) -> None:
        if self.packet <= 0:
            raise ScoreError(f"a packet must have samples, not {self.packet}")
        try:
            check_length(self.flags, self.samples, self.packet)
        except TraceError as error:
            raise ScoreError(str(error)) from None

    def bursts(self) -> list[Burst]:
        """Every run of lost packets, in order."""
        edges = np.diff(np.concatenate(([False], self.flags, [False])).astype(np.int8))
        runs = zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)
        return [
            Burst(first * self.packet, min(end * self.packet, self.samples), end - first)
            for first, end in runs
        ]

    def lost(self) -> Flags:
        """Which samples were lost, ``(n,)``; those behind the last line of the trace were not."""
        flags = np.zeros(self.samples, np.bool_)
        for burst in self.bursts():
            flags[burst.start : burst.stop] = True
        return flags


def power(samples: Real) -> float:
    """Sum of squares."""
    return float(np.sum(np.square(samples)))


def decibels(over: float, under: float) -> float:
    """Ratio of two energies in dB: infinite where one of them is 0, NaN where both are."""
    if under == 0:
        return float("inf") if over else float("nan")
    return 10 * float(np.log10(over / under)) if over else float("-inf")

"""Which packets are lost: the loss patterns that the sender, the tests and the benchmarks share.

A model is immutable and may be shared. ``start`` begins one stream of flags, drawn packet by packet for as
long as wanted; the generator is asked for the same numbers however the stream is cut.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice, repeat

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
"""One flag a packet, shape ``(packets,)``, true where it is lost."""


class LossModel(ABC):
    """A rule by which packets are lost."""

    @abstractmethod
    def start(self, rng: np.random.Generator) -> Iterator[bool]:
        """The flags of a stream from its first packet on, without end."""

    def sample(self, packets: int, rng: np.random.Generator) -> Flags:
        """The flags of a stream's first ``packets`` packets."""
        return np.fromiter(islice(self.start(rng), packets), np.bool_, packets)


@dataclass(frozen=True, slots=True)
class NoLoss(LossModel):
    """Every packet arrives."""

    def start(self, rng: np.random.Generator) -> Iterator[bool]:
        return repeat(False)


@dataclass(frozen=True, slots=True)
class Gilbert(LossModel):
    """Two states, good and bad; packets of the bad state are lost (Gilbert 1960, where none gets through).

    Starts good, so the first packet arrives. Bursts last 1 / r packets on average, and p / (p + r) of all
    packets are lost. Takes one number from the generator for each packet after the first. Raises ValueError
    unless both are probabilities.
    """

    p: float
    """Probability that a good packet is followed by a bad one."""
    r: float
    """Probability that a bad packet is followed by a good one."""

    def __post_init__(self) -> None:
        for name, value in (("P", self.p), ("R", self.r)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"Gilbert loss: {name} must be a probability, 0 to 1, not {value:g}")

    def start(self, rng: np.random.Generator) -> Iterator[bool]:
        bad = False
        while True:
            yield bad
            bad = rng.random() >= self.r if bad else rng.random() < self.p


@dataclass(frozen=True, slots=True)
class Bursts(LossModel):
    """Of every ``every`` packets the last ``length`` are lost; ValueError unless 1 <= length <= every."""

    length: int
    every: int

    def __post_init__(self) -> None:
        if not 1 <= self.length <= self.every:
            raise ValueError(
                f"burst loss: a burst of {self.length} in every {self.every} packets is not possible"
            )

    def start(self, rng: np.random.Generator) -> Iterator[bool]:
        received = self.every - self.length
        return (index % self.every >= received for index in count())


@dataclass(frozen=True, slots=True)
class Periodic(LossModel):
    """Every n-th packet is lost: n - 1, 2n - 1, ... counted from 0. Raises ValueError unless n >= 1."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"periodic loss: N must be at least 1, not {self.n}")

    def start(self, rng: np.random.Generator) -> Iterator[bool]:
        return Bursts(1, self.n).start(rng)


@dataclass(frozen=True, slots=True, eq=False)
class TraceLoss(LossModel):
    """Loss as recorded: ``flags`` of shape ``(packets,)``, then nothing is lost."""

    flags: Flags = field(repr=False)

    def start(self, rng: np.random.Generator) -> Iterator[bool]:
        yield from self.flags.tolist()
        yield from repeat(False)


LOSS_SYNTAX = "gilbert:P,R, periodic:N, bursts:LENGTH,EVERY, trace:FILE or none"
"""What ``parse_loss`` reads, for help texts."""


def parse_loss(spec: str, read_trace: Callable[[str], Flags] | None = None) -> LossModel:
    """The model that a user names as ``LOSS_SYNTAX`` says.

    The core reads no files: ``read_trace`` is given the name after ``trace:`` and returns its flags; what it
    raises passes through. Without it traces are refused. Raises ValueError with a message for the user.
    """
    kind, _, rest = spec.partition(":")
    if kind == "trace" and rest and read_trace is not None:
        return TraceLoss(read_trace(rest))
    match kind, _numbers(rest):
        case "none", [] if spec == "none":
            return NoLoss()
        case "gilbert", [p, r]:
            return Gilbert(p, r)
        case "periodic", [n] if n.is_integer():
            return Periodic(int(n))
        case "bursts", [length, every] if length.is_integer() and every.is_integer():
            return Bursts(int(length), int(every))
    raise ValueError(f"cannot read the loss {spec!r}: write it as {LOSS_SYNTAX}")


def _numbers(text: str) -> list[float]:
    """The numbers in a comma-separated list; none if one of them cannot be read."""
    try:
        return [float(item) for item in text.split(",")]
    except ValueError:
        return []

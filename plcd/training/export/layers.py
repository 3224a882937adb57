"""The layers that the fast graphs are made of, each with what it needs along the cropped axis.

Maps are ``(1, channels, height, width)``; ``width`` is the axis of time, the only one that is cropped. One-dimensional networks
have height 1: onnxruntime's fast layout knows two-dimensional convolutions only.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plcd.training.export.span import DoublingReach, Reach

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Activation:
    """``kind`` an ONNX operator of one input (``Relu``, ``LeakyRelu``, ``Sigmoid``, ``Tanh``)."""

    kind: str
    slope: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Conv:
    """A convolution, batch norm folded in. ``weight`` ``(out, in / groups, height, width)``."""

    weight: Array
    bias: Array
    stride: int = 1
    dilation: int = 1
    """Along the width."""
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Zeros above, left, below, right."""
    groups: int = 1
    activation: Activation | None = None

    @property
    def reach(self) -> Reach:
        """Along the width."""
        return Reach(self.stride, -self.pad[1], self.dilation * (self.weight.shape[3] - 1) - self.pad[1])

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Of the output."""
        reach = self.dilation * (self.weight.shape[3] - 1) + 1
        return (
            (height + self.pad[0] + self.pad[2] - self.weight.shape[2]) // self.stride + 1,
            (width + self.pad[1] + self.pad[3] - reach) // self.stride + 1,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Up:
    """A transposed convolution of 4x4 with stride 2 and padding 1. ``weight`` ``(in, out / groups, 4, 4)``."""

    weight: Array
    bias: Array
    groups: int = 1
    activation: Activation | None = None
    reach: DoublingReach = field(default=DoublingReach(-1, 1), init=False)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Of the output."""
        return 2 * height, 2 * width


@dataclass(frozen=True, eq=False, slots=True)
class Halve:
    """The larger of each two neighbours along the width."""

    reach: Reach = field(default=Reach(2, 0, 1), init=False)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Of the output."""
        return height, width // 2


@dataclass(frozen=True, eq=False, slots=True)
class Stretch:
    """Twice as wide, interpolated linearly, first and last values in place."""

    reach: DoublingReach = field(default=DoublingReach(-1, 2), init=False)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Of the output."""
        return height, 2 * width


@dataclass(frozen=True, eq=False, slots=True)
class Pointwise:
    """An ONNX operator that takes each position for itself; several inputs are of one size."""

    kind: str
    """``Add``, ``Mul``, ``Concat`` (along the channels), or an activation's."""
    slope: float = 0.0
    reach: Reach = field(default=Reach(), init=False)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Of the output."""
        return height, width


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """The network's input."""

    height: int
    width: int
    reach: Reach = field(default=Reach(), init=False)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Its own."""
        return self.height, self.width


Layer = Conv | Up | Halve | Stretch | Pointwise | Source


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One layer applied to what other nodes give. Nodes are compared by identity."""

    name: str
    layer: Layer
    inputs: tuple["Node", ...] = ()
    again: bool = False
    """Where both stages need it: true to compute the overlap twice, false to hand it from one stage to the next."""
    height: int = field(init=False)
    width: int = field(init=False)

    def __post_init__(self) -> None:
        first = self.inputs[0] if self.inputs else None
        height, width = self.layer.size(first.height if first else 0, first.width if first else 0)
        assert all((node.height, node.width) == (first.height, first.width) for node in self.inputs if first)
        object.__setattr__(self, "height", height)
        object.__setattr__(self, "width", width)


def in_order(last: Node) -> list[Node]:
    """All nodes ``last`` rests on, each after its inputs; ``last`` is the last."""
    order: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node not in order:
            for other in node.inputs:
                visit(other)
            order[node] = None

    visit(last)
    return list(order)


def channel_counts(order: list[Node]) -> dict[Node, int]:
    """Channels of each node's output; ``order`` as of :func:`in_order`."""
    counts: dict[Node, int] = {}
    for node in order:
        layer = node.layer
        if isinstance(layer, Source):
            counts[node] = 1
        elif isinstance(layer, Conv):
            counts[node] = layer.weight.shape[0]
        elif isinstance(layer, Up):
            counts[node] = layer.weight.shape[1] * layer.groups
        elif isinstance(layer, Pointwise) and layer.kind == "Concat":
            counts[node] = sum(counts[other] for other in node.inputs)
        else:
            counts[node] = counts[node.inputs[0]]
    return counts

"""Convolutions over small maps as matrix products.

Deep in a U-Net maps have few positions and many channels; a convolution that goes along rows then spends its time at edges. Here
a map is a table with a row of channels for each position. A layer gathers, for each of its outputs, the rows of its inputs,
and multiplies. Taps that always meet zeros are left out, joining two maps and weaving phases cost nothing: they are
only other row numbers. Measured for the last known frame onwards of the lite U-Net, levels 5 to 7 and back to level 4: 1156
to 610 us.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plcd.training.export.layers import Activation, Array, Conv, Up
from plcd.training.export.span import Span
from plcd.training.export.writer import Writer

Place = tuple[int, int]
"""Time and height."""
Tap = tuple[int, int]
"""Index into a kernel, height and time."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of several tensors ``(rows, channels)``, one after the other."""

    tensors: tuple[str, ...]
    count: int
    places: dict[Place, int]
    """Which row holds which position; not every row needs one."""
    channels: int

    def __add__(self, other: "Table") -> "Table":
        """Both, one after the other."""
        assert self.channels == other.channels
        places = self.places | other.shifted(self.count)
        return Table((*self.tensors, *other.tensors), self.count + other.count, places, self.channels)

    def shifted(self, by: int) -> dict[Place, int]:
        """:attr:`places` where so many rows stand before."""
        return {place: row + by for place, row in self.places.items()}


def from_map(writer: Writer, x: str, span: Span, height: int, channels: int) -> Table:
    """Of a map ``(1, channels, time, height)`` that holds ``span``."""
    last = writer.add("Transpose", [x], f"{x}_last", perm=[0, 2, 3, 1])
    rows = writer.add("Reshape", [last, writer.constant(np.array([-1, channels]), "as_rows")], f"{x}_rows")
    places = [(time, row) for time in range(span.start, span.stop) for row in range(height)]
    return Table((rows,), len(places), {place: i for i, place in enumerate(places)}, channels)


def to_map(writer: Writer, table: Table, span: Span, height: int, name: str) -> str:
    """``(1, channels, time, height)``."""
    order = [table.places[time, row] for time in range(span.start, span.stop) for row in range(height)]
    rows = _gathered(writer, table.tensors, np.array(order), f"{name}_ordered")
    shape = writer.constant(np.array([1, len(span), height, table.channels]), f"{name}_map_shape")
    whole = writer.add("Reshape", [rows, shape], f"{name}_last")
    return writer.add("Transpose", [whole], f"{name}_map", perm=[0, 3, 1, 2])


def convolve(writer: Writer, layer: Conv, inputs: list[Table], out: Span, height: int, name: str) -> Table:
    """``height``: of the output."""
    places = [(time, row) for time in range(out.start, out.stop) for row in range(height)]
    pad_row, pad_time = layer.pad[:2]
    steps = {
        (i, j): (j * layer.dilation - pad_time, i - pad_row)
        for i in range(layer.weight.shape[2])
        for j in range(layer.weight.shape[3])
    }
    stride = layer.stride
    rests = {
        tap: [(time * stride + dt, row * stride + dr) for time, row in places]
        for tap, (dt, dr) in steps.items()
    }
    weight = {tap: layer.weight[:, :, tap[0], tap[1]].T for tap in steps}
    tensor = _multiplied(writer, inputs, rests, weight, layer.bias, layer.activation, name)
    return Table((tensor,), len(places), {place: i for i, place in enumerate(places)}, layer.weight.shape[0])


def convolve_up(writer: Writer, layer: Up, inputs: list[Table], out: Span, height: int, name: str) -> Table:
    """The four phases are a product each. ``height``: of the output."""
    assert layer.groups == 1
    tensors: list[str] = []
    numbered: dict[Place, int] = {}
    for phase in range(4):
        places = [
            (time, row)
            for time in range(out.start, out.stop)
            for row in range(height)
            if (time % 2, row % 2) == divmod(phase, 2)
        ]
        if not places:
            continue
        taps = [(i, j) for i in range(4) for j in range(4) if (j + phase // 2) % 2 and (i + phase % 2) % 2]
        rests = {(i, j): [((time + 1 - j) // 2, (row + 1 - i) // 2) for time, row in places] for i, j in taps}
        weight = {(i, j): layer.weight[:, :, i, j] for i, j in taps}
        tensors.append(
            _multiplied(writer, inputs, rests, weight, layer.bias, layer.activation, f"{name}_{phase}")
        )
        numbered |= {place: len(numbered) + i for i, place in enumerate(places)}
    return Table(tuple(tensors), len(numbered), numbered, layer.weight.shape[1])


def _multiplied(
    writer: Writer,
    inputs: list[Table],
    rests: dict[Tap, list[Place]],
    weight: dict[Tap, Array],
    bias: Array,
    activation: Activation | None,
    name: str,
) -> str:
    """Each output's inputs side by side, times the weights ``(in, out)`` of each tap."""
    channels = inputs[0].channels
    assert all(table.channels == channels for table in inputs)
    starts = np.cumsum([0, *(table.count for table in inputs)])
    numbers = [table.shifted(int(start)) for table, start in zip(inputs, starts, strict=False)]
    zero = int(starts[-1])
    columns: list[list[int]] = []
    factors: list[Array] = []
    for tap, places in rests.items():
        for source, rows in enumerate(numbers):
            column = [rows.get(place, zero) for place in places]
            if any(row != zero for row in column):
                columns.append(column)
                factors.append(weight[tap][source * channels : (source + 1) * channels])
    indices = np.array(columns).T
    tensors = [tensor for table in inputs for tensor in table.tensors]
    if (indices == zero).any():
        tensors.append(writer.constant(np.zeros((1, channels), np.float32), f"no_row_{channels}"))
    x = _gathered(writer, tensors, indices.reshape(-1), f"{name}_rows")
    shape = writer.constant(np.array([indices.shape[0], indices.shape[1] * channels]), f"{name}_wide_shape")
    x = writer.add("Reshape", [x, shape], f"{name}_wide")
    matrix = writer.constant(np.concatenate(factors), f"{name}_w")
    y = writer.add("Gemm", [x, matrix, writer.constant(bias, f"{name}_b")], f"{name}_product")
    return writer.activate(activation, y, name)


def _gathered(writer: Writer, tensors: Iterable[str], order: NDArray[np.int64], name: str) -> str:
    parts = list(tensors)
    table = parts[0] if len(parts) == 1 else writer.add("Concat", parts, f"{name}_table", axis=0)
    if len(parts) == 1 and np.array_equal(order, np.arange(order.size)):
        return table
    return writer.add(
        "Gather", [table, writer.constant(order.astype(np.int64), f"{name}_order")], name, axis=0
    )

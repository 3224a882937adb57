"""Writes one layer, cropped to a range of its outputs, as ONNX operators."""

from typing import Final

import numpy as np

from plcd.training.export.layers import Activation, Array, Conv, Halve, Layer, Pointwise, Stretch, Up
from plcd.training.export.span import Span
from plcd.training.export.writer import Writer

FORMS: Final = ("subpixel", "transposed")
"""How a transposed convolution is written."""


def emit(
    writer: Writer,
    layer: Layer,
    inputs: list[str],
    given: Span,
    width: int,
    out: Span,
    name: str,
    form: str = "subpixel",
) -> str:
    """Outputs ``out`` of ``layer`` from the inputs ``given`` of ``width``; returns the tensor's name.

    ``given`` is exactly what ``layer.reach.needs(out, width)`` says.
    """
    if isinstance(layer, Conv):
        return _conv(writer, layer, inputs[0], width, out, name)
    if isinstance(layer, Up):
        return _up(writer, layer, inputs[0], given, width, out, name, form)
    if isinstance(layer, Halve):
        return writer.add("MaxPool", inputs, name, kernel_shape=[1, 2], strides=[1, 2])
    if isinstance(layer, Stretch):
        return writer.add(
            "MatMul", [inputs[0], writer.constant(stretching(width)[given.start : given.stop, out.start : out.stop], f"{name}_w")], name
        )
    assert isinstance(layer, Pointwise)
    attributes = {"Concat": {"axis": 1}, "LeakyRelu": {"alpha": layer.slope}}.get(layer.kind, {})
    return writer.add(layer.kind, inputs, name, **attributes)


def stretching(width: int) -> Array:
    """``(width, 2 width)``: linear interpolation to twice the width with the ends in place, rounded as torch rounds it."""
    scale = np.float32(width - 1) / np.float32(2 * width - 1)
    place = np.arange(2 * width, dtype=np.float32) * scale
    low = np.floor(place).astype(int)
    part = place - low.astype(np.float32)
    matrix = np.zeros((width, 2 * width), np.float32)
    columns = np.arange(2 * width)
    np.add.at(matrix, (low, columns), 1 - part)
    np.add.at(matrix, (np.minimum(low + 1, width - 1), columns), part)
    return matrix


def _activate(writer: Writer, activation: Activation | None, x: str, name: str) -> str:
    if activation is None:
        return x
    attributes = {"alpha": activation.slope} if activation.kind == "LeakyRelu" else {}
    return writer.add(activation.kind, [x], f"{name}_a", **attributes)


def _conv(writer: Writer, layer: Conv, x: str, width: int, out: Span, name: str) -> str:
    reach = layer.reach
    left = max(0, -(out.start * reach.stride + reach.first))
    right = max(0, (out.stop - 1) * reach.stride + reach.last + 1 - width)
    weight, bias = writer.constant(layer.weight, f"{name}_w"), writer.constant(layer.bias, f"{name}_b")
    y = writer.add(
        "Conv",
        [x, weight, bias],
        name,
        kernel_shape=list(layer.weight.shape[2:]),
        strides=[layer.stride, layer.stride],
        dilations=[1, layer.dilation],
        pads=[layer.pad[0], left, layer.pad[2], right],
        group=layer.groups,
    )
    return _activate(writer, layer.activation, y, name)


def _up(
    writer: Writer, layer: Up, x: str, given: Span, width: int, out: Span, name: str, form: str
) -> str:
    if form == "transposed":
        return _transposed(writer, layer, x, given, out, name)
    return _subpixel(writer, layer, x, width, out, name)


def _transposed(writer: Writer, layer: Up, x: str, given: Span, out: Span, name: str) -> str:
    """As it is. With one row and column more on each side than is kept, output u rests on (u - k) / 2 for k = 0..3."""
    weight, bias = writer.constant(layer.weight, f"{name}_w"), writer.constant(layer.bias, f"{name}_b")
    left = out.start + 1 - 2 * given.start
    right = 2 * len(given) + 2 - left - len(out)
    y = writer.add(
        "ConvTranspose",
        [x, weight, bias],
        name,
        kernel_shape=[4, 4],
        strides=[2, 2],
        pads=[1, left, 1, right],
        group=layer.groups,
    )
    return _activate(writer, layer.activation, y, name)


def subpixel_weight(weight: Array, groups: int = 1) -> Array:
    """``(4 out, in / groups, 2, 2)`` from ``(in, out / groups, 4, 4)``: each output channel's four phases, each a 2x2 kernel.

    With u one more than the output's row (column), u = 2 m + phase rests on the inputs m and m - 1, through the kernel's rows
    phase and phase + 2.
    """
    inputs, outputs = weight.shape[:2]
    inputs //= groups
    result = np.empty((groups, outputs, 2, 2, inputs, 2, 2), np.float32)
    grouped = weight.reshape(groups, inputs, outputs, 4, 4)
    for row in range(2):
        for column in range(2):
            taps = grouped[:, :, :, [row + 2, row]][:, :, :, :, [column + 2, column]]  # m - 1 first
            result[:, :, row, column] = taps.transpose(0, 2, 1, 3, 4)
    return result.reshape(4 * groups * outputs, inputs, 2, 2)


def _subpixel(writer: Writer, layer: Up, x: str, width: int, out: Span, name: str) -> str:
    """As a 2x2 convolution to four times the channels, which are then woven into rows and columns."""
    cells = Span((out.start + 1) // 2, out.stop // 2 + 1)
    weight = writer.constant(subpixel_weight(layer.weight, layer.groups), f"{name}_w")
    bias = writer.constant(np.repeat(layer.bias, 4), f"{name}_b")
    pads = [1, max(0, 1 - cells.start), 1, max(0, cells.stop - width)]
    y = writer.add("Conv", [x, weight, bias], f"{name}_c", kernel_shape=[2, 2], pads=pads, group=layer.groups)
    y = _activate(writer, layer.activation, y, name)
    y = writer.add("DepthToSpace", [y], f"{name}_d", blocksize=2, mode="CRD")
    left = out.start + 1 - 2 * cells.start
    right = 2 * len(cells) - left - len(out)
    starts = writer.constant(np.array([1, left], np.int64), f"{name}_from")
    ends = writer.constant(np.array([-1, -right if right else 2**31], np.int64), f"{name}_to")
    axes = writer.constant(np.array([2, 3], np.int64), "rows_and_columns")
    return writer.add("Slice", [y, starts, ends, axes], name)

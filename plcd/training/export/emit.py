"""Writes layers, cropped to a range of their outputs, as ONNX operators."""

from typing import Any, Final

import numpy as np

from plcd.training.export.layers import Array, Conv, Halve, Layer, Pointwise, Stretch, Up
from plcd.training.export.span import Span
from plcd.training.export.writer import Writer

ROWS: Final = "rows"
"""A convolution, transposed or not, as a matrix product; see :mod:`plcd.training.export.rows`."""
WOVEN: Final = "woven"
"""A transposed convolution as one to four times the channels, whose phases are woven together with channels last."""
SUBPIXEL: Final = "subpixel"
"""The same with DepthToSpace: slower, but right for groups."""
TRANSPOSED: Final = "transposed"
"""As it is."""


class Emitter:
    """Writes layers into ``writer``. ``axis``: where time is in the tensors, 2 or 3; the other of the two is the layers' height.

    onnxruntime's convolutions go along the last axis in steps of several outputs, so the longer one belongs there.
    """

    def __init__(self, writer: Writer, axis: int) -> None:
        self.writer, self.axis = writer, axis

    def turned(self, height: Any, time: Any) -> list[Any]:
        """The two in the tensors' order."""
        return [height, time] if self.axis == 3 else [time, height]

    def emit(
        self,
        layer: Layer,
        inputs: list[str],
        given: Span,
        size: tuple[int, int],
        out: Span,
        name: str,
        form: str,
    ) -> str:
        """Outputs ``out`` of ``layer`` from the inputs ``given``; returns the tensor's name.

        ``given`` is exactly what ``layer.reach.needs(out, width)`` says; ``size`` is height and width of the whole
        input.
        """
        width = size[1]
        if isinstance(layer, Conv):
            return self._conv(layer, inputs[0], width, out, name)
        if isinstance(layer, Up):
            if form == TRANSPOSED:
                return self._transposed(layer, inputs[0], given, out, name)
            if form == WOVEN:
                return self._woven(layer, inputs[0], given, size, out, name)
            return self._subpixel(layer, inputs[0], width, out, name)
        if isinstance(layer, Halve):
            two = self.turned(1, 2)
            return self.writer.add("MaxPool", inputs, name, kernel_shape=two, strides=two)
        if isinstance(layer, Stretch):
            assert self.axis == 3
            matrix = stretching(width)[given.start : given.stop, out.start : out.stop]
            return self.writer.add("MatMul", [inputs[0], self.writer.constant(matrix, f"{name}_w")], name)
        assert isinstance(layer, Pointwise)
        special: dict[str, dict[str, Any]] = {"Concat": {"axis": 1}, "LeakyRelu": {"alpha": layer.slope}}
        attributes = special.get(layer.kind, {})
        return self.writer.add(layer.kind, inputs, name, **attributes)

    def _weight(self, weight: Array, name: str) -> str:
        """``weight`` ``(a, b, height, time)`` as a constant in the tensors' order."""
        return self.writer.constant(weight if self.axis == 3 else weight.transpose(0, 1, 3, 2), name)

    def _conv(self, layer: Conv, x: str, width: int, out: Span, name: str) -> str:
        reach = layer.reach
        before = max(0, -(out.start * reach.stride + reach.first))
        after = max(0, (out.stop - 1) * reach.stride + reach.last + 1 - width)
        y = self.writer.add(
            "Conv",
            [x, self._weight(layer.weight, f"{name}_w"), self.writer.constant(layer.bias, f"{name}_b")],
            name,
            kernel_shape=self.turned(*layer.weight.shape[2:]),
            strides=[layer.stride, layer.stride],
            dilations=self.turned(1, layer.dilation),
            pads=self.turned(layer.pad[0], before) + self.turned(layer.pad[2], after),
            group=layer.groups,
        )
        return self.writer.activate(layer.activation, y, name)

    def _transposed(self, layer: Up, x: str, given: Span, out: Span, name: str) -> str:
        """With one row and column more on each side than is kept, output u rests on (u - k) / 2 for k = 0..3."""
        before = out.start + 1 - 2 * given.start
        after = 2 * len(given) + 2 - before - len(out)
        y = self.writer.add(
            "ConvTranspose",
            [x, self._weight(layer.weight, f"{name}_w"), self.writer.constant(layer.bias, f"{name}_b")],
            name,
            kernel_shape=[4, 4],
            strides=[2, 2],
            pads=self.turned(1, before) + self.turned(1, after),
            group=layer.groups,
        )
        return self.writer.activate(layer.activation, y, name)

    def _subpixel(self, layer: Up, x: str, width: int, out: Span, name: str) -> str:
        """A 2x2 convolution over all cells that ``out`` touches, to four times the channels."""
        cells = Span((out.start + 1) // 2, out.stop // 2 + 1)
        weight = layer.weight if self.axis == 3 else layer.weight.transpose(0, 1, 3, 2)
        y = self.writer.add(
            "Conv",
            [
                x,
                self.writer.constant(phase_weight(weight, layer.groups), f"{name}_w"),
                self.writer.constant(np.repeat(layer.bias, 4), f"{name}_b"),
            ],
            f"{name}_c",
            kernel_shape=[2, 2],
            pads=self.turned(1, max(0, 1 - cells.start)) + self.turned(1, max(0, cells.stop - width)),
            group=layer.groups,
        )
        y = self.writer.activate(layer.activation, y, name)
        before = out.start + 1 - 2 * cells.start
        after = 2 * len(cells) - before - len(out)
        y = self.writer.add("DepthToSpace", [y], f"{name}_d", blocksize=2, mode="CRD")
        return self._crop(y, self.turned(1, before), self.turned(-1, -after if after else _ALL), 2, name)

    def _woven(self, layer: Up, x: str, given: Span, size: tuple[int, int], out: Span, name: str) -> str:
        """Even and odd frames by a 2x2 convolution each, to twice the channels: the two phases of the rows' own axis.

        With channels last these two are in their order already, and frames are woven in whole. Where an odd number of frames is
        asked for, one more is made, from zeros instead of inputs that are not given, and cropped.
        """
        assert self.axis == 2
        assert layer.groups == 1
        height = size[0]
        channels = layer.weight.shape[1]
        pairs = Span(out.start // 2, (out.stop + 1) // 2)
        rows = []
        for phase in range(2):
            needs = Span(
                pairs.start - 1 + phase, pairs.stop + phase
            )  # frame 2 n + phase rests on n - 1 + phase and the next
            there = Span(max(needs.start, given.start), min(needs.stop, given.stop))
            weight = phase_weight(layer.weight.transpose(0, 1, 3, 2)).reshape(channels, 2, 2, -1, 2, 2)
            weight = weight[:, 1 - phase].swapaxes(0, 1).reshape(2 * channels, -1, 2, 2)
            y = self.writer.add(
                "Conv",
                [
                    self._part(x, given, there),
                    self.writer.constant(weight, f"{name}_w{phase}"),
                    self.writer.constant(np.tile(layer.bias, 2), f"{name}_b"),
                ],
                f"{name}_c{phase}",
                kernel_shape=[2, 2],
                pads=[there.start - needs.start, 1, needs.stop - there.stop, 1],
            )
            y = self.writer.activate(layer.activation, y, f"{name}_{phase}")
            y = self.writer.add("Transpose", [y], f"{name}_t{phase}", perm=[0, 2, 3, 1])
            rows.append(self._shaped(y, [len(pairs), 1, -1], f"{name}_r{phase}"))
        y = self.writer.add("Concat", rows, f"{name}_woven", axis=1)
        y = self._shaped(y, [1, 2 * len(pairs), 2 * (height + 1), channels], f"{name}_rows")
        first = out.start - 2 * pairs.start
        y = self._crop(y, [first, 1], [first + len(out), -1], 1, f"{name}_crop")
        return self.writer.add("Transpose", [y], name, perm=[0, 3, 1, 2])

    def _shaped(self, x: str, shape: list[int], name: str) -> str:
        return self.writer.add("Reshape", [x, self.writer.constant(np.array(shape), f"{name}_shape")], name)

    def _part(self, x: str, given: Span, part: Span) -> str:
        """``part`` of the frames ``given``."""
        if part == given:
            return x
        name = f"{x}_{part.start}_{part.stop}"
        bounds = ([part.start - given.start], [part.stop - given.start], [self.axis])
        inputs = [self.writer.constant(np.array(bound), f"at_{bound[0]}") for bound in bounds]
        return self.writer.add("Slice", [x, *inputs], name)

    def _crop(self, x: str, starts: list[int], stops: list[int], axis: int, name: str) -> str:
        """Along ``axis`` and the one after it."""
        bounds = [starts, stops, [axis, axis + 1]]
        inputs = [self.writer.constant(np.array(bound), f"at_{bound[0]}_{bound[1]}") for bound in bounds]
        return self.writer.add("Slice", [x, *inputs], name)


_ALL: Final = 2**31


SMALL_MAP: Final = 32
"""Positions up to which a convolution is written as a product; four times as many for a transposed one."""


def usual_form(layer: Layer, positions: int, axis: int) -> str:
    """The fastest measured for so many outputs (2 cores, AVX-512, onnxruntime 1.31).

    A layer with few output channels would fill a block of 16 of them with nothing as a convolution (212 us as it is woven, 106
    transposed).
    """
    if axis == 3 or not isinstance(layer, Conv | Up):
        return ""
    if layer.groups > 1:
        return SUBPIXEL
    if positions <= (4 * SMALL_MAP if isinstance(layer, Up) else SMALL_MAP):
        return ROWS
    return TRANSPOSED if isinstance(layer, Up) and layer.weight.shape[1] < 8 else WOVEN


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


def phase_weight(weight: Array, groups: int = 1) -> Array:
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

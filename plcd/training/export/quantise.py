"""Two-stage float32 files as int8: per-channel weights, activations scaled by what real frames were measured to need.

Layers that see the magnitudes themselves (one input channel) and those that make them stay in float32: they cost little, and
rounding there is heard first. onnxruntime turns the rest into int8 convolutions and products when it loads the file, whose
operators are all of the standard domain (QuantizeLinear, DequantizeLinear).
"""

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from plcd.training.errors import TrainingError
from plcd.training.export.branches import combine, split
from plcd.training.export.sessions import Stages, session
from plcd.training.export.store import contract_of, with_contract

Array = NDArray[np.float32]
Feed = dict[str, Array]

_KINDS: Final = ("Conv", "Gemm", "Concat", "LeakyRelu", "Relu", "Gather", "Reshape", "Transpose", "Slice")
"""Operators that compute or pass on int8; the network's end (ConvTranspose, Add, Sigmoid) is not among them."""
_METHODS: Final = {"minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile}


class _Feeds(CalibrationDataReader):
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def quantise(model: onnx.ModelProto, feeds: Sequence[Feed], method: str = "minmax") -> onnx.ModelProto:
    """``model``, which must have two stages, in int8. ``feeds``: all inputs of both stages for some dozens of real frames.

    ``method``: ``minmax``, the whole range of each activation, or ``percentile``, 99.999 % of it. Raises TrainingError.
    """
    if not feeds:
        raise TrainingError("int8 needs real frames to measure; none were given")
    contract = contract_of(model)
    first, second = split(model)
    states = [_run(first, feed) for feed in feeds]
    halves = [
        _quantised(
            half, [_part(half, feed | state) for feed, state in zip(feeds, states, strict=True)], method
        )
        for half in (first, second)
    ]
    return with_contract(combine(halves[0], halves[1]), contract | {"precision": "int8"})


def agreement_db(model: onnx.ModelProto, other: onnx.ModelProto, feeds: Sequence[Feed]) -> float:
    """Energy of ``model``'s results over that of their difference from ``other``'s, over all ``feeds``."""
    one, two = Stages(model.SerializeToString()), Stages(other.SerializeToString())
    signal = error = 0.0
    for feed in feeds:
        truth, made = one.run(feed).astype(np.float64), two.run(feed)
        signal += float(np.sum(truth**2))
        error += float(np.sum((truth - made) ** 2))
    return 10 * float(np.log10(max(signal, 1e-30) / max(error, 1e-30)))


def _run(half: onnx.ModelProto, feed: Feed) -> Feed:
    """The first stage's states, by the names of the second's inputs."""
    names = [output.name for output in half.graph.output]
    made = session(half.SerializeToString()).run(names, _part(half, feed))
    return {f"{name}_in": value for name, value in zip(names, made, strict=True)}


def _part(half: onnx.ModelProto, feed: Feed) -> Feed:
    return {entry.name: feed[entry.name] for entry in half.graph.input}


def _kept(graph: onnx.GraphProto) -> list[str]:
    """Names of nodes that stay in float32: convolutions of one channel and their activations, and the last of all."""
    shapes = {tensor.name: tensor.dims for tensor in graph.initializer}
    names, tensors = set(), set()
    for node in graph.node:
        if node.op_type == "Conv" and shapes[node.input[1]][1] == 1:
            names.add(node.name)
            tensors.add(node.output[0])
        elif node.op_type in ("LeakyRelu", "Relu") and node.input[0] in tensors:
            names.add(node.name)
    ends = {output.name for output in graph.output}
    for node in reversed(graph.node):  # from the result back to the last layer with weights
        if ends & set(node.output):
            names.add(node.name)
            if node.op_type in ("Transpose", "Sigmoid", "Relu", "Add", "Squeeze", "Tanh", "Identity"):
                ends |= set(node.input)
    return sorted(names)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice to simplify the graph first, which is simple already."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _quantised(half: onnx.ModelProto, feeds: Sequence[Feed], method: str) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory(prefix="plcd-int8-") as folder, _quiet():
        path = Path(folder) / "half.onnx"
        try:
            quantize_static(
                half,
                str(path),
                _Feeds(feeds),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_KINDS),
                nodes_to_exclude=_kept(half.graph),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=_METHODS[method],
            )
        except OSError as error:
            raise TrainingError(f"int8 needs room in {folder}: {error.strerror or error}") from None
        made: onnx.ModelProto = onnx.load_model(path)
    standard = [entry for entry in made.opset_import if entry.domain in ("", "ai.onnx")]
    del made.opset_import[:]
    made.opset_import.extend(standard)
    return made

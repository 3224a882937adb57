"""Collects the nodes and constants of an ONNX graph."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from plcd.training.export.layers import Activation

OPSET: Final = 17
IR_VERSION: Final = 8
"""What opset 17 came with: the oldest runtimes that know it read the file."""


class Writer:
    """An ONNX graph being written. Equal constants are kept once."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._keys: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def constant(self, value: np.ndarray[Any, Any], name: str) -> str:
        """Its name; ``name`` is a wish."""
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._keys:
            name = self._free(name)
            self._keys[key] = name
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return self._keys[key]

    def _free(self, name: str) -> str:
        while name in self._constants:
            name += "_"
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """One operator with one output, which it returns."""
        self._nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def activate(self, activation: Activation | None, x: str, name: str) -> str:
        """``activation`` of ``x``; ``x`` itself where there is none."""
        if activation is None:
            return x
        attributes: dict[str, Any] = {"alpha": activation.slope} if activation.kind == "LeakyRelu" else {}
        return self.add(activation.kind, [x], f"{name}_a", **attributes)

    def input(self, name: str, shape: Sequence[int]) -> str:
        """A float32 input."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def output(self, name: str, shape: Sequence[int]) -> str:
        """Declare a float32 output."""
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def model(self, name: str) -> onnx.ModelProto:
        """The checked model."""
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, list(self._constants.values())
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="plcd")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model

"""Two stages in one file: the branches of an ``If``.

onnxruntime runs all nodes of a graph whatever outputs are asked for, so that two stages side by side would both run. Each
branch keeps its own weights: onnxruntime rewrites convolutions into its fast layout only where it finds their weights
in the same graph. Both branches have all outputs, so that every shape is known: the first stage returns zeros as the result, the
second returns the states it was given.
"""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from plcd.training.errors import TrainingError

AHEAD: Final = "ahead"
"""The input that chooses: true for the first stage."""


def combine(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    """One model of two. Outputs ``state_i`` of the first are inputs ``state_i_in`` of the second."""
    states = list(first.graph.output)
    results = list(second.graph.output)
    outputs = [*states, *results]
    one = _branch(first.graph, "ahead", [_zeros(result, "first") for result in results], outputs)
    two = _branch(
        second.graph,
        "after",
        [
            ([], helper.make_node("Identity", [f"{state.name}_in"], [f"{state.name}_second"]))
            for state in states
        ],
        outputs,
    )
    node = helper.make_node(
        "If", [AHEAD], [output.name for output in outputs], name="stages", then_branch=one, else_branch=two
    )
    ahead = helper.make_tensor_value_info(AHEAD, TensorProto.BOOL, [])
    inputs = [ahead, *first.graph.input, *second.graph.input]
    graph = helper.make_graph([node], "stages", inputs, outputs)
    domains = {entry.domain: entry for model in (first, second) for entry in model.opset_import}
    model = helper.make_model(graph, opset_imports=list(domains.values()), producer_name="plcd")
    model.ir_version = max(first.ir_version, second.ir_version)
    onnx.checker.check_model(model, full_check=True)
    return model


_Extra = tuple[list[onnx.TensorProto], onnx.NodeProto]


def _zeros(result: onnx.ValueInfoProto, suffix: str) -> _Extra:
    shape = [dimension.dim_value for dimension in result.type.tensor_type.shape.dim]
    name = f"{result.name}_shape"
    node = helper.make_node("ConstantOfShape", [name], [f"{result.name}_{suffix}"])
    return [numpy_helper.from_array(np.array(shape, np.int64), name)], node


def _branch(
    graph: onnx.GraphProto, name: str, extras: list[_Extra], outputs: list[onnx.ValueInfoProto]
) -> onnx.GraphProto:
    """``graph`` as a branch: names of its own, no inputs, and ``outputs`` in their order, some of them from ``extras``."""
    own = {output.name for output in graph.output}
    free = {entry.name for entry in graph.input} | {""}
    extra_outputs = {node.output[0].rsplit("_", 1)[0]: node.output[0] for _, node in extras}

    def renamed(value: str) -> str:
        return value if value in free else f"{name}/{value}"

    nodes = []
    for original in graph.node:
        node = onnx.NodeProto()
        node.CopyFrom(original)
        node.name = f"{name}/{original.name}"
        node.input[:] = [renamed(value) for value in original.input]
        node.output[:] = [renamed(value) for value in original.output]
        nodes.append(node)
    constants = []
    for original in graph.initializer:
        constant = onnx.TensorProto()
        constant.CopyFrom(original)
        constant.name = renamed(original.name)
        constants.append(constant)
    for tensors, node in extras:
        nodes.append(node)
        constants += tensors
    ends = []
    for output in outputs:
        end = onnx.ValueInfoProto()
        end.CopyFrom(output)
        end.name = renamed(output.name) if output.name in own else extra_outputs[output.name]
        ends.append(end)
    return helper.make_graph(nodes, name, [], ends, constants)


def split(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The two models that :func:`combine` made one of. Raises TrainingError for a model without stages."""
    if [node.op_type for node in model.graph.node] != ["If"]:
        raise TrainingError("the model has no stages: it was not written by plcd's export")
    branches = {attribute.name: attribute.g for attribute in model.graph.node[0].attribute}
    halves = []
    for branch, name in ((branches["then_branch"], "ahead"), (branches["else_branch"], "after")):
        prefix = f"{name}/"
        used = {value for node in branch.node if node.name for value in node.input}
        inputs = [entry for entry in model.graph.input if entry.name in used]
        nodes, constants = [], []
        for original in branch.node:
            if not original.name:  # what stands in for the other stage's outputs
                continue
            node = onnx.NodeProto()
            node.CopyFrom(original)
            node.name = original.name.removeprefix(prefix)
            node.input[:] = [value.removeprefix(prefix) for value in original.input]
            node.output[:] = [value.removeprefix(prefix) for value in original.output]
            nodes.append(node)
        for tensor in branch.initializer:
            if tensor.name.startswith(prefix):
                constant = onnx.TensorProto()
                constant.CopyFrom(tensor)
                constant.name = tensor.name.removeprefix(prefix)
                constants.append(constant)
        outputs = []
        for entry in branch.output:
            if entry.name.startswith(prefix):
                output = onnx.ValueInfoProto()
                output.CopyFrom(entry)
                output.name = entry.name.removeprefix(prefix)
                outputs.append(output)
        graph = helper.make_graph(nodes, name, inputs, outputs, constants)
        half = helper.make_model(graph, opset_imports=list(model.opset_import), producer_name="plcd")
        half.ir_version = model.ir_version
        onnx.checker.check_model(half, full_check=True)
        halves.append(half)
    return halves[0], halves[1]

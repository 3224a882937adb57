"""Small real networks for tests, written as ONNX bytes: they keep the contract and do arithmetic that is known."""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plcd.neural.protobuf import field as entry

FLOAT, INT64, BOOL = 1, 7, 9
INT, GRAPH = 2, 5
"""Types of an attribute."""
STFT = {"size": 64, "hop": 16, "window": "hann"}
METADATA: dict[str, Any] = {
    "contract": 1,
    "name": "tiny",
    "rate": 44100,
    "context": 1024,
    "block": 512,
    "horizon": 1024,
    "made": 768,
    "predictor": "best",
    "noise": 0,
    "fade": 64,
    "plcd": "0",
    "commit": "none",
    "data": "none",
    "steps": 0,
}


@dataclass
class Graph:
    """An ONNX model in the making."""

    nodes: list[bytes] = field(default_factory=list)
    weights: list[bytes] = field(default_factory=list)
    inputs: list[bytes] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        domain: str = "",
        **attributes: int | bytes,
    ) -> None:
        self.nodes.append(
            b"".join(entry(1, name.encode()) for name in inputs)
            + b"".join(entry(2, name.encode()) for name in outputs)
            + entry(4, kind.encode())
            + (entry(7, domain.encode()) if domain else b"")
            + b"".join(_attribute(name, value) for name, value in attributes.items())
        )

    def weight(self, name: str, values: Any, more: bytes = b"") -> None:
        array = np.asarray(values)
        integers = array.dtype.kind == "i"
        raw = array.astype("<i8" if integers else "<f4").tobytes()
        self.weights.append(
            b"".join(entry(1, size) for size in array.shape)
            + entry(2, INT64 if integers else FLOAT)
            + entry(8, name.encode())
            + entry(9, raw)
            + more
        )

    def input(self, name: str, *shape: int | str, kind: int = FLOAT) -> None:
        self.inputs.append(_port(name, shape, kind))

    def output(self, name: str, *shape: int | str, kind: int = FLOAT) -> None:
        self.outputs.append(_port(name, shape, kind))

    def graph(self) -> bytes:
        """As a message."""
        return b"".join(
            [
                *(entry(1, node) for node in self.nodes),
                entry(2, b"tiny"),
                *(entry(5, weight) for weight in self.weights),
                *(entry(11, port) for port in self.inputs),
                *(entry(12, port) for port in self.outputs),
            ]
        )

    def model(
        self, metadata: dict[str, Any] | str | None, opset: int = 17, domain: str = "", more: bytes = b""
    ) -> bytes:
        said = metadata if isinstance(metadata, str) else json.dumps(metadata)
        properties = b"" if metadata is None else entry(14, entry(1, b"plcd") + entry(2, said.encode()))
        operators = entry(8, entry(1, domain.encode()) + entry(2, opset))
        return entry(1, 8) + entry(7, self.graph()) + operators + properties + more


def _attribute(name: str, value: int | bytes) -> bytes:
    number, kind = (3, INT) if isinstance(value, int) else (6, GRAPH)
    return entry(5, entry(1, name.encode()) + entry(number, value) + entry(20, kind))


def _port(name: str, shape: Sequence[int | str], kind: int) -> bytes:
    sizes = b"".join(
        entry(1, entry(1, size) if isinstance(size, int) else entry(2, size.encode())) for size in shape
    )
    return entry(1, name.encode()) + entry(2, entry(1, entry(1, kind) + entry(2, sizes)))


def frames(values: dict[str, Any]) -> int:
    """Of the transform of context and horizon."""
    size, hop = values["stft"]["size"], values["stft"]["hop"]
    count: int = 1 + (values["context"] + values["horizon"] + 2 * (size // 2) - size) // hop
    return count


def magnitude_values(**changes: Any) -> dict[str, Any]:
    return METADATA | {"kind": "magnitude", "stft": STFT, "scale": {"kind": "fixed", "value": 3.5}} | changes


def waveform_values(**changes: Any) -> dict[str, Any]:
    return METADATA | {"kind": "waveform", "scale": {"kind": "none"}} | changes


def magnitude(factor: float = 1.0, **changes: Any) -> bytes:
    """Root magnitudes times ``factor``."""
    values = magnitude_values(**changes)
    graph, count = Graph(), frames(values)
    graph.weight("factor", np.float32(factor))
    graph.input("magnitude", 1, 1, 33, count)
    graph.output("refined", 1, 1, 33, count)
    graph.node("Mul", ["magnitude", "factor"], ["refined"])
    return graph.model(values)


def magnitude_of(shaped: dict[str, Any], said: dict[str, Any]) -> bytes:
    """A graph for the metadata ``shaped`` that says ``said``."""
    graph, count = Graph(), frames(shaped)
    graph.weight("factor", np.float32(1.0))
    graph.input("magnitude", 1, 1, 33, count)
    graph.output("refined", 1, 1, 33, count)
    graph.node("Mul", ["magnitude", "factor"], ["refined"])
    return graph.model(said)


def bent_magnitude(values: dict[str, Any]) -> bytes:
    """The magnitude of root magnitudes less 0.05, of the last frames alone that touch the horizon (and two more)."""
    graph, count, bins = Graph(), frames(values), values["stft"]["size"] // 2 + 1
    size, hop = values["stft"]["size"], values["stft"]["hop"]
    first = (values["context"] + size // 2 - size) // hop + 1 - 2
    graph.weight("less", np.float32(0.05))
    for name, number in (("starts", first), ("ends", count), ("axes", 3)):
        graph.weight(name, np.array([number]))
    graph.input("magnitude", 1, 1, bins, count)
    graph.output("refined", 1, 1, bins, count - first)
    graph.node("Slice", ["magnitude", "starts", "ends", "axes"], ["last"])
    graph.node("Sub", ["last", "less"], ["moved"])
    graph.node("Abs", ["moved"], ["refined"])
    return graph.model(values)


def staged_magnitude(factor: float = 1.0, **changes: Any) -> bytes:
    """The same in two stages: the first gives the last known frames times ``factor``, the second gives those and its own.

    Frames 61 and 62 touch known samples only, 63 is the first with a predicted one.
    """
    values = magnitude_values(**changes)
    count = frames(values)
    ranges = {"known": [0, 63], "recent": [63, count], "refined": [61, count]}
    values = values | {"stages": 2, "frames": ranges} | changes
    first, second, graph = Graph(), Graph(), Graph()
    for branch, name in ((first, "1"), (second, "2")):
        branch.weight(f"factor{name}", np.float32(factor))
        branch.output(f"s{name}", 1, 1, 33, 2)
        branch.output(f"r{name}", 1, 1, 33, count - 61)
    for name, number in (("starts", 61), ("ends", 63), ("axes", 3)):
        first.weight(name, np.array([number]))
    first.node("Slice", ["known", "starts", "ends", "axes"], ["last"])
    first.node("Mul", ["last", "factor1"], ["s1"])
    first.weight("shape", np.array([1, 1, 33, count - 61]))
    first.node("ConstantOfShape", ["shape"], ["r1"])
    second.node("Identity", ["state_0_in"], ["s2"])
    second.node("Mul", ["recent", "factor2"], ["scaled"])
    second.node("Sub", ["state_0_in", "state_0_in"], ["nothings"])
    second.node("ReduceSum", ["nothings"], ["nothing"])
    second.node("Add", ["scaled", "nothing"], ["resting_on_both"])
    second.node("Concat", ["state_0_in", "resting_on_both"], ["r2"], axis=3)
    graph.input("ahead", kind=BOOL)
    graph.input("known", 1, 1, 33, 63)
    graph.input("recent", 1, 1, 33, count - 63)
    graph.input("state_0_in", 1, 1, 33, 2)
    graph.output("state_0", 1, 1, 33, 2)
    graph.output("refined", 1, 1, 33, count - 61)
    outputs = ["state_0", "refined"]
    graph.node("If", ["ahead"], outputs, then_branch=first.graph(), else_branch=second.graph())
    return graph.model(values)


def waveform(residual: float | NDArray[np.float32] = 0.0, repeat: int = 0, **changes: Any) -> bytes:
    """The prediction plus ``residual`` (a constant or a signal), plus ``repeat`` times nothing, which takes time."""
    values = waveform_values(**changes)
    graph, horizon = Graph(), values["horizon"]
    graph.weight("residual_of_all", np.broadcast_to(np.float32(residual), (1, 1, horizon)))
    graph.weight("zero", np.float32(0.0))
    graph.weight("starts", np.array([0]))
    graph.weight("ends", np.array([horizon]))
    graph.weight("axes", np.array([2]))
    graph.input("context", 1, 1, values["context"] + horizon)
    graph.output("residual", 1, 1, horizon)
    name = "context"
    for place in range(repeat):
        graph.weight(f"matrix_{place}", np.eye(values["context"] + horizon, dtype=np.float32))
        graph.node("MatMul", [name, f"matrix_{place}"], [f"again_{place}"])
        name = f"again_{place}"
    graph.node("Mul", [name, "zero"], ["nothing"])
    graph.node("Slice", ["nothing", "starts", "ends", "axes"], ["part"])
    graph.node("Add", ["part", "residual_of_all"], ["residual"])
    return graph.model(values)


def echo(**changes: Any) -> bytes:
    """Twice the first ``horizon`` samples that are known, and the zeros after them."""
    values = waveform_values(**changes)
    graph, context, horizon = Graph(), values["context"], values["horizon"]
    graph.weight("two", np.float32(2.0))
    for name, start in (("first", 0), ("last", context)):
        graph.weight(f"{name}_from", np.array([start]))
        graph.weight(f"{name}_to", np.array([start + horizon]))
    graph.weight("axes", np.array([2]))
    graph.input("context", 1, 1, context + horizon)
    graph.output("residual", 1, 1, horizon)
    for name in ("first", "last"):
        graph.node("Slice", ["context", f"{name}_from", f"{name}_to", "axes"], [name])
    graph.node("Mul", ["first", "two"], ["doubled"])
    graph.node("Add", ["doubled", "last"], ["residual"])
    return graph.model(values)


def staged_waveform(axes: int = 3) -> bytes:
    """The sum of what is known, found in the first stage, as a constant; tensors with ``axes`` axes of 1 before theirs."""
    values = waveform_values(stages=2)
    first, second, graph = Graph(), Graph(), Graph()
    ones, horizon = [1] * (axes - 1), values["horizon"]
    for branch, name in ((first, "1"), (second, "2")):
        branch.output(f"s{name}", *ones, 1)
        branch.output(f"r{name}", *ones, horizon)
    first.weight("shape", np.array([*ones, horizon]))
    first.node("ReduceSum", ["context"], ["sum"], keepdims=0)
    first.weight("state_shape", np.array([*ones, 1]))
    first.node("Reshape", ["sum", "state_shape"], ["s1"])
    first.node("ConstantOfShape", ["shape"], ["r1"])
    second.weight("shape2", np.array([*ones, horizon]))
    second.node("Identity", ["state_0_in"], ["s2"])
    second.node("Expand", ["state_0_in", "shape2"], ["r2"])
    graph.input("ahead", kind=BOOL)
    graph.input("context", *ones, values["context"])
    graph.input("state_0_in", *ones, 1)
    graph.output("state_0", *ones, 1)
    graph.output("residual", *ones, horizon)
    outputs = ["state_0", "residual"]
    graph.node("If", ["ahead"], outputs, then_branch=first.graph(), else_branch=second.graph())
    return graph.model(values)


def endless(steps: int = 1_000_000_000) -> bytes:
    """A loop of a billion steps, after which nothing is left to add to the prediction."""
    body, graph = Graph(), Graph()
    body.input("step", kind=INT64)
    body.input("go", kind=BOOL)
    body.output("go_on", kind=BOOL)
    body.node("Identity", ["go"], ["go_on"])
    values = waveform_values()
    graph.weight("steps", np.array(steps))
    graph.weight("zero", np.float32(0.0))
    graph.input("context", 1, 1, 2048)
    graph.output("residual", 1, 1, 1024)
    for name, number in (("starts", 0), ("ends", 1024), ("axes", 2)):
        graph.weight(name, np.array([number]))
    body.input("x", 1, 1, 2048)
    body.output("y", 1, 1, 2048)
    body.node("Mul", ["x", "x"], ["y"])
    graph.node("Loop", ["steps", "", "context"], ["looped"], body=body.graph())
    graph.node("Slice", ["looped", "starts", "ends", "axes"], ["residual"])
    return graph.model(values)


def packed(*numbers: float) -> bytes:
    """Little-endian float32."""
    return struct.pack(f"<{len(numbers)}f", *numbers)

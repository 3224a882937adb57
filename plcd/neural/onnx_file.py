"""An ONNX file looked at without a runtime: what it rests on, what it takes and what it gives.

Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, ValueInfoProto).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from plcd.neural.errors import ModelError
from plcd.neural.protobuf import fields, part, text
from plcd.neural.tensors import Tensor, read_tensor

OPSETS: Final = range(17, 22)
"""Versions of the standard operators that are understood."""
STANDARD: Final = ("", "ai.onnx")
"""Names of the standard domain."""
_DEPTH: Final = 8
"""Graphs within graphs (the bodies of ``If`` and ``Loop``); networks need one or two."""
_FLOAT: Final = 1
_BOOL: Final = 9


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the graph: float32, or a single truth value."""

    name: str
    shape: tuple[int, ...]
    truth: bool


@dataclass(slots=True)
class OnnxFile:
    """What is in a file. Raises ModelError for what plcd does not run."""

    metadata: dict[str, str] = field(default_factory=dict)
    opset: int = 0
    parameters: int = 0
    """Weights, in numbers."""
    inputs: dict[str, Port] = field(default_factory=dict)
    outputs: dict[str, Port] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes) -> "OnnxFile":
        """Read ``content``, a whole file."""
        file = cls()
        graph = None
        for number, value in fields(memoryview(content)):
            if number == 7:
                graph = part(value, "the graph")
            elif number == 8:
                file._import(part(value, "an operator set"))
            elif number == 14:
                key, entry = _pair(part(value, "metadata"))
                file.metadata[key] = entry
            elif number == 25:
                raise ModelError("it defines operators of its own; export with standard operators only")
        if graph is None:
            raise ModelError("not an ONNX file: there is no graph in it")
        if not file.opset:
            raise ModelError("it does not say which operator set it uses; export again with opset 17")
        file._read_graph(graph)
        return file

    def _import(self, message: memoryview) -> None:
        domain, version = "", 0
        for number, value in fields(message):
            if number == 1:
                domain = text(value, "a domain")
            elif number == 2 and isinstance(value, int):
                version = value
        if domain in STANDARD:
            if version not in OPSETS:
                raise ModelError(
                    f"opset {version} is not supported: export with opset {OPSETS.start} to {OPSETS.stop - 1}"
                )
            self.opset = version

    def _read_graph(self, graph: memoryview) -> None:
        weights = set()
        ports: dict[int, list[memoryview]] = {11: [], 12: []}
        for number, value in fields(graph):
            if number in ports:
                ports[number].append(part(value, "an input or output"))
            elif number in _WEIGHTS:
                for weight in _read_weights(part(value, "a node or a weight"), number, 0):
                    weights.add(weight.name)
                    self.parameters += weight.parameters
        for messages, into, what in ((ports[11], self.inputs, "input"), (ports[12], self.outputs, "output")):
            for message in messages:
                port = _read_port(message, what)
                if port.name not in weights:  # old files list weights among the inputs
                    into[port.name] = port


_NODE, _TENSOR, _SPARSE = 1, 5, 15
_WEIGHTS: Final = (_NODE, _TENSOR, _SPARSE)
"""Fields of a graph that may hold weights: a node does in its attributes."""


def _read_weights(message: memoryview, number: int, depth: int) -> Iterator[Tensor]:
    """All in one of a graph's fields, and in the graphs in it. Raises ModelError for operators that are not standard."""
    if number == _TENSOR:
        yield read_tensor(message)
    elif number == _SPARSE:
        yield from (read_tensor(part(value, "weights")) for key, value in fields(message) if key in (1, 2))
    else:
        for attribute in _check_node(message):
            for key, value in fields(attribute):
                if key in (5, 10):
                    read_tensor(part(value, "a constant"))
                elif key in (22, 23):
                    yield from _read_weights(part(value, "a constant"), _SPARSE, depth)
                elif key in (6, 11):
                    yield from _read_body(part(value, "a graph"), depth + 1)


def _read_body(graph: memoryview, depth: int) -> Iterator[Tensor]:
    if depth > _DEPTH:
        raise ModelError(f"graphs lie in graphs more than {_DEPTH} deep")
    for number, value in fields(graph):
        if number in _WEIGHTS:
            yield from _read_weights(part(value, "a node or a weight"), number, depth)


def _check_node(message: memoryview) -> list[memoryview]:
    """A node's attributes."""
    kind, domain = "", ""
    attributes = []
    for number, value in fields(message):
        if number == 4:
            kind = text(value, "an operator's name")
        elif number == 7:
            domain = text(value, "a domain")
        elif number == 5:
            attributes.append(part(value, "an attribute"))
    if domain not in STANDARD:
        raise ModelError(f"operator {kind!r} of domain {domain!r} is not a standard one; export without it")
    return attributes


def _pair(message: memoryview) -> tuple[str, str]:
    """A metadata entry's key and value."""
    pair = ["", ""]
    for number, value in fields(message):
        if number in (1, 2):
            pair[number - 1] = text(value, "metadata")
    return pair[0], pair[1]


def _read_port(message: memoryview, what: str) -> Port:
    name, kind = "", 0
    shape: list[int] = []
    for number, value in fields(message):
        if number == 1:
            name = text(value, f"an {what}'s name")
        elif number == 2:
            for type_number, tensor in fields(part(value, "a type")):
                if type_number == 1:
                    kind, shape = _read_type(part(tensor, "a type"))
    if kind != _FLOAT and not (kind == _BOOL and not shape):
        raise ModelError(f"{what} {name!r} is not a float32 tensor")
    if not all(shape):
        raise ModelError(f"{what} {name!r} has no fixed shape: export it with one")
    return Port(name, tuple(shape), kind == _BOOL)


def _read_type(message: memoryview) -> tuple[int, list[int]]:
    """Element type and sizes, 0 where a size is open."""
    kind = 0
    shape: list[int] = []
    for number, value in fields(message):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 2:
            for dimension_number, dimension in fields(part(value, "a shape")):
                if dimension_number == 1:
                    sizes = [size for key, size in fields(part(dimension, "a size")) if key == 1]
                    size = sizes[0] if sizes else 0
                    shape.append(size if isinstance(size, int) and size < 1 << 31 else 0)
    return kind, shape

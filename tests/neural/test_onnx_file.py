"""What is found out about an ONNX file without running it; whatever it is, a reason or a result, never a crash."""

import struct

import numpy as np
import pytest
import tiny_models as tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.neural.errors import ModelError
from plcd.neural.loading import make_network
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.protobuf import field

GOOD = tiny.magnitude()
STAGED = tiny.staged_magnitude()
ENTRY = field(13, field(1, b"location") + field(2, b"/etc/passwd"))


def test_what_is_in_it() -> None:
    file = OnnxFile.parse(STAGED)
    assert set(file.inputs) == {"ahead", "known", "recent", "state_0_in"}
    assert set(file.outputs) == {"state_0", "refined"}
    assert file.inputs["known"].shape == (1, 1, 33, 63)
    assert file.inputs["ahead"].truth
    assert file.opset == 17
    assert file.parameters == 2
    assert '"contract": 1' in file.metadata["plcd"]


def test_weights_that_are_listed_as_inputs_too_are_none() -> None:
    graph = tiny.Graph()
    graph.weight("w", np.ones((2, 3)))
    graph.input("w", 2, 3)
    graph.input("x", 1)
    file = OnnxFile.parse(graph.model(None))
    assert set(file.inputs) == {"x"}
    assert file.parameters == 6


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello, this is no model", "not an ONNX file"),
        (b"RIFF....WAVEfmt ", "not an ONNX file"),
        (b"\x80" * 40, "a number is too long"),
        (GOOD[:-1], "cut short"),
        (GOOD[: len(GOOD) // 2], "cut short"),
        (field(1, 8), "no graph"),
        (field(7, b""), "which operator set"),
        (GOOD + field(25, b""), "operators of its own"),
        (field(7, 3), "the graph is a number"),
        (field(14, field(1, b"\xff")), "not UTF-8"),
    ],
)
def test_what_is_no_model_is_told(content: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        OnnxFile.parse(content)


@pytest.mark.parametrize(
    ("opset", "domain", "works"), [(16, "", False), (17, "", True), (21, "ai.onnx", True), (22, "", False)]
)
def test_operator_sets(opset: int, domain: str, works: bool) -> None:
    graph = tiny.Graph()
    content = graph.model(None, opset, domain)
    if works:
        assert OnnxFile.parse(content).opset == opset
    else:
        with pytest.raises(ModelError, match=f"opset {opset} is not supported: export with opset 17 to 21"):
            OnnxFile.parse(content)


def nested(levels: int, inner: tiny.Graph) -> tiny.Graph:
    for _ in range(levels):
        outer = tiny.Graph()
        outer.node("If", ["x"], ["y"], then_branch=inner.graph())
        inner = outer
    return inner


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_operators_of_other_domains_are_refused_however_deep(depth: int) -> None:
    graph = tiny.Graph()
    graph.node("Gelu", ["a"], ["b"], domain="com.microsoft")
    with pytest.raises(ModelError, match=r"operator 'Gelu' of domain 'com\.microsoft' is not a standard one"):
        OnnxFile.parse(nested(depth, graph).model(None))


def test_graphs_in_graphs_end_somewhere() -> None:
    assert OnnxFile.parse(nested(8, tiny.Graph()).model(None)).opset == 17
    with pytest.raises(ModelError, match="more than 8 deep"):
        OnnxFile.parse(nested(400, tiny.Graph()).model(None))


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("more", [ENTRY, field(14, 1)])
def test_weights_in_other_files_are_refused(depth: int, more: bytes) -> None:
    graph = tiny.Graph()
    graph.weight("w", np.ones(3), more)
    with pytest.raises(ModelError, match="weight 'w' lies in another file"):
        OnnxFile.parse(nested(depth, graph).model(None))


def weight(kind: int, *data: bytes) -> bytes:
    return b"".join((field(1, 2), field(2, kind), field(8, b"w"), *data))


NAN32, NAN16, NAN64 = struct.pack("<f", np.nan), struct.pack("<e", np.nan), struct.pack("<d", np.nan)
BFLOAT_NAN, BFLOAT_ONE = b"\xc0\x7f", b"\x80\x3f"


@pytest.mark.parametrize(
    ("message", "finite"),
    [
        (weight(1, field(9, tiny.packed(1, -2))), True),
        (weight(1, field(9, tiny.packed(1, np.inf))), False),
        (weight(1, field(9, tiny.packed(np.nan, 1))), False),
        (weight(1, field(4, tiny.packed(1, np.nan))), False),
        (weight(1, b"\x25" + NAN32, b"\x25" + tiny.packed(1)), False),  # number by number, not packed
        (weight(10, field(9, struct.pack("<e", 1) + NAN16)), False),
        (weight(10, field(5, 0x3C00), field(5, 0x7E00)), False),
        (weight(10, field(5, 0x3C00), field(5, 0x3C00)), True),
        (weight(11, field(10, struct.pack("<d", 1) + NAN64)), False),
        (weight(16, field(9, BFLOAT_ONE + BFLOAT_NAN)), False),
        (weight(16, field(9, BFLOAT_ONE + BFLOAT_ONE)), True),
        (weight(6, field(9, b"\xff" * 8)), True),  # integers
        (weight(1, field(9, b"\x00")), True),  # not whole: the runtime's to refuse
    ],
)
def test_weights_are_finite(message: bytes, finite: bool) -> None:
    graph = tiny.Graph(weights=[message])
    if finite:
        assert OnnxFile.parse(graph.model(None)).opset == 17
    else:
        with pytest.raises(ModelError, match="weight 'w' holds NaN or infinity"):
            OnnxFile.parse(graph.model(None))


def test_a_constant_in_an_operator_is_a_weight_too() -> None:
    tensor = weight(1, field(9, tiny.packed(np.nan, 1)))
    node = field(2, b"c") + field(4, b"Constant") + field(5, field(1, b"value") + field(5, tensor))
    with pytest.raises(ModelError, match="NaN"):
        OnnxFile.parse(tiny.Graph(nodes=[node]).model(None))
    sparse = field(15, field(1, tensor))
    with pytest.raises(ModelError, match="NaN"):
        OnnxFile.parse(field(7, sparse) + field(8, field(2, 17)))


@pytest.mark.parametrize(
    ("shape", "kind", "reason"),
    [
        ((1, "n"), tiny.FLOAT, "has no fixed shape"),
        ((1, 0), tiny.FLOAT, "has no fixed shape"),
        ((1, 2), tiny.INT64, "is not a float32 tensor"),
        ((1,), tiny.BOOL, "is not a float32 tensor"),
    ],
)
def test_inputs_and_outputs_are_of_known_shape(shape: tuple[int | str, ...], kind: int, reason: str) -> None:
    for what in ("input", "output"):
        graph = tiny.Graph()
        (graph.input if what == "input" else graph.output)("x", *shape, kind=kind)
        with pytest.raises(ModelError, match=f"{what} 'x' {reason}"):
            OnnxFile.parse(graph.model(None))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([GOOD, STAGED, tiny.waveform()]), st.data())
def test_a_broken_file_is_refused_or_still_a_network(content: bytes, data: st.DataObject) -> None:
    """Bits turned over, bytes cut out, parts repeated: without onnxruntime, which tests/neural/test_loading.py asks."""
    broken = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(broken) - 1))
        count = data.draw(st.integers(1, 40))
        match data.draw(st.sampled_from(["flip", "cut", "repeat", "end"])):
            case "flip":
                broken[place] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del broken[place : place + count]
            case "repeat":
                broken[place:place] = broken[place : place + count]
            case "end":
                del broken[max(1, place) :]
        if not broken:
            return
    try:
        file = OnnxFile.parse(bytes(broken))
    except ModelError as error:
        said = str(error)
        assert "\n" not in said
    else:
        assert file.opset in range(17, 22)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    with pytest.raises(ModelError):
        make_network(content)

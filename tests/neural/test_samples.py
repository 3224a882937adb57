"""Networks that are shown all of a block: every input arrives where it belongs."""

from typing import Any

import numpy as np
import pytest
import tiny_models as tiny
from numpy.typing import NDArray

from plcd.core.refiner import Block
from plcd.neural.errors import ModelError
from plcd.neural.loading import make_network

RNG = np.random.default_rng(8)
CONTEXT, HORIZON, MADE = 1024, 1024, 768
WEIGHTS = {"past": 2.0, "received": 0.5, "prediction": 1.0, "innovation": -3.0}


def values(**changes: Any) -> dict[str, Any]:
    return tiny.METADATA | {"kind": "samples"} | changes


def weighing(sizes: dict[str, int] | None = None, start: float = 0.01, **changes: Any) -> bytes:
    """The first 768 samples of every input, each times its own weight, and ``start`` times the place in the hole, added up."""
    graph = tiny.Graph()
    named = {"past": CONTEXT, "received": CONTEXT, "prediction": HORIZON, "innovation": HORIZON, "start": 1}
    for name, size in (named | (sizes or {})).items():
        graph.input(name, 1, size)
    graph.output("made", 1, MADE)
    for name, number in (("starts", 0), ("ends", MADE), ("axes", 1)):
        graph.weight(name, np.array([number]))
    graph.weight("start_weight", np.float32(start))
    graph.node("Mul", ["start", "start_weight"], ["sum_0"])
    for place, (name, weight) in enumerate(WEIGHTS.items()):
        graph.weight(f"{name}_weight", np.float32(weight))
        graph.node("Slice", [name, "starts", "ends", "axes"], [f"{name}_first"])
        graph.node("Mul", [f"{name}_first", f"{name}_weight"], [f"{name}_weighed"])
        last = "made" if place == len(WEIGHTS) - 1 else f"sum_{place + 1}"
        graph.node("Add", [f"sum_{place}", f"{name}_weighed"], [last])
    return graph.model(values(**changes))


def signal(size: int) -> NDArray[np.float32]:
    return (0.1 * RNG.standard_normal(size)).astype(np.float32)


@pytest.mark.parametrize("start", [0, 1024])
def test_every_input_is_what_its_name_says(start: int) -> None:
    block = Block(signal(CONTEXT), RNG.random(CONTEXT) < 0.5, signal(HORIZON), signal(HORIZON), start, 44_100)
    expected = (
        2.0 * block.past[:MADE]
        + 0.5 * block.received[:MADE]
        + block.prediction[:MADE]
        - 3.0 * block.innovation[:MADE]
        + 0.01 * start
    )
    made = make_network(weighing()).refine(block)
    assert made is not None
    assert made.dtype == np.float32
    assert made == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (weighing({"past": 1000}), "'past' must have shape 1x1024, not 1x1000"),
        (weighing({"received": 1025}), "'received' must have shape"),
        (weighing({"innovation": 900}), "'innovation' must have shape"),
        (weighing(made=700), "'made' must have shape 1x700, not 1x768"),
        (weighing(stages=2), "one stage"),
        (tiny.magnitude(kind="samples"), "'past'"),
    ],
    ids=["past", "received", "innovation", "made", "stages", "another kind"],
)
def test_other_files_are_refused(file: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        make_network(file)

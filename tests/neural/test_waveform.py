"""The framing of waveforms."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models as tiny

from plcd.core.refiner import Block
from plcd.neural.errors import ModelError
from plcd.neural.loading import make_network

RNG = np.random.default_rng(6)


def block(context: int = 1024, horizon: int = 1024) -> Block:
    past, prediction, innovation = (
        (0.1 * RNG.standard_normal(size)).astype(np.float32) for size in (context, horizon, horizon)
    )
    return Block(past, np.ones(context, np.bool_), prediction, innovation, 0, 44_100)


def test_the_residual_is_added_to_the_prediction() -> None:
    residual = (0.01 * RNG.standard_normal(1024)).astype(np.float32)
    network = make_network(tiny.waveform(residual))
    shown = block()
    assert network.refine(shown) == pytest.approx((shown.prediction + residual)[:768], abs=1e-7)


def test_it_is_added_to_the_innovation_too_where_the_network_was_trained_so() -> None:
    network = make_network(tiny.waveform(0.25, noise=1))
    shown = block()
    assert network.refine(shown) == pytest.approx(
        (shown.prediction + shown.innovation)[:768] + 0.25, abs=1e-6
    )


def test_the_network_sees_the_past_and_zeros() -> None:
    """It returns the last ``horizon`` samples of its input, times one, and the first, times two, added up."""
    network = make_network(tiny.echo())
    shown = block()
    assert network.refine(shown) == pytest.approx(shown.prediction[:768] + 2 * shown.past[:768], abs=1e-6)


@pytest.mark.parametrize("level", [1.0, 1e-3, 0.0])
def test_what_is_added_follows_the_level_of_the_past(level: float) -> None:
    scale = {"kind": "rms", "value": 4.0}
    network = make_network(tiny.echo(scale=scale))
    constant = make_network(tiny.waveform(0.25, scale=scale))
    given = block()
    shown = replace(given, past=given.past * np.float32(level))
    rms = max(float(np.sqrt(np.mean(np.square(shown.past.astype(np.float64))))), 1e-5)
    assert network.refine(shown) == pytest.approx(shown.prediction[:768] + 2 * shown.past[:768], abs=1e-6)
    assert constant.refine(shown) == pytest.approx(shown.prediction[:768] + rms, abs=1e-6)


@pytest.mark.parametrize("axes", [1, 3])
def test_two_stages(axes: int) -> None:
    network = make_network(tiny.staged_waveform(axes))
    shown = block()
    expected = shown.prediction[:768] + shown.past.sum()
    assert network.refine(shown) == pytest.approx(expected, abs=1e-4)
    assert network.look(shown.past)
    assert network.refine(shown) == pytest.approx(expected, abs=1e-4)


def test_wrong_sizes_are_refused() -> None:
    graph = tiny.Graph()
    graph.input("context", 1, 1, 2000)
    graph.output("residual", 1, 1, 1024)
    with pytest.raises(ModelError, match="'context' must have shape 1x1x2048, not 1x1x2000"):
        make_network(graph.model(tiny.waveform_values()))
    with pytest.raises(ModelError, match="'scale' must be none or rms"):
        make_network(tiny.waveform(scale={"kind": "fixed", "value": 1}))

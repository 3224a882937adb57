"""Receptive fields by the book against what inputs really move which outputs."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from plcd.training.export.layers import Conv, Node, Source, in_order  # noqa: E402
from plcd.training.export.plan import known_counts, make_plan  # noqa: E402
from plcd.training.export.span import DoublingReach, Reach, Span  # noqa: E402
from plcd.training.export.staging import Frames, magnitude_plan, waveform_plan  # noqa: E402
from plcd.training.networks.bin2bin import Generator  # noqa: E402
from plcd.training.networks.parcnet import Parcnet  # noqa: E402

FRAMES = Frames(context=3066, horizon=1024, size=511, hop=16)

LAYERS = [
    (torch.nn.Conv1d(1, 1, 4, 2, 1), Reach(2, -1, 2)),
    (torch.nn.Conv1d(1, 1, 11, dilation=4, padding="same"), Reach(1, -20, 20)),
    (torch.nn.MaxPool1d(2), Reach(2, 0, 1)),
    (torch.nn.ConvTranspose1d(1, 1, 4, 2, 1), DoublingReach(-1, 1)),
]


def moved(layer: Any, width: int) -> NDArray[Any]:
    """Which input moves which output, ``(outputs, inputs)``, of a layer with all weights positive."""
    for parameter in layer.parameters():
        torch.nn.init.ones_(parameter)
    x = torch.ones(1, 1, width)
    with torch.no_grad():
        still = layer(x)
        rows = [layer(x + 10 * torch.eye(width)[i]) != still for i in range(width)]
    return np.asarray(torch.cat(rows)[:, 0].T)


@pytest.mark.parametrize(("layer", "reach"), LAYERS)
def test_a_reach_is_what_the_layer_really_rests_on(layer: Any, reach: Reach | DoublingReach) -> None:
    width = 48
    truth = moved(layer, width)
    outputs = truth.shape[0]
    for out in range(outputs):
        inputs, given = np.flatnonzero(truth[out]), reach.needs(Span(out, out + 1), width)
        assert given.start <= inputs[0] <= inputs[-1] < given.stop
        if given.start and given.stop < width:
            assert given == Span(inputs[0], inputs[-1] + 1)
    for known in range(width + 1):
        unknown = truth[:, known:].any(axis=1)
        first = int(np.argmax(unknown)) if unknown.any() else outputs
        counted = reach.known(known, width, outputs)
        assert counted <= first
        assert counted == first or known > width - 24  # a dilated tap may fall beyond the end


def test_stretching_reaches_no_further_than_it_says() -> None:
    width = 24
    truth = moved(torch.nn.Upsample(scale_factor=2, mode="linear", align_corners=True), width)
    reach = DoublingReach(-1, 2)
    for out in range(2 * width):
        inputs, given = np.flatnonzero(truth[out]), reach.needs(Span(out, out + 1), width)
        assert given.start <= inputs[0] <= inputs[-1] < given.stop


def test_ranges_join_and_stay_inside() -> None:
    assert Span(3, 5) | Span(9, 9) == Span(3, 5)
    assert Span(3, 5) | Span(8, 9) == Span(3, 9)
    assert Span(-2, 50).within(20) == Span(0, 20)


def test_frames_known_before_a_loss_are_those_that_no_predicted_sample_touches() -> None:
    assert (FRAMES.count, FRAMES.known) == (256, 176)
    rng = np.random.default_rng(1)
    samples = torch.tensor(rng.standard_normal(4090))
    window = torch.hann_window(511, dtype=torch.float64)

    def spectrum(x: Any) -> NDArray[Any]:
        values: NDArray[Any] = torch.stft(x, 511, 16, window=window, return_complex=True).numpy()
        return values

    other = samples.clone()
    other[3066:] = torch.tensor(rng.standard_normal(1024))
    changed = np.flatnonzero((spectrum(samples) != spectrum(other)).any(axis=0))
    assert changed[0] == FRAMES.known
    assert changed.size == FRAMES.count - FRAMES.known


def test_a_plan_computes_each_needed_position_once() -> None:
    plan = magnitude_plan(Generator(2).eval(), FRAMES)
    counts = known_counts(plan.order, FRAMES.known)
    for node in plan.order:
        share = plan.shares[node]
        assert share.known.stop <= counts[node]
        if len(share.state):
            assert share.state.stop == share.known.stop == share.rest.start
    assert plan.shares[plan.order[-1]].rest == Span(176, 256)


def test_the_second_stage_of_the_u_net_does_what_the_crop_leaves() -> None:
    """Multiplications by the formula of a convolution: 381 million in all, of which 78 are done before and 137 after."""
    plan = magnitude_plan(Generator().eval(), FRAMES)
    all_of, before, after = 0.0, 0.0, 0.0
    for node in plan.order:
        weight = getattr(node.layer, "weight", None)
        if weight is None:
            continue
        each = weight.size * node.height / (1 if isinstance(node.layer, Conv) else 4)
        share = plan.shares[node]
        all_of += each * node.width
        before += each * len(share.known)
        after += each * len(share.rest)
    assert [round(value / 1e6) for value in (all_of, before, after)] == [381, 78, 137]


def test_parcnets_second_stage_rests_on_the_states_alone() -> None:
    plan = waveform_plan(Parcnet().eval(), 4096)
    source = plan.shares[plan.order[0]]
    assert source.known == Span(0, 4096)
    assert source.rest == Span(4096, 4864)
    assert plan.shares[plan.order[-1]].rest == Span(4096, 4864)


def test_nodes_come_after_what_they_rest_on() -> None:
    first = Node("first", Source(1, 8))
    weight = np.ones((1, 1, 1, 1), np.float32)
    second = Node("second", Conv(weight, np.zeros(1, np.float32)), (first,))
    third = Node("third", Conv(weight, np.zeros(1, np.float32)), (second,))
    assert in_order(third) == [first, second, third]
    assert make_plan(third, Span(4, 8), 8).shares[first].known == Span(4, 8)

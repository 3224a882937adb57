"""The networks of a deep prior: the paper's sizes, and harmonic convolution against its definition."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from plcd.restoration.deep_prior.fitting import NETWORKS  # noqa: E402
from plcd.restoration.deep_prior.harmonic import HarmonicConv2d, Stretch  # noqa: E402


@pytest.mark.parametrize(
    ("name", "parameters"), [("harmonic", 2_015_252), ("multires", 2_015_252), ("unet", 2_158_578)]
)
def test_networks_have_the_papers_parameters(name: str, parameters: int) -> None:
    with torch.device("meta"):
        network: Any = NETWORKS[name]()
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_answer_in_the_same_size_and_every_weight_takes_part(name: str) -> None:
    network: Any = NETWORKS[name]()
    answer = network(torch.rand(1, 2, 64, 16, generator=torch.Generator().manual_seed(1)))
    assert answer.shape == (1, 2, 64, 16)
    answer.square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def by_definition(x: Any, layer: HarmonicConv2d) -> Any:
    """Equation 8, output by output: input at ``m k / n`` by linear interpolation, zeros outside."""
    _, _, bins, frames = x.shape
    outputs, _, harmonics, taps = layer.weight.shape
    rows, columns = -(-bins // layer.stride), -(-frames // layer.stride)
    y = layer.bias[:, None, None].expand(outputs, rows, columns).clone()
    for m in range(rows):
        for frame in range(columns):
            for k in range(1, harmonics + 1):
                below, rest = divmod(m * layer.stride * k, layer.anchor)
                for tap in range(taps):
                    time = frame * layer.stride + tap - taps // 2
                    if not 0 <= time < frames:
                        continue
                    for place, weight in ((below, 1 - rest / layer.anchor), (below + 1, rest / layer.anchor)):
                        if weight and place < bins and below < bins:
                            y[:, m, frame] += weight * layer.weight[:, :, k - 1, tap] @ x[0, :, place, time]
    return y[None]


@pytest.mark.parametrize(
    ("anchor", "stride", "bins"),
    [(1, 1, 13), (2, 1, 16), (3, 1, 16), (4, 1, 17), (1, 2, 16), (1, 2, 13), (2, 2, 11)],
)
def test_harmonic_lowering_is_harmonic_convolution(anchor: int, stride: int, bins: int) -> None:
    torch.manual_seed(anchor)
    layer = HarmonicConv2d(3, 4, anchor, stride).double()
    x = torch.randn(1, 3, bins, 6, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(1, 4, -(-bins // stride), 6 // stride, dtype=torch.float64)
    gradients = []
    values = []
    for y in (layer(x), by_definition(x, layer)):
        values.append(y)
        gradients.append(torch.autograd.grad((y * weights).sum(), [x, layer.weight, layer.bias]))
    torch.testing.assert_close(values[0], values[1])
    for ours, real in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, real)


@pytest.mark.parametrize("anchor", [1, 2, 3, 4])
def test_no_anchor_convolves_more_rows_than_an_ordinary_kernel_has(anchor: int) -> None:
    stretches = [Stretch.of(k, anchor, 1024, 1024) for k in (1, 2, 3)]
    assert sum(min(s.read, s.made) for s in stretches) < 0.75 * 3 * 1024


def test_a_tone_and_its_octave_meet_in_one_output() -> None:
    """Anchor 1: the output at a fundamental takes in its harmonics; between them it hears nothing."""
    layer = HarmonicConv2d(1, 1, 1, taps=1)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.fill_(0.0)
    x = torch.zeros(1, 1, 32, 4)
    x[0, 0, [5, 10, 15]] = 1.0
    y = layer(x)[0, 0, :, 1]
    assert y[5] == 3.0
    assert y[10] == y[15] == 1.0
    assert y[6] == 0.0

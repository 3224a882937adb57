"""The architectures: sizes that the papers give, and what they do with what they are shown."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from plcd.training.networks.bin2bin import FULL, LITE, Discriminator, Generator  # noqa: E402
from plcd.training.networks.parcnet import Parcnet  # noqa: E402


def count(network: Any) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("width", "separable", "parameters"),
    [(LITE, False, 3_403_057), (FULL, False, 54_408_385), (LITE, True, 80_753), (FULL, True, 1_152_449)],
)
def test_generators_have_the_papers_parameters(width: int, separable: bool, parameters: int) -> None:
    with torch.device("meta"):
        assert count(Generator(width, separable)) == parameters


def test_parcnet_has_the_papers_parameters() -> None:
    assert count(Parcnet()) == 416_539


@pytest.mark.parametrize("separable", [False, True])
def test_the_generator_answers_with_magnitudes_of_the_same_size(separable: bool) -> None:
    x = torch.rand(2, 1, 256, 256, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        y = Generator(LITE, separable).eval()(x)
    assert y.shape == x.shape
    assert 0 < y.min() < y.max() < 1


def test_the_residual_generator_starts_as_the_prediction_itself() -> None:
    x = torch.rand(1, 1, 256, 256)
    network = Generator(residual=True)
    assert torch.equal(network.eval()(x), x)
    network(x).mean().backward()
    assert network.last.weight.grad is not None
    assert network.last.weight.grad.abs().max() > 0


def test_dropout_is_in_the_two_inner_blocks_only() -> None:
    blocks = [any(isinstance(m, torch.nn.Dropout) for m in block) for block in Generator().decoder]
    assert blocks == [True, True, False, False, False, False, False]


@pytest.mark.parametrize("frames", [256, 84])
def test_the_critic_gives_one_verdict_and_hears_both(frames: int) -> None:
    torch.manual_seed(0)
    critic = Discriminator(256, frames).eval()
    condition, target = torch.rand(2, 1, 256, frames), torch.rand(2, 1, 256, frames)
    verdict = critic(condition, target)
    assert verdict.shape == (2, 1)
    assert not torch.allclose(verdict, critic(condition, 1 - target))
    assert not torch.allclose(verdict, critic(1 - condition, target))


def test_parcnet_makes_its_horizon_from_the_context() -> None:
    torch.manual_seed(0)
    network = Parcnet().eval()
    context = torch.rand(1, 1, 4096) - 0.5
    with torch.no_grad():
        assert not network(context).any()  # untrained, it leaves the prediction alone
        network.last.weight.normal_()
        made = network(context)
        context[..., -1] += 0.5
        assert not torch.allclose(network(context), made)
    assert made.shape == (1, 1, 768)
    assert made.abs().max() < 1


def test_parcnet_refuses_lengths_that_would_shift() -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        Parcnet()(torch.zeros(1, 1, 4090))
    with pytest.raises(ValueError, match="multiple of 16"):
        Parcnet(760)

"""Exported files compute what their network computes, in whatever form and stage."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from plcd.training.errors import TrainingError  # noqa: E402
from plcd.training.export import ParityError, export  # noqa: E402
from plcd.training.export.branches import combine, split  # noqa: E402
from plcd.training.export.emit import ROWS, SUBPIXEL, TRANSPOSED, WOVEN, stretching  # noqa: E402
from plcd.training.export.export import feeds, wanted  # noqa: E402
from plcd.training.export.sessions import Stages  # noqa: E402
from plcd.training.export.staging import staged  # noqa: E402
from plcd.training.export.store import contract_of, load  # noqa: E402
from plcd.training.networks.bin2bin import Generator  # noqa: E402
from plcd.training.networks.parcnet import Parcnet  # noqa: E402

MAGNITUDE: dict[str, Any] = {
    "name": "test",
    "kind": "magnitude",
    "context": 3066,
    "horizon": 1024,
    "stft": {"size": 511, "hop": 16, "window": "hann"},
}
WAVEFORM: dict[str, Any] = {"name": "test", "kind": "waveform", "context": 4096, "horizon": 768}
NETWORKS = ["generator", "residual", "separable", "parcnet"]


def lively(network: Any, seed: int = 0) -> Any:
    """With statistics and weights as after a training, so that every layer moves the result."""
    rng = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=rng)
            module.running_var.uniform_(0.5, 1.5, generator=rng)
            module.weight.data.uniform_(0.5, 1.5, generator=rng)
            module.bias.data.normal_(0, 0.1, generator=rng)
        elif isinstance(module, torch.nn.PReLU):
            module.weight.data.uniform_(0.1, 0.4, generator=rng)
    for name, parameter in network.named_parameters():
        if parameter.ndim > 2:
            if name == "last.weight" and not parameter.any():
                parameter.data.normal_(0, 0.1, generator=rng)
            else:
                parameter.data.mul_(2)
    return network.eval()


def make(name: str) -> tuple[Any, dict[str, Any], Any]:
    """A small network, its contract and two inputs."""
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(1)
    if name == "parcnet":
        return lively(Parcnet()), WAVEFORM, torch.rand(2, 1, 4096, generator=rng) - 0.5
    network = Generator(4, separable=name == "separable", residual=name == "residual")
    return lively(network), MAGNITUDE, torch.rand(2, 1, 256, 256, generator=rng)


def run(model: Any, contract: dict[str, Any], sample: Any) -> NDArray[np.float32]:
    return Stages(model.SerializeToString()).run(feeds(contract, [sample[:1].numpy()], ["context"]))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("stages", [1, 2])
def test_the_file_computes_what_the_network_computes(name: str, stages: int, tmp_path: Path) -> None:
    network, contract, samples = make(name)
    done = export(network, contract, tmp_path / "x.onnx", samples, stages=stages)
    assert done.difference < 1e-5
    with torch.no_grad():
        truth = wanted(done.contract, network(samples).numpy())
    assert truth.std() > 0.01, "a network that says the same everywhere tests nothing"
    model = load(tmp_path / "x.onnx")
    assert contract_of(model) == json.loads(json.dumps(done.contract))
    assert done.contract["stages"] == stages
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx"}
    assert all(17 <= entry.version <= 21 for entry in model.opset_import)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_crop_equals_the_whole_graph_for_every_frame_that_is_asked_for(name: str) -> None:
    network, contract, samples = make(name)
    model, ranges = staged(network, contract)
    contract = contract | ranges | {"stages": 2}
    with torch.no_grad():
        truth = wanted(contract, network(samples[:1]).numpy())
    made = run(model, contract, samples)
    assert made.shape == truth.shape
    np.testing.assert_allclose(made, truth, atol=1e-5)


@pytest.mark.parametrize("form", [ROWS, WOVEN, SUBPIXEL, TRANSPOSED])
def test_every_form_of_a_transposed_convolution_is_the_same(form: str) -> None:
    network, contract, samples = make("generator")
    forms = dict.fromkeys([*(f"decoder{place}" for place in range(7)), "last"], form)
    model, ranges = staged(network, contract, forms)
    contract = contract | ranges | {"stages": 2}
    with torch.no_grad():
        truth = wanted(contract, network(samples[:1]).numpy())
    np.testing.assert_allclose(run(model, contract, samples), truth, atol=1e-5)


@pytest.mark.parametrize(("context", "horizon"), [(3066, 1024), (3578, 512), (2554, 1536)])
def test_the_crop_is_exact_wherever_the_context_ends(context: int, horizon: int) -> None:
    network, contract, samples = make("generator")
    model, ranges = staged(network, contract | {"context": context, "horizon": horizon})
    contract = contract | ranges | {"stages": 2}
    with torch.no_grad():
        truth = wanted(contract, network(samples[:1]).numpy())
    np.testing.assert_allclose(run(model, contract, samples), truth, atol=1e-5)


@pytest.mark.parametrize("name", ["generator", "parcnet"])
def test_the_first_stage_needs_nothing_of_the_second(name: str) -> None:
    """What is given to inputs of the other stage changes nothing."""
    network, contract, samples = make(name)
    model, ranges = staged(network, contract)
    whole = feeds(contract | ranges | {"stages": 2}, [samples[:1].numpy()], ["context"])
    stages = Stages(model.SerializeToString())
    early = {key: value for key, value in whole.items() if key != "recent"}
    states = stages.before(early)
    noisy = stages.before(early | {key: value + 1 for key, value in whole.items() if key == "recent"})
    assert states
    for key, state in states.items():
        np.testing.assert_array_equal(state.numpy(), noisy[key].numpy())
    late = {key: value for key, value in whole.items() if key == "recent"}
    np.testing.assert_array_equal(stages.after(states, late), stages.run(whole))


def test_taken_apart_and_put_together_again_it_is_the_same_file() -> None:
    model, _ = staged(make("generator")[0], MAGNITUDE)
    assert combine(*split(model)).SerializeToString() == model.SerializeToString()
    with pytest.raises(TrainingError, match="no stages"):
        split(split(model)[0])


def test_a_network_that_diverged_is_not_written(tmp_path: Path) -> None:
    network, contract, samples = make("generator")
    network.last.bias.data.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"last\.bias of the network is not finite"):
        export(network, contract, tmp_path / "x.onnx", samples)
    assert not list(tmp_path.iterdir())


def test_a_file_that_differs_is_an_error_and_not_written(tmp_path: Path) -> None:
    class Moody(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Computes something else each time, as a forgotten dropout would."""

        calls = 0

        def forward(self, context: Any) -> Any:
            self.calls += 1
            return context * self.calls

    with pytest.raises(ParityError, match="differs from its network"):
        export(Moody(), WAVEFORM, tmp_path / "x.onnx", torch.ones(1, 1, 16))
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    network, contract, samples = make("generator")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TrainingError, match="cannot be written"):
        export(network, contract, tmp_path / "file" / "x.onnx", samples)


def test_the_network_is_left_as_it_was_found(tmp_path: Path) -> None:
    network, contract, samples = make("generator")
    network.train()
    export(network, contract, tmp_path / "x.onnx", samples)
    assert network.training


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(TrainingError, match="is not an ONNX model"):
        load(tmp_path / "x.onnx")
    with pytest.raises(TrainingError, match="cannot be read"):
        load(tmp_path / "y.onnx")


def test_a_contract_without_its_framing_is_refused(tmp_path: Path) -> None:
    network, contract, samples = make("generator")
    contract = {key: value for key, value in contract.items() if key != "stft"}
    with pytest.raises(TrainingError, match="stft"):
        export(network, contract, tmp_path / "x.onnx", samples)


def test_stretching_is_torchs_linear_interpolation() -> None:
    x = torch.rand(1, 3, 152)
    truth = torch.nn.functional.interpolate(x, scale_factor=2.0, mode="linear", align_corners=True)
    np.testing.assert_allclose(x.numpy() @ stretching(152), truth.numpy(), atol=1e-6)

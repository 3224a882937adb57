"""int8 files: computed in int8 where it is worth it, close to float32, and calibrated on what plcd shows a network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from plcd.training.errors import TrainingError  # noqa: E402
from plcd.training.export import export  # noqa: E402
from plcd.training.export.branches import split  # noqa: E402
from plcd.training.export.export import feeds  # noqa: E402
from plcd.training.export.frames import frames  # noqa: E402
from plcd.training.export.int8 import convert  # noqa: E402
from plcd.training.export.quantise import agreement_db, quantise  # noqa: E402
from plcd.training.export.store import contract_of, load  # noqa: E402
from plcd.training.networks.bin2bin import Generator  # noqa: E402
from plcd.training.networks.parcnet import Parcnet  # noqa: E402

BASE: dict[str, Any] = {
    "name": "test",
    "rate": 44_100,
    "block": 512,
    "made": 768,
    "predictor": "fast",
    "noise": 0.0,
    "fade": 64,
}
MAGNITUDE = BASE | {
    "kind": "magnitude",
    "context": 3066,
    "horizon": 1024,
    "stft": {"size": 511, "hop": 16, "window": "hann"},
    "scale": {"kind": "fixed", "value": 3.5},
}
WAVEFORM = BASE | {"kind": "waveform", "context": 4096, "horizon": 768, "scale": {"kind": "none"}}


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a minute of notes over noise."""
    folder = tmp_path_factory.mktemp("music")
    rng = np.random.default_rng(5)
    time = np.arange(20 * 44_100) / 44_100
    for name, pitch in (("a", 220.0), ("b", 330.0), ("c", 495.0)):
        notes = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 8)) * np.exp(-3 * (time % 0.5))
        sf.write(folder / f"{name}.wav", 0.2 * notes + 0.01 * rng.standard_normal(time.size), 44_100)
    return folder


def written(folder: Path, residual: bool = True) -> Path:
    """A small residual generator whose last layer says something, in float32."""
    torch.manual_seed(3)
    network = Generator(8, residual=residual)
    torch.nn.init.normal_(network.last.weight, 0, 0.05)
    export(network.eval(), MAGNITUDE, folder / "x.onnx", torch.rand(2, 1, 256, 256))
    return folder / "x.onnx"


def test_frames_are_what_plcd_shows_a_network(music: Path) -> None:
    shown = frames(MAGNITUDE, [music], 3, print)
    assert [frame.shape for frame in shown] == [(1, 1, 256, 256)] * 3
    assert all(np.isfinite(frame).all() and 0.05 < frame.max() < 10 for frame in shown)
    contexts = frames(WAVEFORM, [music], 3, print)
    assert [context.shape for context in contexts] == [(1, 1, 4096)] * 3
    assert all(0.01 < np.abs(context).max() <= 1 for context in contexts)
    assert not np.array_equal(contexts[0], contexts[1])


def test_int8_is_close_and_really_int8(music: Path, tmp_path: Path) -> None:
    source, target = written(tmp_path), tmp_path / "x8.onnx"
    agreement = convert(source, target, [music], 12)
    assert 25 < agreement < 80
    model = load(target)
    assert contract_of(model) == contract_of(load(source)) | {"precision": "int8"}
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx"}
    for half in split(model):
        shapes = {tensor.name: (tensor.data_type, tensor.dims) for tensor in half.graph.initializer}
        makers = {output: node for node in half.graph.node for output in node.output}
        for node in half.graph.node:
            if node.op_type not in ("Conv", "Gemm"):
                continue
            weight = makers.get(node.input[1])
            if weight is None:  # float32: only what sees the magnitudes themselves
                assert shapes[node.input[1]][1][1] == 1
            else:
                assert weight.op_type == "DequantizeLinear"
                assert shapes[weight.input[0]][0] == onnx.TensorProto.INT8
    assert target.stat().st_size < 0.4 * source.stat().st_size


def test_parcnet_can_be_int8_too(music: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = Parcnet().eval()
    network.last.weight.data.normal_(0, 0.1)
    export(network, WAVEFORM, tmp_path / "x.onnx", torch.rand(1, 1, 4096) - 0.5)
    assert convert(tmp_path / "x.onnx", tmp_path / "x8.onnx", [music], 4) > 15


def test_what_cannot_be_calibrated_is_said(music: Path, tmp_path: Path) -> None:
    model = load(written(tmp_path))
    with pytest.raises(TrainingError, match="none were given"):
        quantise(model, [])
    with pytest.raises(TrainingError, match="kind 'gains'"):
        frames(MAGNITUDE | {"kind": "gains"}, [music], 1, print)


def test_agreement_is_energy_over_that_of_the_difference(tmp_path: Path) -> None:
    one = load(written(tmp_path))
    other = onnx.ModelProto()
    other.CopyFrom(one)
    shown = [np.full((1, 1, 256, 256), 0.5, np.float32)]
    given = [feeds(contract_of(one), shown, ["magnitude"])]
    assert agreement_db(one, other, given) > 200

"""The hybrid: its transforms against the library's, what it starts as, and its file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: make test-train")
pytest.importorskip("onnxruntime")

from plcd.core.refiner import Block  # noqa: E402
from plcd.neural.loading import make_network  # noqa: E402
from plcd.training.export import export  # noqa: E402
from plcd.training.networks.hybrid import AHEAD, HOP, MADE, PAST, SIZE, Hybrid  # noqa: E402

CONTRACT = {
    "name": "tiny-hybrid",
    "kind": "samples",
    "rate": 44_100,
    "context": PAST,
    "block": 512,
    "horizon": AHEAD,
    "made": MADE,
    "predictor": "best",
    "noise": 1.0,
    "fade": 0,
    "commit": "none",
    "data": "noise",
    "steps": 0,
}


def shown(batch: int = 3, seed: int = 0) -> list[Any]:
    generator = torch.Generator().manual_seed(seed)
    past, prediction, innovation = (
        0.1 * torch.randn(batch, size, generator=generator) for size in (PAST, AHEAD, AHEAD)
    )
    received = (torch.rand(batch, PAST, generator=generator) > 0.2).float()
    return [past, received, prediction, 0.2 * innovation, 512.0 * torch.arange(batch)[:, None]]


def network(spread: float = 0.3) -> Hybrid:
    """One whose last layer says something."""
    torch.manual_seed(1)
    made: Hybrid = Hybrid(width=16, dilations=(1, 2)).eval()
    torch.nn.init.normal_(made.last.weight, std=spread)
    return made


def test_it_starts_as_the_prediction_with_its_innovation() -> None:
    _, _, prediction, innovation, _ = inputs = shown()
    made = Hybrid().eval()(*inputs)
    assert made.shape == (3, MADE)
    assert torch.equal(made, (prediction + innovation)[:, :MADE])


def test_level_changes_are_what_a_short_time_fourier_transform_would_make_of_them() -> None:
    """Both levels in every line and frame, by numpy: analysis, gain, synthesis, overlap-add."""
    made = network()
    inputs = shown()
    said: list[Any] = []
    made.last.register_forward_hook(lambda layer, args, out: said.append(out[:, :, 0]))
    result = made(*inputs).detach().numpy()
    past, _, prediction, innovation, _ = (tensor.numpy().astype(np.float64) for tensor in inputs)
    hz = np.arange(said[0].shape[2]) * 44_100 / SIZE
    logs = said[0].detach().numpy() * np.clip((17_500 - hz) / 2000, 0, 1)
    levels = np.exp(2.5 * np.tanh(logs / 2.5)) - 1
    window = np.sin(np.pi * np.arange(SIZE) / SIZE)
    for row in range(3):
        signals = (
            np.concatenate((past[row], prediction[row])),
            np.concatenate((np.zeros(PAST), innovation[row])),
        )
        out = np.zeros(PAST + AHEAD)
        for frame in range(8):
            begin = PAST + AHEAD - SIZE - (7 - frame) * HOP
            for kind, signal in enumerate(signals):
                lines = np.fft.rfft(window * signal[begin : begin + SIZE])
                gains = np.zeros(lines.size)
                gains[: logs.shape[2]] = levels[row, 8 * kind + frame]
                out[begin : begin + SIZE] += window * np.fft.irfft(gains * lines) / 2
        fade = np.ones(MADE)
        fade[:32] = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, 33) / 33)
        expected = (prediction + innovation)[row, :MADE] + fade * out[PAST : PAST + MADE]
        assert result[row] == pytest.approx(expected, abs=2e-6)


def test_nothing_changes_above_what_is_heard() -> None:
    made = network()
    inputs = shown(1)
    change = (made(*inputs) - (inputs[2] + inputs[3])[:, :MADE]).detach().numpy()[0]
    power = np.abs(np.fft.rfft(change * np.hanning(MADE))) ** 2
    hz = np.fft.rfftfreq(MADE, 1 / 44_100)
    assert power[hz > 18_500].max() < 1e-4 * power[hz < 15_000].max()


def test_half_precision_in_training_stays_near() -> None:
    made = network(0.02)
    inputs = shown()
    exact = made(*inputs)
    half = made.train()(*inputs)
    assert half.dtype == torch.float32
    assert float((half - exact).detach().abs().max()) < 0.01


def test_silence_stays_silence() -> None:
    nothing = torch.zeros(1, PAST), torch.zeros(1, PAST), torch.zeros(1, AHEAD), torch.zeros(1, AHEAD)
    assert not network()(*nothing, torch.zeros(1, 1)).any()


def test_its_file_runs_in_plcd_and_says_the_same(tmp_path: Path) -> None:
    made = network()
    inputs = shown(4)
    names = ["past", "received", "prediction", "innovation", "start"]
    written = export(made, CONTRACT, tmp_path / "h.onnx", inputs, inputs=names, outputs=["made"])
    assert written.difference < 1e-5
    ran = make_network((tmp_path / "h.onnx").read_bytes())
    expected = made(*inputs).detach().numpy()
    for row in range(4):
        past, received, prediction, innovation, start = (tensor[row].numpy() for tensor in inputs)
        block = Block(past, received > 0, prediction, innovation, int(start[0]), 44_100)
        assert ran.refine(block) == pytest.approx(expected[row], abs=1e-5)

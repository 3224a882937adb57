"""Each loss against its equation, worked out by hand or by numpy."""

from pathlib import Path

import numpy as np
import pytest
from phrases import RATE, phrase

torch = pytest.importorskip("torch", reason="training needs PyTorch: make test-train")
pytest.importorskip("lightning")

from plcd.training.codec.nets import MagnitudeCodec, TimeCodec  # noqa: E402
from plcd.training.errors import TrainingError  # noqa: E402
from plcd.training.losses.codec import CodecLoss  # noqa: E402
from plcd.training.losses.log_magnitude import log_magnitude  # noqa: E402
from plcd.training.losses.lsgan import critic_loss, generator_loss  # noqa: E402
from plcd.training.losses.multi_resolution_stft import MultiResolutionStft  # noqa: E402
from plcd.training.losses.parcnet import ParcnetLoss  # noqa: E402
from plcd.training.losses.registry import make_losses  # noqa: E402
from plcd.training.losses.resampling import Downsample  # noqa: E402
from plcd.training.losses.sounds import Sound  # noqa: E402
from plcd.training.losses.spectral_convergence import spectral_convergence  # noqa: E402
from plcd.training.losses.tilt import CUTOFFS, TiltLoss  # noqa: E402
from plcd.training.weights import save_weights  # noqa: E402


def sounds(error: float = 0.0, made: int = 768, past: int = 4096) -> tuple[Sound, Sound]:
    """What was made, off by noise of ``error``, and the truth; a batch of three."""
    waves = torch.from_numpy(np.stack([phrase(seed, 0.2)[: past + made] for seed in range(3)]))
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((3, made))).float() * error
    return Sound(waves[:, past:] + noise, waves[:, :past]), Sound(waves[:, past:], waves[:, :past])


def test_the_adversary_is_least_squares() -> None:
    real, fake = torch.tensor([[1.0], [0.5]]), torch.tensor([[0.0], [0.4]])
    assert float(critic_loss(real, fake)) == pytest.approx(0.5 * 0.25 / 2 + 0.5 * 0.16 / 2)
    assert float(generator_loss(fake)) == pytest.approx(0.5 * (1 + 0.36) / 2)


def test_spectral_convergence_is_a_ratio_of_norms_of_the_batch() -> None:
    truth = torch.tensor([[[3.0, 4.0]], [[6.0, 8.0]]])
    made = torch.tensor([[[3.0, 3.0]], [[0.0, 0.0]]])
    assert float(spectral_convergence(made, truth)) == pytest.approx(np.sqrt(1 + 100) / np.sqrt(25 + 100))
    assert torch.isfinite(spectral_convergence(made, torch.zeros_like(truth)))


def test_log_magnitude_is_in_nepers_above_a_floor() -> None:
    truth, made = torch.tensor([1.0, 0.0]), torch.tensor([float(np.e), 1e-9])
    assert float(log_magnitude(made, truth, 1e-4)) == pytest.approx(0.5)


@pytest.mark.parametrize("kind", [MultiResolutionStft, ParcnetLoss, lambda: TiltLoss(RATE)])
def test_losses_of_samples_are_nothing_for_the_truth_and_grow_with_the_error(kind: type) -> None:
    loss = kind()
    exact, small, large = (float(loss(*sounds(error))) for error in (0.0, 0.01, 0.1))
    assert exact == pytest.approx(0.0, abs=1e-6)
    assert 0 < small < large


@pytest.mark.parametrize("name", ["multi_resolution_stft", "parcnet", "tilt", "tilt_smooth", "waveform_l1"])
def test_gradients_reach_the_samples_and_are_finite_even_for_silence(name: str) -> None:
    loss = make_losses([name], RATE, None)[name]
    for scale in (0.0, 1.0):
        made, truth = sounds(0.05)
        wave = (made.wave * scale).requires_grad_(True)
        loss(Sound(wave, made.past), truth).backward()
        assert torch.isfinite(wave.grad).all()
        assert wave.grad.abs().sum() > 0


def test_parcnets_weights() -> None:
    made, truth = sounds(0.05)
    expected = 100 * torch.mean(torch.abs(made.wave - truth.wave)) + 0.5 * MultiResolutionStft()(made, truth)
    assert float(ParcnetLoss()(made, truth)) == pytest.approx(float(expected))


@pytest.mark.parametrize("cutoff", sorted(CUTOFFS))
def test_the_tilt_mask_is_algorithm_1(cutoff: str) -> None:
    from scipy.signal import butter, lfilter

    loss = TiltLoss(RATE, cutoff)
    _, truth = sounds()
    masks = loss.mask(truth).numpy()
    signal = torch.cat((truth.past, truth.wave), dim=1).double().numpy()
    size = 1 << (signal.shape[1] - 1).bit_length()
    mel = np.abs(np.fft.rfft(signal, size)) @ loss._wide[size].double().numpy().T
    decibels = 20 * np.log10(mel + 1e-7) + 80
    for row, mask in zip(decibels, masks, strict=True):
        low = 1 - lfilter(*butter(5, CUTOFFS[cutoff]), np.concatenate((np.full(50, row[0]), row)))[50:]
        assert np.allclose(mask, (low - low.min()) / (low.max() - low.min()), atol=1e-3)
    assert masks.shape == (3, 128)


def test_tilt_weighs_highs_more_where_the_music_is_low() -> None:
    time = np.arange(4864) / RATE
    rng = np.random.default_rng(0)
    low = sum(np.sin(2 * np.pi * 200 * k * time) / k**2 for k in range(1, 8)) + 1e-3 * rng.standard_normal(
        4864
    )
    wave = torch.from_numpy(low[None].astype(np.float32))
    for cutoff in CUTOFFS:
        mask = TiltLoss(RATE, cutoff).mask(Sound(wave[:, 4096:], wave[:, :4096]))[0]
        assert mask[100:].mean() > mask[:30].mean() + 0.3


def test_downsampling_keeps_tones_below_and_stops_those_above() -> None:
    down = Downsample(44_100, 16_000)
    time = torch.arange(44_100) / 44_100
    for hz, gain in ((440.0, 1.0), (6000.0, 1.0), (9500.0, 0.0), (15_000.0, 0.0)):
        out = down(torch.sin(2 * torch.pi * hz * time)[None])[0]
        assert out.shape == (16_000,)
        inner = out[2000:-2000]
        wanted = gain * torch.sin(2 * torch.pi * hz * torch.arange(16_000) / 16_000)[2000:-2000]
        assert float(torch.sqrt(torch.mean((inner - wanted) ** 2))) < 0.02


@pytest.mark.parametrize(("task", "net"), [("codec-magnitude", MagnitudeCodec), ("codec-time", TimeCodec)])
def test_the_codec_loss_hears_with_a_frozen_net(tmp_path: Path, task: str, net: type) -> None:
    settings = {"filters": 4}
    save_weights(tmp_path / "codec.npz", net(**settings), {"task": task, "network": settings})
    loss = CodecLoss(tmp_path / "codec.npz", RATE)
    assert not any(weight.requires_grad for weight in loss.parameters())
    loss.train()
    assert not loss.net.training
    exact, large = (float(loss(*sounds(error))) for error in (0.0, 0.3))
    assert exact == pytest.approx(0.0, abs=1e-6)
    assert large > 1e-5
    made, truth = sounds(0.3)
    wave = made.wave.requires_grad_(True)
    loss(Sound(wave, made.past), truth).backward()
    assert wave.grad.abs().sum() > 0


def test_the_nets_have_the_papers_shapes() -> None:
    magnitude, time = MagnitudeCodec(filters=2), TimeCodec(filters=2)
    spectrum = magnitude.magnitudes(torch.randn(1, MagnitudeCodec.patch))
    assert spectrum.shape == (1, 1, 512, 128)
    out, layers = magnitude(spectrum)
    assert out.shape == spectrum.shape
    assert len(layers) == 9
    out, layers = time(torch.randn(2, TimeCodec.patch))
    assert out.shape == (2, TimeCodec.patch)
    assert len(layers) == 15
    sine = torch.sin(2 * torch.pi * 1000 * torch.arange(66_048) / 16_000)[None]
    assert float(magnitude.magnitudes(sine).max()) == pytest.approx(1.0, abs=0.01)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="loss 'tiltt': one of spectral_convergence"):
        make_losses(["tiltt"], RATE, None)
    with pytest.raises(TrainingError, match="plcd train codec-magnitude --data DIR, then say --codec FILE"):
        make_losses(["codec"], RATE, None)
    with pytest.raises(TrainingError, match="no such file"):
        make_losses(["codec"], RATE, tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK nonsense")
    with pytest.raises(TrainingError, match="is not a codec net"):
        make_losses(["codec"], RATE, tmp_path / "bad.npz")
    with pytest.raises(TrainingError, match="are for networks that make magnitudes"):
        make_losses(["root_l1"], RATE, None)["root_l1"](*sounds())

"""Equations 9 to 15: against numbers by hand, blind to masked frames, finite at silence."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plcd.restoration.deep_prior.loss import FLOOR, Loss, angles, terms  # noqa: E402
from plcd.restoration.deep_prior.spectrogram import Frames  # noqa: E402


def test_terms_are_the_papers() -> None:
    ours = torch.tensor([[1.0, 2.0], [4.0, 1.0]]), torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    real = torch.tensor([[1.0, 4.0], [2.0, 2.0]]), torch.tensor([[0.0, 0.5], [0.0, 1.0]])
    found = {name: float(value) for name, value in terms(ours, real).items()}
    assert found == pytest.approx(
        {
            "convergence": 3 / 5,  # sqrt(0 + 4 + 4 + 1) / sqrt(1 + 16 + 4 + 4)
            "log_magnitude": 3 * np.log(2) / 4,
            "magnitude": (0 + 2 + 2 + 1) / 4,
            "phase": (0 + 0.25 + 4 + 4) / 4,
        }
    )


def test_the_whole_is_its_parts() -> None:
    """Equation 9 with everything but the multi-scale part zero by construction, and the other way round."""
    torch.manual_seed(1)
    frames = Frames(2000, 256)
    mask = np.arange(frames.count) < 10
    target = torch.randn(2, frames.bins, frames.count)
    loss = Loss(frames, target, mask)
    estimate = torch.randn(2, frames.bins, frames.count)
    difference = (estimate - target)[:, :, :10].double().numpy()
    square = np.square(difference).sum() / (frames.bins * frames.count)
    masked = estimate * torch.from_numpy(mask)
    assert float(loss(estimate)) == pytest.approx(square + 0.1 * float(loss.multi_scale(masked)), rel=1e-5)
    assert float(loss(target)) == pytest.approx(0.0, abs=1e-6)


def test_one_scale_is_what_numpy_says_of_the_wave() -> None:
    """The largest scale of Table II, computed anew from the waves."""
    torch.manual_seed(2)
    frames = Frames(30_000, 2048)
    mask = np.ones(frames.count, bool)
    target, estimate = (torch.randn(2, frames.bins, frames.count) for _ in range(2))
    loss = Loss(frames, target, mask)
    loss._wanted, loss._scales, loss._windows = loss._wanted[:1], loss._scales[:1], loss._windows[:1]
    assert loss._scales == [(2048, 1200, 240)]
    magnitudes, phases = [], []
    window = np.zeros(2048)
    window[424:1624] = np.hanning(1201)[:-1]
    for parts in (estimate, target):
        wave = frames.inverse(parts).double().numpy()
        padded = np.pad(wave, 1024, mode="reflect")
        starts = np.arange((padded.size - 2048) // 240 + 1) * 240
        spectrum = np.fft.rfft(np.stack([padded[s : s + 2048] * window for s in starts])).T
        magnitudes.append(np.abs(spectrum))
        phases.append(np.angle(spectrum))
    (ours, real), (ours_phase, real_phase) = magnitudes, phases
    expected = (
        np.linalg.norm(ours - real) / np.linalg.norm(real)
        + np.abs(np.log(ours / real)).mean()
        + np.abs(ours - real).mean()
        + np.square(ours_phase - real_phase).mean()
    )
    assert float(loss.multi_scale(estimate)) == pytest.approx(expected, rel=2e-3)


def test_masked_frames_take_no_part() -> None:
    torch.manual_seed(3)
    frames = Frames(2000, 256)
    mask = np.ones(frames.count, bool)
    mask[8:14] = False
    target = torch.randn(2, frames.bins, frames.count)
    other = target.clone()
    other[:, :, 8:14] = 99.0
    estimate = torch.randn(2, frames.bins, frames.count, requires_grad=True)
    one, two = (Loss(frames, t, mask)(estimate) for t in (target, other))
    assert float(one) == float(two)
    (gradient,) = torch.autograd.grad(one, estimate)
    assert torch.all(gradient[:, :, 8:14] == 0)
    assert torch.all(torch.isfinite(gradient))
    assert torch.any(gradient[:, :, 7] != 0)


def test_silence_has_no_angle() -> None:
    spectrum = torch.zeros(3, dtype=torch.complex64, requires_grad=True)
    power = spectrum.real**2 + spectrum.imag**2
    assert float(power.detach().max()) < FLOOR
    angle = angles(spectrum, power)
    assert torch.all(angle == 0)
    (gradient,) = torch.autograd.grad(angle.sum(), spectrum)
    assert torch.all(gradient == 0)

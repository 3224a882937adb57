"""One fit: a fresh network learns to say what is known of a clip, out of noise, and is asked for the rest.

The paper's section IV-E has Adam at 0.01, uniform noise of variance 0.1 as input, and white noise of variance 0.03 on top of it
at each step. Its published code differs: Adam at 0.001, and 0.03 is the noise's deviation. That is what learns
(bench/DEEP_PRIOR.md), and what :class:`Settings` has.

Four things are ours. *Guided*: what goes into the network is, beside the noise, the clip as autoregression from both sides fills
it (:mod:`plcd.restoration.interpolate`). The network learns how what is known follows from that, and says the same of the gaps:
in some fifty steps it is nearer than after a thousand out of noise alone. *Edges*: the paper's mask drops every frame a gap
touches, and with it 64 ms of known samples on either side; these count here as samples. *The mean*: what is returned is the mean
of what the network said, recent steps weighing most, as in the first work on deep priors (Ulyanov et al. 2018): steps scatter,
their mean is nearer. *Held out*: a stretch of known samples as long as the longest gap is kept from the fit, and the mean that
met it best is returned.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from plcd.restoration.deep_prior.hidden import held_out, interpolated
from plcd.restoration.deep_prior.loss import Loss
from plcd.restoration.deep_prior.multires import MultiResUNet
from plcd.restoration.deep_prior.spectrogram import Frames, Real, filled
from plcd.restoration.deep_prior.unet import UNet
from plcd.restoration.restorer import Mask

NETWORKS: Final[dict[str, Callable[[], nn.Module]]] = {
    "harmonic": MultiResUNet,
    "multires": lambda: MultiResUNet(harmonic=False),
    "unet": UNet,
}
"""Those of Fig. 6, by name."""
INPUT_VARIANCE: Final = 0.1
LEVEL: Final = 0.1
"""Clips are brought to this RMS (of what is known), as equation 9 weighs its terms by the level."""
GUIDED_NOISE: Final = 0.3
"""What noise is left of the input where a filling guides it, in amplitude."""
FORGETTING: Final = 0.99
GUIDED_FORGETTING: Final = 0.9
"""Share of the mean that a step leaves (the first as in Ulyanov et al. 2018); a guided fit has no time for a long one."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step was. ``loss`` is equation 9, before it."""

    number: int
    """From 1 on."""
    loss: float
    held_out: float
    """Squared error of the mean over the energy, in the samples held out; NaN where there are none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a fit's result depends on, beside the clip."""

    network: str = "harmonic"
    seed: int = 0
    hold_out: bool = True
    edges: bool = True
    guided: bool = True
    learning_rate: float = 0.001
    step_deviation: float = 0.03
    bfloat16: bool = False
    """Convolutions in half precision: twice as fast on processors that have it."""


class Fit:
    """``audio`` ``(n,)`` with ``missing`` ``(n,)``, ``rate`` in Hz. What stands where samples are missing is never read.

    Deterministic: equal arguments give equal steps on the same machine with the same number of threads, and a fit that was
    stored and restored goes on as if it had not been. Raises RuntimeError as torch does (no memory, no such device).
    """

    def __init__(
        self, audio: Real, missing: Mask, rate: int, settings: Settings, device: str = "cpu"
    ) -> None:
        self.settings = settings
        self.device = torch.device(device)
        self.frames = Frames.at(rate, audio.size)
        self.held_out = held_out(missing, self.frames.size) if settings.hold_out else np.zeros_like(missing)
        hidden = missing | self.held_out
        shown = np.where(hidden, 0.0, audio)
        self.scale = math.sqrt(float(np.square(shown).sum()) / max(1, audio.size - hidden.sum())) / LEVEL
        """The clip is divided by this."""
        self.silent = self.scale == 0 or not missing.any()
        """There is nothing to fit: gaps are filled with zeros."""
        self._audio, self._missing, self._rate = np.where(missing, 0.0, audio), missing, rate
        unit = self.scale or 1.0
        self.target = self.frames.forward(shown / unit).to(self.device)
        present = self.frames.present(hidden)
        self.loss = Loss(self.frames, self.target, present)
        self._wave = self._samples(self._audio / unit)
        self._at_edges = self._samples((self.frames.touched(~present) & ~hidden).astype(np.float64))
        self._held = self._samples(self.held_out.astype(np.float64))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = NETWORKS[settings.network]()
        self.network = network.to(self.device, memory_format=torch.channels_last).train()
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        bound = math.sqrt(3 * INPUT_VARIANCE)
        noise = torch.rand(self.target.shape, generator=self._dice(0))
        self._input = ((2 * noise - 1) * bound).to(self.device)
        if settings.guided and not self.silent:
            guide = self.frames.forward(interpolated(shown, hidden, rate, 0.0) / unit).to(self.device)
            self._input = GUIDED_NOISE * self._input + guide * math.sqrt(INPUT_VARIANCE) / guide.std()
        self.done = 0
        self.whole = True
        """False while a step changes things: an interruption then leaves nothing worth keeping."""
        self.said = torch.zeros_like(self.target)
        """What the network said in the last step."""
        self.best = math.inf
        self.best_at = 0
        self._kept = GUIDED_FORGETTING if settings.guided else FORGETTING
        self._mean = torch.zeros_like(self.target)
        self._best_mean = self._mean

    def step(self) -> Step:
        """One step of the optimiser."""
        number = self.done + 1
        noise = torch.randn(self._input.shape, generator=self._dice(number)).to(self.device)
        self.optimiser.zero_grad(set_to_none=True)
        said = self._ask(self._input + self.settings.step_deviation * noise)
        loss = self.loss(said)
        (loss + self.edges(said)).backward()
        self.whole = False
        self.optimiser.step()
        self.said = said.detach()
        self._mean = self._kept * self._mean + (1 - self._kept) * self.said
        self.done = number
        judged = self._judge()
        self.whole = True
        return Step(number, float(loss.detach()), judged)

    def mean(self) -> Tensor:
        """What the network said so far, recent steps weighing most, ``(2, bins, count)``; of the best step where frames are
        held out.
        """
        if self.settings.hold_out and self.best < math.inf:
            return self._best_mean
        return self._normalised()

    def samples(self, parts: Tensor) -> Real:
        """The clip with its gaps filled by ``parts``, which are :meth:`mean`, ``said`` or :meth:`answer`."""
        if self.silent:
            return self._audio.copy()
        return filled(self._audio, self._missing, self.scale * self.frames.clip(parts), self._rate)

    def answer(self) -> Tensor:
        """What the network says now, without the step's noise: the paper's result."""
        with torch.no_grad():
            return self._ask(self._input)

    def state(self) -> dict[str, Any]:
        """All that :meth:`restore` needs, tensors and numbers only; of a fit that is ``whole``."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "mean": self._mean,
            "best_mean": self._best_mean,
            "done": self.done,
            "best": self.best,
            "best_at": self.best_at,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state` of a fit with the same arguments. Raises KeyError, ValueError or RuntimeError where it is of
        another.
        """
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if state["mean"].shape != self._mean.shape:
            raise ValueError("stored for a clip of another length")
        self._mean = state["mean"].to(self.device)
        self._best_mean = state["best_mean"].to(self.device)
        self.done, self.best, self.best_at = int(state["done"]), float(state["best"]), int(state["best_at"])

    def _ask(self, noise: Tensor) -> Tensor:
        shown = noise[None].contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            said: Tensor = self.network(shown)
        return said[0].float()

    def _normalised(self) -> Tensor:
        return self._mean / (1 - self._kept**self.done) if self.done else self._mean

    def _samples(self, values: Real) -> Tensor:
        """``(samples,)`` as the networks' waves are, ``(span,)``."""
        whole = np.zeros(self.frames.span)
        whole[: values.size] = values[: whole.size]
        return torch.from_numpy(whole.astype(np.float32)).to(self.device)

    def edges(self, said: Tensor) -> Tensor:
        """Squared error of known samples in frames that do not count, weighing what it would in eq. 10 if they did: each sample
        is in four Hann windows, whose squares sum to 1.5, and a frame of N samples has N / 2 bins.
        """
        if not self.settings.edges:
            return torch.zeros((), device=self.device)
        error = (self.frames.inverse(said) - self._wave) * self._at_edges
        return 1.5 / self.frames.count * error.square().sum()

    def _judge(self) -> float:
        if not self.held_out.any():
            return math.nan
        mean = self._normalised()
        with torch.no_grad():
            error = (self.frames.inverse(mean) - self._wave) * self._held
        energy = (self._wave * self._held).square().sum().clamp(min=1e-12)
        ratio = float(error.square().sum() / energy)
        if ratio < self.best:
            self.best, self.best_at, self._best_mean = ratio, self.done, mean
        return ratio

    def _dice(self, step: int) -> torch.Generator:
        """A generator for each step: a fit that goes on needs no state of one."""
        seed = np.random.SeedSequence([self.settings.seed, step]).generate_state(1, np.uint64)[0]
        return torch.Generator().manual_seed(int(seed >> np.uint64(1)))

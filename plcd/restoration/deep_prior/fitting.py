"""One fit: a fresh network learns to say what is known of a clip, out of noise, and is asked for the rest.

After :class:`Fit` stands the paper's section IV-E: Adam at 0.01, uniform noise of variance 0.1 as input, and at each step white noise
of variance 0.03 on top. (The published code reads both numbers as factors: uniform in 0 .. 0.1, deviation 0.03.)

Two things are ours. What is returned is the mean of what the network said, recent steps weighing most, as in the first work on deep
priors (Ulyanov et al. 2018, section 3): steps scatter, and their mean is nearer. And where ``held_out`` says so, some known frames are
kept from the fit, and the mean that met them best is what is returned.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

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
LEARNING_RATE: Final = 0.01
INPUT_VARIANCE: Final = 0.1
STEP_VARIANCE: Final = 0.03
LEVEL: Final = 0.1
"""Clips are brought to this RMS (of what is known), as equation 9 weighs its terms by the level."""
FORGETTING: Final = 0.99
"""Share of the mean that a step leaves (Ulyanov et al. 2018)."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step was. ``loss`` is equation 9, before it."""

    number: int
    """From 1 on."""
    loss: float
    held_out: float
    """Squared error of the mean over the energy, in the frames held out; NaN where there are none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a fit's result depends on, beside the clip."""

    network: str = "harmonic"
    seed: int = 0
    hold_out: bool = True
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
        known = np.where(missing, 0.0, audio)
        heard = max(1, int(audio.size - missing.sum()))
        self.scale = math.sqrt(float(np.square(known).sum()) / heard) / LEVEL
        """The clip is divided by this."""
        self._audio, self._missing, self._rate = known, missing, rate
        self.settings = settings
        self.device = torch.device(device)
        self.frames = Frames.at(rate, audio.size)
        self.silent = self.scale == 0 or not missing.any()
        """There is nothing to fit: gaps are filled with zeros."""
        self.target = self.frames.forward(known / (self.scale or 1.0)).to(self.device)
        present = self.frames.present(missing)
        self.held_out = held_out(present) if settings.hold_out else np.zeros_like(present)
        self.loss = Loss(self.frames, self.target, present & ~self.held_out)
        self._held = torch.from_numpy(self.held_out).to(self.target)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = NETWORKS[settings.network]()
        self.network = network.to(self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)
        bound = math.sqrt(3 * INPUT_VARIANCE)
        noise = torch.rand(self.target.shape, generator=self._dice(0))
        self._input = ((2 * noise - 1) * bound).to(self.device)
        self.done = 0
        self.whole = True
        """False while a step changes things: an interruption then leaves nothing worth keeping."""
        self.said = torch.zeros_like(self.target)
        """What the network said in the last step."""
        self.best = math.inf
        self.best_at = 0
        self._mean = torch.zeros_like(self.target)
        self._best_mean = self._mean

    def step(self) -> Step:
        """One step of the optimiser."""
        number = self.done + 1
        noise = torch.randn(self._input.shape, generator=self._dice(number)).to(self.device)
        self.optimiser.zero_grad(set_to_none=True)
        said = self._ask(self._input + math.sqrt(STEP_VARIANCE) * noise)
        loss = self.loss(said)
        loss.backward()
        self.whole = False
        self.optimiser.step()
        self.said = said.detach()
        self._mean = FORGETTING * self._mean + (1 - FORGETTING) * self.said
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
        """Go on from :meth:`state` of a fit with the same arguments. Raises KeyError, ValueError or RuntimeError where it is of another."""
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
        return self._mean / (1 - FORGETTING**self.done) if self.done else self._mean

    def _judge(self) -> float:
        if not self.held_out.any():
            return math.nan
        mean = self._normalised()
        energy = (self.target * self._held).square().sum().clamp(min=1e-12)
        error = float(((mean - self.target) * self._held).square().sum() / energy)
        if error < self.best:
            self.best, self.best_at, self._best_mean = error, self.done, mean
        return error

    def _dice(self, step: int) -> torch.Generator:
        """A generator for each step: a fit that goes on needs no state of one."""
        seed = np.random.SeedSequence([self.settings.seed, step]).generate_state(1, np.uint64)[0]
        return torch.Generator().manual_seed(int(seed >> np.uint64(1)))


def held_out(present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Known frames to judge by, ``(count,)``: as many in a row as the longest gap spoils, where known frames go on longest.

    At most a quarter of those known; none where that leaves none on both sides.
    """
    chosen = np.zeros_like(present)
    spoilt = _longest(~present[: int(np.flatnonzero(present)[-1]) + 1]) if present.any() else (0, 0)
    start, stop = _longest(present)
    length = min(spoilt[1] - spoilt[0], (stop - start) // 3, int(present.sum()) // 4)
    if length > 0:
        first = (start + stop - length) // 2
        chosen[first : first + length] = True
    return chosen


def _longest(flags: NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8))).reshape(-1, 2)
    if not len(edges):
        return 0, 0
    start, stop = edges[np.argmax(edges[:, 1] - edges[:, 0])]
    return int(start), int(stop)

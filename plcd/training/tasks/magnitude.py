"""bin2bin: refines the root magnitudes of context and prediction, keeps their phases (Aironi et al. 2024)."""

from pathlib import Path

import torch
from torch import Tensor, nn

from plcd.training.framings import Spectra
from plcd.training.losses.registry import ADVERSARIAL
from plcd.training.losses.sounds import Sound
from plcd.training.networks.bin2bin import Discriminator
from plcd.training.recipe import Recipe
from plcd.training.tasks.base import Batch
from plcd.training.tasks.conceal import ConcealTask


class MagnitudeTask(ConcealTask):
    """Losses look at the last ``judged`` frames, those of what is predicted; so does the adversary."""

    def __init__(self, recipe: Recipe, network: nn.Module, codec: Path | None) -> None:
        super().__init__(recipe, network, codec)
        self.spectra = Spectra(self.framing)
        if recipe.critic_every and recipe.weights.get(ADVERSARIAL):
            self.critic = Discriminator(self.spectra.bins, self.spectra.judged)
        self._maps: tuple[Tensor, Tensor, Tensor] | None = None

    def inputs(self, batch: Batch) -> list[Tensor]:
        past, prediction = self.shown(batch)
        return [self.spectra.analyse(torch.cat((past, prediction), dim=1), self.spectra.scale(past))[0]]

    def render(self, batch: Batch, samples: bool) -> tuple[Sound, Sound]:
        past, prediction = self.shown(batch)
        real = batch["truth"]
        frame = torch.cat((past, prediction), dim=1)
        scale = self.spectra.scale(past)
        root, phases = self.spectra.analyse(frame, scale)
        wanted, _ = self.spectra.analyse(torch.cat((past, real), dim=1), scale)
        refined = self.asked(root)
        last = self.spectra.judged
        self._maps = root[..., -last:], wanted[..., -last:], refined[..., -last:]
        made = self.framing.made
        wave = self.spectra.synthesise(refined, phases, scale) if samples else prediction
        return (
            Sound(wave[:, :made], batch["past"], root=self._maps[2]),
            Sound(real[:, :made], batch["past"], root=self._maps[1]),
        )

    def critic_inputs(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        assert self._maps is not None
        return self._maps

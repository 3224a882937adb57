"""Networks that conceal: what they have in common is that they turn blocks into better samples."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from plcd.training.losses.registry import OF_MAGNITUDES, make_losses
from plcd.training.losses.sounds import Sound
from plcd.training.recipe import Framing, Recipe
from plcd.training.tasks.base import Batch, Task


class ConcealTask(Task):
    """A batch is blocks of holes as plcd shows them to a network, with the true samples beside them."""

    def __init__(self, recipe: Recipe, network: nn.Module, codec: Path | None) -> None:
        super().__init__(recipe, network)
        assert recipe.framing is not None
        self.framing: Framing = recipe.framing
        if recipe.half:
            self.network.to(memory_format=torch.channels_last)
        names = [name for name, weight in recipe.weights.items() if weight]
        self.terms = nn.ModuleDict(make_losses(names, recipe.data.rate, codec))
        self.of_samples = any(name not in OF_MAGNITUDES for name in self.terms)
        """Whether any loss listens to the samples."""

    @abstractmethod
    def render(self, batch: Batch, samples: bool) -> tuple[Sound, Sound]:
        """What the network makes of the batch, and the truth; without ``samples`` the made wave may be the prediction."""

    def asked(self, *inputs: Tensor) -> Tensor:
        """What the network says, in float32."""
        if not (self.recipe.half and self.training):
            answer: Tensor = self.network(*inputs)
            return answer
        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            answer = self.network(*inputs)
        return answer.float()

    @property
    def names(self) -> tuple[list[str] | None, list[str] | None]:
        """Of the network's inputs and outputs in its file; None: what its kind has."""
        return None, None

    @abstractmethod
    def inputs(self, batch: Batch) -> list[Tensor]:
        """What ``network`` is called with."""

    def shown(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Known samples ``(batch, context)`` and the prediction with its share of innovation ``(batch, horizon)``."""
        past = batch["past"][:, batch["past"].shape[1] - self.framing.context :]
        return past, batch["prediction"] + self.framing.noise * batch["innovation"]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        made, truth = self.render(batch, self.of_samples)
        if self.recipe.data.after:
            after = torch.cat((batch["truth"][:, truth.wave.shape[1] :], batch["after"]), dim=1)
            made, truth = (
                replace(sound, after=after, block=self.recipe.data.packet) for sound in (made, truth)
            )
        return {name: term(made, truth) for name, term in self.terms.items()}

    @torch.no_grad()
    def refine(self, batch: Batch) -> Tensor:
        """The samples it would play, ``(batch, made)``."""
        return self.render(batch, True)[0].wave

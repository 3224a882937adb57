"""One training as Lightning sees it: steps, optimisers, schedule, and a state that makes an interrupted run go on exactly."""

from abc import abstractmethod
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from plcd.training.losses.lsgan import critic_loss, generator_loss
from plcd.training.losses.registry import ADVERSARIAL
from plcd.training.recipe import Optimiser, Recipe

Batch = dict[str, Tensor]


class Task(lightning.LightningModule):
    """Trains ``network`` as ``recipe`` says. Optimisation is manual, so that a step is a batch whoever learns in it."""

    def __init__(self, recipe: Recipe, network: nn.Module) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.recipe = recipe
        self.network = network
        self.critic: nn.Module | None = None
        self.seed = 0
        """That of the data, so that a run that goes on with another one is refused."""
        self.done = 0
        """Batches learnt from."""
        self.rate_factor = 1.0
        """What the plateau schedule has made of the learning rate."""
        self._best = float("inf")
        self._waited = 0
        self.last_losses: dict[str, float] = {}

    @abstractmethod
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Each loss of the recipe's set by name, unweighted."""

    def critic_inputs(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Condition, true and made maps for the adversary; only where there is one. Follows :meth:`losses` of that batch."""
        raise NotImplementedError

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """The weighted sum."""
        weights = self.recipe.weights
        return torch.stack([weights[name] * value for name, value in losses.items()]).sum()

    def training_step(self, batch: Batch, batch_index: int) -> None:
        optimisers = self.optimizers()
        first, *others = optimisers if isinstance(optimisers, list) else [optimisers]
        for optimiser in (first, *others):
            for group in optimiser.param_groups:
                group["lr"] = self.recipe.optimiser.rate * self._factor()
        losses = self.losses(batch)
        if self.critic is not None:
            self.critic.requires_grad_(False)
            condition, truth, made = self.critic_inputs(batch)
            losses[ADVERSARIAL] = generator_loss(self.critic(condition, made))
            self.critic.requires_grad_(True)
        total = self.total(losses)
        self._descend(first, total, self.network)
        if self.critic is not None and self.done % self.recipe.critic_every == 0:
            losses["critic"] = critic_loss(
                self.critic(condition, truth), self.critic(condition, made.detach())
            )
            self._descend(others[0], losses["critic"], self.critic)
        self.done += 1
        self.last_losses = {name: float(value.detach()) for name, value in losses.items()} | {
            "loss": float(total.detach())
        }
        self.log_dict({f"train/{name}": value for name, value in self.last_losses.items()})

    def _descend(self, optimiser: Any, loss: Tensor, module: nn.Module) -> None:
        optimiser.zero_grad()
        self.manual_backward(loss)
        if self.recipe.optimiser.clip:
            nn.utils.clip_grad_norm_(module.parameters(), self.recipe.optimiser.clip)
        optimiser.step()

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        modules = [self.network] if self.critic is None else [self.network, self.critic]
        return [_optimiser(self.recipe.optimiser, module) for module in modules]

    def _factor(self) -> float:
        """Of the learning rate, at the step that comes."""
        settings = self.recipe.optimiser
        factor = self.rate_factor / (1 + settings.decay * self.done)
        if settings.schedule == "cosine":
            way = min(self.done / self.recipe.steps, 1.0)
            factor *= settings.floor + (1 - settings.floor) * 0.5 * (
                1 + float(torch.cos(torch.tensor(torch.pi * way)))
            )
        return factor

    def validated(self, loss: float) -> None:
        """Tell the plateau schedule how the validation went."""
        if loss < self._best:
            self._best, self._waited = loss, 0
        else:
            self._waited += 1
        if self.recipe.optimiser.schedule == "plateau" and self._waited > self.recipe.optimiser.patience:
            self.rate_factor *= self.recipe.optimiser.floor
            self._waited = 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["plcd"] = {
            "recipe": self.recipe.name,
            "loss": self.recipe.loss,
            "batch": self.recipe.batch,
            "seed": self.seed,
            "done": self.done,
            "rate_factor": self.rate_factor,
            "best": self._best,
            "waited": self._waited,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        state = checkpoint["plcd"]
        self.done, self.rate_factor = state["done"], state["rate_factor"]
        self._best, self._waited = state["best"], state["waited"]
        self._random = state["random"], state["random_cuda"]

    def on_train_start(self) -> None:
        """The last thing before the first batch: whatever starting up has drawn, dropout goes on where it was."""
        if hasattr(self, "_random"):
            ordinary, cuda = self._random
            torch.set_rng_state(ordinary.cpu())
            if cuda is not None and torch.cuda.is_available():
                torch.cuda.set_rng_state(cuda.cpu())
            del self._random


def _optimiser(settings: Optimiser, module: nn.Module) -> torch.optim.Optimizer:
    kind = {"adam": torch.optim.Adam, "radam": torch.optim.RAdam}[settings.kind]
    return kind(module.parameters(), settings.rate, settings.betas, settings.epsilon)

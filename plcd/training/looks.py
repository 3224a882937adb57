"""Looks at a training on the way: validation loss, figures in use, the best weights kept, checkpoints written."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning
import torch

from plcd.training.checkpoints import LAST
from plcd.training.errors import TrainingError
from plcd.training.figures import Bench, Figures
from plcd.training.progress import Bar
from plcd.training.refining import TaskRefiner
from plcd.training.tasks.base import Batch, Task
from plcd.training.tasks.conceal import ConcealTask
from plcd.training.weights import save_weights

SCORES = "scores.csv"
BEST = "best.npz"
_HIGHER_IS_BETTER = ("zimtohrli", "odg", "gap_snr_db", "snr_db", "psnr_db")


@dataclass
class Looks(lightning.Callback):
    """Every ``recipe.validation.every`` steps, before the first one and after the last. Files go to ``out``."""

    out: Path
    batches: list[Batch]
    bench: Bench | None
    head: Callable[[int], dict[str, Any]]
    """What the weights' file says beside them, from the number of steps."""
    bar: Bar
    also: Callable[[Task], Figures] | None = None
    """More figures of a task, where there are any."""
    best: float = float("inf")
    """The figure of the best weights, the smaller the better."""
    best_step: int = -1
    predictor: Figures = field(default_factory=dict)
    """Of the same clips without a network."""
    failed: str = ""
    """Why the last checkpoint could not be written; empty where it was."""
    seconds: float = 0.0
    """Learnt so far, earlier runs included."""
    _since: float = 0.0
    _seen: int = -1
    _saved: int = -1
    """Steps that were done at the last look, and at the last checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_step": self.best_step,
            "predictor": self.predictor,
            "seconds": self._learnt(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best, self.best_step = state_dict["best"], state_dict["best_step"]
        self.predictor, self.seconds = state_dict["predictor"], state_dict["seconds"]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, Task)
        self._since = time.monotonic()
        self.bar.start(pl_module.done, pl_module.recipe.steps)
        if pl_module.done == 0:
            self.look(trainer, pl_module)
        self._seen = pl_module.done

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        assert isinstance(pl_module, Task)
        self.bar.advance(pl_module.done, pl_module.last_losses["loss"])
        if not torch.isfinite(torch.tensor(pl_module.last_losses["loss"])):
            raise TrainingError(
                f"the loss is not finite at step {pl_module.done}: lower the learning rate; the weights of step "
                f"{self.best_step} are in {self.out / BEST}"
            )
        if pl_module.done % pl_module.recipe.validation.every == 0:
            self.look(trainer, pl_module)
            self.save(trainer)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, Task)
        if self._seen != pl_module.done:
            self.look(trainer, pl_module)
        if self._saved != pl_module.done:
            self.save(trainer)
        self.bar.stop()

    def save(self, trainer: lightning.Trainer) -> None:
        """Write the checkpoint; where that fails the last good one stays, training goes on and the next look tries again."""
        try:
            trainer.save_checkpoint(self.out / LAST)
            self.failed, self._saved = "", self._seen
        except OSError as error:
            self.failed = f"{self.out / LAST}: cannot be written: {error.strerror or error}"
            self.bar.say(f"{self.failed}; the last good one is kept, the next look tries again")

    def look(self, trainer: lightning.Trainer, task: Task) -> None:
        """Measure, log, keep the weights if they are the best so far."""
        self._seen = task.done
        figures = self._measure(task)
        figures = trainer.strategy.broadcast(figures)
        if task.done % task.recipe.validation.every == 0:  # not those that an interruption adds
            task.validated(figures["loss"])
        if trainer.is_global_zero:
            self._log(trainer, task, figures)
            self._keep(task, figures)

    def _measure(self, task: Task) -> Figures:
        was = task.training
        task.eval()
        with torch.no_grad():
            losses = [
                float(task.total(task.losses({name: value.to(task.device) for name, value in batch.items()})))
                for batch in self.batches
            ]
        figures = {"loss": sum(losses) / len(losses)}
        if self.also is not None:
            figures |= self.also(task)
        if self.bench is not None and isinstance(task, ConcealTask):
            threads = torch.get_num_threads()
            torch.set_num_threads(
                1
            )  # one block at a time: more threads cost more than they give, much more beside others
            if not self.predictor:
                self._measure_predictor(task)
            noise = 1.0 if task.framing.noise else 0.0  # beside what it is shown: its own record decides then
            figures |= self.bench.measure(TaskRefiner(task), noise, self.bar.say)
            torch.set_num_threads(threads)
        task.train(was)
        return figures

    def _measure_predictor(self, task: ConcealTask) -> None:
        """Without a network: as plcd plays, and where the network is shown no innovation, without that too."""
        assert self.bench is not None
        plain = self.bench.measure(None, 1.0, self.bar.say)
        self.bar.say(f"predictor alone: {_shown(plain)}")
        self.predictor = {f"predictor_{name}": value for name, value in plain.items()}
        if not task.framing.noise:
            bare = self.bench.measure(None, 0.0, self.bar.say)
            self.bar.say(f"predictor alone, without innovation: {_shown(bare)}")
            self.predictor |= {f"bare_{name}": value for name, value in bare.items()}

    def _keep(self, task: Task, figures: Figures) -> None:
        name = task.recipe.validation.choose
        value = figures.get(name, float("nan"))
        if value != value:  # its package is missing
            name, value = "loss", figures["loss"]
        value = -value if name in _HIGHER_IS_BETTER else value
        if value >= self.best and (self.out / BEST).exists():
            return
        try:
            save_weights(self.out / BEST, task.network, self.head(task.done))
            self.best, self.best_step = value, task.done
        except OSError as error:
            self.bar.say(
                f"{self.out / BEST}: cannot be written: {error.strerror or error}; the next look tries again"
            )

    def _log(self, trainer: lightning.Trainer, task: Task, figures: Figures) -> None:
        hours = self._learnt() / 3600
        self.bar.say(f"step {task.done}: {_shown(figures)}")
        try:
            if trainer.logger is not None:
                values = {f"validation/{name}": value for name, value in figures.items()}
                trainer.logger.log_metrics(values, task.done)
            file = self.out / SCORES
            new = not file.exists()
            with file.open("a", newline="", encoding="utf-8") as out:
                rows = csv.writer(out)
                if new:
                    rows.writerow(("step", "hours", "figure", "value"))
                    rows.writerows((0, 0, name, f"{value:.6g}") for name, value in self.predictor.items())
                rows.writerows(
                    (task.done, f"{hours:.4f}", name, f"{value:.6g}") for name, value in figures.items()
                )
        except OSError as error:
            self.bar.say(f"{self.out / SCORES}: cannot be written: {error.strerror or error}")

    def _learnt(self) -> float:
        return self.seconds + (time.monotonic() - self._since if self._since else 0.0)


def _shown(figures: Figures) -> str:
    names = {"gap_snr_db": "gap SNR (dB)", "snr_db": "SNR (dB)", "psnr_db": "PSNR (dB)"}
    names |= {"nrmse": "NRMSE", "zimtohrli": "Zimtohrli", "odg": "ODG"}
    return ", ".join(f"{names.get(name, name)} {value:.4g}" for name, value in figures.items())

"""When a training ends: all steps done, its time is up, or a person asked."""

import signal
import time
from typing import Any

import lightning

from plcd.training.tasks.base import Task


class Stopper(lightning.Callback):
    """Ends the run after a whole step, so that what is saved is consistent. ``max_minutes`` of this run; 0: no limit."""

    def __init__(self, max_minutes: float) -> None:
        self._limit_s = 60 * max_minutes
        self._began = time.monotonic()
        self.asked = False
        """Whether a signal ended it."""
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._began = time.monotonic()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        self._judge(trainer, pl_module)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._judge(trainer, pl_module)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.restore()

    def restore(self) -> None:
        """Signals mean again what they meant before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _ask(self, number: int, frame: object) -> None:
        if self.asked:  # a second time: at once
            raise KeyboardInterrupt
        self.asked = True

    def _judge(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, Task)
        late = bool(self._limit_s) and time.monotonic() - self._began > self._limit_s
        over = self.asked or late or module.done >= module.recipe.steps
        trainer.should_stop = trainer.strategy.broadcast(over) if trainer.world_size > 1 else over

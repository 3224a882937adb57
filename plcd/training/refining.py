"""A network in training, put where a finished one would be: the engine asks it like any other."""

import numpy as np
import torch

from plcd.core.refiner import Block, Signal
from plcd.training.tasks.conceal import ConcealTask


class TaskRefiner:
    """See :class:`plcd.core.refiner.Refiner`. The task must be in evaluation mode."""

    def __init__(self, task: ConcealTask) -> None:
        framing, data = task.framing, task.recipe.data
        self.name = task.recipe.name
        self.context, self.horizon, self.made = data.past, framing.horizon, framing.made
        self.block = data.packet
        self.fade = framing.fade
        self._task = task

    def refuses(self, rate: int) -> str | None:
        """It is asked at the rate it learns at."""
        return None

    def look(self, past: Signal) -> bool:
        """Nothing is done ahead."""
        return False

    def refine(self, block: Block) -> Signal | None:
        """One block through torch."""
        rows = {
            "past": block.past,
            "received": block.received.astype(np.float32),
            "prediction": block.prediction,
            "innovation": block.innovation,
            "truth": np.zeros_like(block.prediction),
            "start": np.float32(block.start),
        }
        batch = {name: torch.as_tensor(row, device=self._task.device)[None] for name, row in rows.items()}
        return self._task.refine(batch)[0].cpu().numpy().astype(np.float32)

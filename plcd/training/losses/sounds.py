"""What losses compare: the samples a network made, or the true ones, and what was heard before."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sound:
    """A batch of blocks, as made or as they truly were."""

    wave: Tensor
    """``(batch, made)``, full scale 1.0."""
    past: Tensor
    """``(batch, past)``: what was played before, the same for both."""
    after: Tensor | None = None
    """``(batch, n)``: what truly follows the samples made, the same for both."""
    block: int = 0
    """Of the samples made so many are the block; the others lead into what follows."""
    root: Tensor | None = None
    """``(batch, 1, bins, frames)``: root magnitudes over the network's scale, where it works on these."""

    def joined(self, past: int) -> Tensor:
        """The samples behind the newest ``past`` ones before them, ``(batch, past + made)``."""
        return torch.cat(
            (self.past[:, self.past.shape[1] - min(past, self.past.shape[1]) :], self.wave), dim=1
        )

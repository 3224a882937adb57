"""PARCnet: adds to the prediction what it misses, from the known samples alone (Mezza et al. 2024)."""

from torch import Tensor

from plcd.training.framings import faded, scales
from plcd.training.losses.sounds import Sound
from plcd.training.tasks.base import Batch
from plcd.training.tasks.conceal import ConcealTask


class WaveformTask(ConcealTask):
    """``made = prediction + fade-in x scale x network(context / scale)``."""

    def inputs(self, batch: Batch) -> list[Tensor]:
        past = self.shown(batch)[0]
        return [(past / scales(self.framing, past)[:, None])[:, None]]

    def render(self, batch: Batch, samples: bool) -> tuple[Sound, Sound]:
        past, prediction = self.shown(batch)
        scale = scales(self.framing, past)[:, None]
        residual = scale * self.asked((past / scale)[:, None])[:, 0, : self.framing.made]
        wave = prediction[:, : self.framing.made] + faded(residual, self.framing.fade, batch["start"])
        return Sound(wave, batch["past"]), Sound(batch["truth"][:, : self.framing.made], batch["past"])

"""The hybrid: a network of ours that is shown everything a block holds and makes the samples itself."""

from torch import Tensor

from plcd.training.losses.sounds import Sound
from plcd.training.tasks.base import Batch
from plcd.training.tasks.conceal import ConcealTask


class SamplesTask(ConcealTask):
    """``network(past, received, prediction, innovation, start)`` gives ``(batch, made)``, the samples to play.

    ``past`` and ``received`` (1 where a sample was received, 0 where it was concealed) are the last ``context`` samples,
    ``prediction`` and ``innovation`` ``horizon`` ones each, all ``(batch, samples)`` float32;
    ``start`` ``(batch, 1)``, samples
    of the hole before this block.
    """

    @property
    def names(self) -> tuple[list[str] | None, list[str] | None]:
        return ["past", "received", "prediction", "innovation", "start"], ["made"]

    def inputs(self, batch: Batch) -> list[Tensor]:
        first = batch["past"].shape[1] - self.framing.context
        rest = [batch["prediction"], batch["innovation"], batch["start"][:, None]]
        return [batch["past"][:, first:], batch["received"][:, first:], *rest]

    def render(self, batch: Batch, samples: bool) -> tuple[Sound, Sound]:
        wave = self.network(*self.inputs(batch))
        return Sound(wave, batch["past"]), Sound(batch["truth"][:, : self.framing.made], batch["past"])

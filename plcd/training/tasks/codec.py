"""The nets that imitate an MP3 encoder, trained on L1 (Ananthabhotla et al. 2019, section 4)."""

from torch import Tensor
from torch.nn import functional

from plcd.training.codec.nets import MagnitudeCodec
from plcd.training.tasks.base import Batch, Task

L1 = "l1"
"""The name of the one loss there is."""


class CodecTask(Task):
    """Lossless magnitudes (or samples) in, those of the MP3 out."""

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        lossless, coded = batch["lossless"], batch["coded"]
        if isinstance(self.network, MagnitudeCodec):
            lossless, coded = self.network.magnitudes(lossless), self.network.magnitudes(coded)
        made, _ = self.network(lossless)
        return {L1: functional.l1_loss(made, coded)}

    def unchanged(self, batch: Batch) -> Tensor:
        """The loss of a net that changes nothing: what training has to beat."""
        lossless, coded = batch["lossless"], batch["coded"]
        if isinstance(self.network, MagnitudeCodec):
            lossless, coded = self.network.magnitudes(lossless), self.network.magnitudes(coded)
        return functional.l1_loss(lossless, coded)

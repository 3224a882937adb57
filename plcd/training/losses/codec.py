"""The codec loss (Ananthabhotla et al. 2019, eq. 3 and 4): as a frozen net that imitates an MP3 encoder hears it."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from plcd.training.codec.mp3 import RATE
from plcd.training.codec.nets import HOP, SIZE, MagnitudeCodec, TimeCodec
from plcd.training.codec.store import load_codec
from plcd.training.losses.resampling import Downsample
from plcd.training.losses.sounds import Sound

_WHOLE_FRAMES = 32
_WHOLE_SAMPLES = 256
"""What the nets' strides divide."""


class CodecLoss(nn.Module):
    """Mean absolute difference of waves, of the net's outputs, and of all its activations (each layer's mean, averaged).

    With the magnitude net all three terms (eq. 3), with the time-domain net the latter two (eq. 4). The paper gives no
    weights; here they are 1. Sounds are brought to 16 kHz, and so to what the net was trained on; zeros stand before
    their past where the net needs more.
    """

    def __init__(self, file: Path, rate: int) -> None:
        super().__init__()
        self.net = load_codec(file).eval().requires_grad_(False)
        self.downsample = Downsample(rate, RATE) if rate != RATE else nn.Identity()

    def train(self, mode: bool = True) -> "CodecLoss":
        """The net stays as it is."""
        return self

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        ours, real = (self.downsample(sound.joined(sound.past.shape[1])) for sound in (made, truth))
        prediction, feature = self.compare(ours, real)
        loss = prediction + feature
        if isinstance(self.net, MagnitudeCodec):
            loss = loss + functional.l1_loss(made.wave, truth.wave)
        return loss

    def compare(self, made: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Prediction and feature loss of waves ``(batch, n)`` at 16 kHz."""
        output, activations = self._hear(made)
        with torch.no_grad():
            wanted, layers = self._hear(truth)
        features = [functional.l1_loss(a, b) for a, b in zip(activations, layers, strict=True)]
        return functional.l1_loss(output, wanted), torch.stack(features).mean()

    def _hear(self, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        if isinstance(self.net, TimeCodec):
            output, activations = self.net(_padded(wave, _WHOLE_SAMPLES, 0))
        else:
            output, activations = self.net(
                self.net.magnitudes(_padded(wave, _WHOLE_FRAMES * HOP, SIZE - HOP))
            )
        return output, activations


def _padded(wave: Tensor, whole: int, rest: int) -> Tensor:
    """``wave`` behind as many zeros as make its length ``rest`` more than a multiple of ``whole``."""
    wanted = -(-max(wave.shape[1] - rest, 1) // whole) * whole + rest
    return functional.pad(wave, (wanted - wave.shape[1], 0))

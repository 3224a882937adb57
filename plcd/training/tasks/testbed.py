"""The autoencoder with four losses: models A to D, on which the codec loss was tried (Ananthabhotla et al. 2019, section 6)."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from plcd.training.codec.autoencoder import Autoencoder
from plcd.training.codec.mp3 import RATE
from plcd.training.codec.nets import MagnitudeCodec, TimeCodec
from plcd.training.data.clips import Clip
from plcd.training.errors import TrainingError
from plcd.training.losses.codec import CodecLoss
from plcd.training.losses.stft_l1 import StftL1
from plcd.training.recipe import Recipe
from plcd.training.tasks.base import Batch, Task

WAVE, STFT, PREDICTION, FEATURE = "waveform_l1", "stft_l1", "codec_prediction", "codec_feature"
LOSSES: Final = (WAVE, STFT, PREDICTION, FEATURE)
"""The terms of equations 1 to 4; a recipe weighs them."""
_AT_ONCE: Final = 8
"""Frames that are made at once to be judged."""


class AutoencoderTask(Task):
    """Makes waves again from half as many numbers."""

    network: Autoencoder

    def __init__(self, recipe: Recipe, network: Autoencoder, codec: Path | None) -> None:
        """``codec``: the net that the losses of eq. 3 and 4 hear with. Raises TrainingError for what does not fit together."""
        super().__init__(recipe, network)
        if recipe.data.rate != RATE or recipe.data.patch < 1 or recipe.data.patch % network.whole:
            raise TrainingError(
                f"recipe {recipe.name}: data: rate must be {RATE} and patch a multiple of {network.whole}"
            )
        self.names = [name for name, weight in recipe.weights.items() if weight]
        for name in self.names:
            if name not in LOSSES:
                raise TrainingError(f"loss {name!r}: one of {', '.join(LOSSES)}")
        self.stft = StftL1()
        self.ear = _ear(recipe.loss, self.names, codec)
        self.patch = recipe.data.patch
        """Of a patch the network learns from the first so many samples: what the time-domain net was made for is less."""
        if self.ear is not None and isinstance(self.ear.net, TimeCodec):
            self.patch = min(self.patch, self.ear.net.patch)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        wave = batch["wave"][:, : self.patch]
        made = self.network(wave)
        found = {}
        if WAVE in self.names:
            found[WAVE] = functional.l1_loss(made, wave)
        if STFT in self.names:
            found[STFT] = self.stft(made, wave)
        if self.ear is not None:
            heard = dict(zip((PREDICTION, FEATURE), self.ear.compare(made, wave), strict=True))
            found |= {name: heard[name] for name in self.names if name in heard}
        return found

    @torch.no_grad()
    def snr_db(self, frames: list[Clip]) -> float:
        """Mean over ``frames`` (as :func:`plcd.training.codec.patches.cut_frames` cuts them) of each one's SNR."""
        found = []
        for start in range(0, len(frames), _AT_ONCE):
            wave = torch.from_numpy(np.stack(frames[start : start + _AT_ONCE])).to(self.device)
            error = self.network(wave) - wave
            found.append(10 * torch.log10(wave.square().sum(1) / error.square().sum(1).clamp_min(1e-12)))
        return float(torch.cat(found).mean())


def _ear(loss: str, names: list[str], codec: Path | None) -> CodecLoss | None:
    """What hears the codec's terms. Beside the waveform that is the net of magnitudes (eq. 3), alone that of samples (eq. 4)."""
    if PREDICTION not in names and FEATURE not in names:
        return None
    wanted, kind = ("codec-magnitude", MagnitudeCodec) if WAVE in names else ("codec-time", TimeCodec)
    if codec is None:
        raise TrainingError(
            f"loss {loss} hears with a net that imitates the codec: make one with plcd train {wanted} --data DIR, then say "
            "--codec FILE"
        )
    ear = CodecLoss(codec, RATE)
    if not isinstance(ear.net, kind):
        why = "beside waveform_l1" if WAVE in names else "without waveform_l1"
        raise TrainingError(f"codec {codec}: loss {loss}, {why}, hears with a net of plcd train {wanted}")
    return ear

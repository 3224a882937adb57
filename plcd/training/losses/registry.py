"""Losses by the names that recipes call them, each a function of what was made and what was true."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from plcd.training.errors import TrainingError
from plcd.training.losses.codec import CodecLoss
from plcd.training.losses.ear import Ear
from plcd.training.losses.levels import BandLevels, CompressedMagnitude, relative_error
from plcd.training.losses.log_magnitude import log_magnitude
from plcd.training.losses.multi_resolution_stft import MultiResolutionStft
from plcd.training.losses.parcnet import ParcnetLoss
from plcd.training.losses.sounds import Sound
from plcd.training.losses.spectral_convergence import spectral_convergence
from plcd.training.losses.tilt import TiltLoss

ADVERSARIAL: Final = "adversarial"
"""The name of the adversary's weight; the task itself computes it."""
OF_MAGNITUDES: Final = ("spectral_convergence", "log_magnitude", "root_l1")
"""Losses of the network's own magnitudes; all others are of samples."""

_LOG_FLOOR: Final = 1e-4
"""Of magnitudes over the network's scale: 80 dB below a sine of the frame's level, for which they are about 1."""


class Term(nn.Module):
    """A loss that has no state."""

    def __init__(self, function: Callable[[Sound, Sound], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, made: Sound, truth: Sound) -> Tensor:
        return self.function(made, truth)


def make_losses(names: list[str], rate: int, codec: Path | None) -> dict[str, nn.Module]:
    """The losses of these names at ``rate`` Hz; ``codec`` is the net that ``codec`` hears with. Raises TrainingError."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "spectral_convergence": lambda: Term(lambda a, b: spectral_convergence(_magnitude(a), _magnitude(b))),
        "log_magnitude": lambda: Term(lambda a, b: log_magnitude(_magnitude(a), _magnitude(b), _LOG_FLOOR)),
        "root_l1": lambda: Term(_root_l1),
        "waveform_l1": lambda: Term(lambda a, b: torch.mean(torch.abs(a.wave - b.wave))),
        "multi_resolution_stft": MultiResolutionStft,
        "parcnet": ParcnetLoss,
        "ear": lambda: Ear(rate),
        "band_levels": lambda: BandLevels(rate),
        "compressed_magnitude": CompressedMagnitude,
        "relative_error": lambda: Term(relative_error),
        "tilt": lambda: TiltLoss(rate),
        "tilt_smooth": lambda: TiltLoss(rate, "smooth"),
        "codec": lambda: CodecLoss(_needed(codec), rate),
    }
    for name in names:
        if name not in makers and name != ADVERSARIAL:
            raise TrainingError(f"loss {name!r}: one of {', '.join(makers)}, {ADVERSARIAL}")
    return {name: makers[name]() for name in names if name != ADVERSARIAL}


def _needed(codec: Path | None) -> Path:
    if codec is None:
        raise TrainingError(
            "the codec loss needs a net that imitates the codec: make one with plcd train codec-magnitude --data DIR, "
            "then say --codec FILE"
        )
    return codec


def _magnitude(sound: Sound) -> Tensor:
    return _root(sound) ** 2


def _root(sound: Sound) -> Tensor:
    if sound.root is None:
        raise TrainingError(f"the losses {', '.join(OF_MAGNITUDES)} are for networks that make magnitudes")
    return sound.root


def _root_l1(made: Sound, truth: Sound) -> Tensor:
    return torch.mean(torch.abs(_root(made) - _root(truth)))

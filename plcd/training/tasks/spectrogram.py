"""Networks that repair patches of magnitudes, blind (Serra et al. 2021): patch with parts missing in, the whole patch out."""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from plcd.neural.patches import BINS, FULL_SCALE, HOP, PATCH, RATE, SIZE, Flags, Picture, between
from plcd.scoring.pictures import nrmse, psnr_db
from plcd.training.errors import TrainingError
from plcd.training.networks.res_u_net import UNet
from plcd.training.recipe import Recipe
from plcd.training.tasks.base import Batch, Task

MSE: Final = "mse"
"""Loss: of patches over their own level. What a network is shown is over the level of what is left; where the loud part was
deleted the rest would be a thousand times that, and one such patch outweighed all others."""
LOG_MSE: Final = "log_mse"
"""Loss: the logarithm of that, which is what PSNR is. Sustained notes, where lines leave an error of a thousandth, count as
much as those where they leave all of it."""
Judged = dict[str, list[tuple[Picture, Flags]]]
"""By kind of deletion: pictures as they were, and which frames are taken from them."""
_LEAST: Final = 1e-3
"""Of a patch's mean square, as the network measures it."""
_LEAST_ERROR: Final = 1e-4
"""Of a patch's level, where logarithms are taken: 40 dB below it nothing is left to win."""
_AT_ONCE: Final = 16
"""Patches that are made at once to be judged."""


class SpectrogramTask(Task):
    """A batch is what :class:`plcd.training.data.patches.GapMaker` makes."""

    network: UNet

    def __init__(self, recipe: Recipe, network: UNet) -> None:
        """Raises TrainingError for what does not fit together."""
        super().__init__(recipe, network)
        if recipe.data.rate != RATE or recipe.data.clip_s * RATE < PATCH:
            raise TrainingError(
                f"recipe {recipe.name}: data: rate must be {RATE} and clip_s {PATCH / RATE:g} or more"
            )
        if not set(recipe.weights) <= {MSE, LOG_MSE}:
            raise TrainingError(
                f"loss {recipe.loss!r}: a network of spectrograms has the losses {MSE} and {LOG_MSE}"
            )
        self.register_buffer("window", torch.hann_window(SIZE), persistent=False)
        if recipe.half:
            self.network.to(memory_format=torch.channels_last)

    def pictures(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Magnitudes ``(batch, 1, BINS, FRAMES)`` as they are shown, and as they were."""
        truth = self._magnitude(batch["wave"])
        given = self._magnitude(batch["wave"] * (1 - batch["cut"]))
        return given * (1 - batch["deleted"])[:, None, None], truth

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        given, truth = self.pictures(batch)
        scale = self.network.scale(given)
        shown, wanted = self.network.shown(given, scale), self.network.shown(truth, scale)
        with torch.autocast(
            shown.device.type, torch.bfloat16, enabled=self.recipe.half and self.network.training
        ):
            made = self.network.answer(shown)
        error, level = ((made.float() - wanted).square(), wanted.square())
        relative = error.mean(dim=(1, 2, 3)) / level.mean(dim=(1, 2, 3)).clamp_min(_LEAST)
        found = {MSE: relative.mean(), LOG_MSE: torch.log(relative + _LEAST_ERROR).mean()}
        return {name: value for name, value in found.items() if name in self.recipe.weights}

    @torch.no_grad()
    def measure(self, judged: Judged) -> dict[str, float]:
        """PSNR and NRMSE of each kind, means over patches; ``psnr_db`` and ``nrmse`` are the means over kinds."""
        found: dict[str, float] = {}
        for kind, patches in judged.items():
            made = self._repair([truth * ~deleted for truth, deleted in patches])
            pairs = [(truth, one) for (truth, _), one in zip(patches, made, strict=True)]
            found[f"psnr_db_{kind}"] = float(np.mean([psnr_db(*pair) for pair in pairs]))
            found[f"nrmse_{kind}"] = float(np.mean([nrmse(*pair) for pair in pairs]))
        means = {
            name: float(np.mean([found[f"{name}_{kind}"] for kind in judged]))
            for name in ("psnr_db", "nrmse")
        }
        return means | found

    def _repair(self, given: list[Picture]) -> list[Picture]:
        made: list[Picture] = []
        for start in range(0, len(given), _AT_ONCE):
            shown = torch.from_numpy(np.stack(given[start : start + _AT_ONCE]).astype(np.float32))[:, None]
            made += list(self.network(shown.to(self.device))[:, 0].cpu().numpy().astype(np.float64))
        return made

    def _magnitude(self, wave: Tensor) -> Tensor:
        spectrum = torch.stft(wave, SIZE, HOP, window=self.window, center=False, return_complex=True)
        return spectrum[:, None, :BINS].abs() / FULL_SCALE


def reference(judged: Judged) -> dict[str, float]:
    """What :meth:`SpectrogramTask.measure` gives of straight lines across places that are known, and of nothing done."""
    found: dict[str, float] = {}
    for kind, patches in judged.items():
        for name, repaired in (
            ("given", [truth * ~deleted for truth, deleted in patches]),
            ("lines", [between(truth, deleted) for truth, deleted in patches]),
        ):
            pairs = [(truth, one) for (truth, _), one in zip(patches, repaired, strict=True)]
            found[f"{name}_psnr_db_{kind}"] = float(np.mean([psnr_db(*pair) for pair in pairs]))
            found[f"{name}_nrmse_{kind}"] = float(np.mean([nrmse(*pair) for pair in pairs]))
    return found

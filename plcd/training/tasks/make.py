"""The task of a recipe, its network untrained."""

import importlib
from pathlib import Path

from torch import nn

from plcd.training.codec.autoencoder import Autoencoder
from plcd.training.codec.store import make_codec
from plcd.training.errors import TrainingError
from plcd.training.networks.res_u_net import UNet
from plcd.training.recipe import Recipe
from plcd.training.tasks.base import Task
from plcd.training.tasks.codec import L1, CodecTask
from plcd.training.tasks.conceal import ConcealTask
from plcd.training.tasks.magnitude import MagnitudeTask
from plcd.training.tasks.samples import SamplesTask
from plcd.training.tasks.spectrogram import SpectrogramTask
from plcd.training.tasks.testbed import AutoencoderTask
from plcd.training.tasks.waveform import WaveformTask

_NETWORKS = {
    "bin2bin": "plcd.training.networks.bin2bin:Generator",
    "parcnet": "plcd.training.networks.parcnet:Parcnet",
    "hybrid": "plcd.training.networks.hybrid:Hybrid",
    "u-net": "plcd.training.networks.res_u_net:UNet",
}
_TASKS: dict[str, type[ConcealTask]] = {
    "magnitude": MagnitudeTask,
    "waveform": WaveformTask,
    "samples": SamplesTask,
}


def make_task(recipe: Recipe, codec: Path | None = None) -> Task:
    """Raises TrainingError for a network, a setting or a loss that there is not."""
    if recipe.testbed:
        return AutoencoderTask(recipe, _make_autoencoder(recipe), codec)
    if recipe.codec:
        if set(recipe.weights) != {L1}:
            raise TrainingError(f"loss {recipe.loss!r}: a codec net has one loss, {L1}")
        return CodecTask(recipe, make_codec(recipe.task, recipe.network))
    if recipe.spectrogram:
        network = make_network(recipe)
        if not isinstance(network, UNet):
            raise TrainingError(f"recipe {recipe.name}: network: kind must be u-net")
        return SpectrogramTask(recipe, network)
    return _TASKS[recipe.task](recipe, make_network(recipe), codec)


def _make_autoencoder(recipe: Recipe) -> Autoencoder:
    try:
        return Autoencoder(**recipe.network)
    except (TypeError, ValueError) as error:
        raise TrainingError(f"recipe {recipe.name}: network: {error}") from None


def make_network(recipe: Recipe) -> nn.Module:
    """The network that ``recipe.network`` describes."""
    settings = dict(recipe.network)
    kind = settings.pop("kind", None)
    if kind not in _NETWORKS:
        raise TrainingError(f"recipe {recipe.name}: network kind {kind!r}: one of {', '.join(_NETWORKS)}")
    module, name = _NETWORKS[kind].split(":")
    try:
        network: nn.Module = getattr(importlib.import_module(module), name)(**settings)
    except (TypeError, ValueError) as error:
        raise TrainingError(f"recipe {recipe.name}: network: {error}") from None
    return network

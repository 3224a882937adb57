"""The end of a training: its best weights as the file that plcd runs."""

from pathlib import Path
from typing import Any

import torch

from plcd.training.errors import TrainingError
from plcd.training.export.export import export
from plcd.training.export.spectrogram import export_spectrogram
from plcd.training.looks import BEST
from plcd.training.recipe import Recipe
from plcd.training.tasks.base import Batch, Task
from plcd.training.tasks.conceal import ConcealTask
from plcd.training.tasks.spectrogram import SpectrogramTask
from plcd.training.weights import load_weights, save_weights

_PARITY_EXAMPLES = 4


def finish(recipe: Recipe, task: Task, out: Path, model: Path, head: dict[str, Any], batch: Batch) -> None:
    """Write ``model`` from the best weights in ``out``, and beside an ONNX file its weights as they were learnt (``.npz``).

    ``head``: what is said of the training; ``batch``: examples on which ONNX and torch must agree. Raises TrainingError.
    """
    load_weights(out / BEST, task.network)
    task.eval().cpu()
    weights = model.with_suffix(".npz")
    try:
        save_weights(weights, task.network, head)
    except OSError as error:
        raise TrainingError(f"{weights}: cannot be written: {error.strerror or error}") from None
    facts = {name: head[name] for name in ("plcd", "commit", "data", "steps", "recipe", "loss")}
    if isinstance(task, SpectrogramTask):
        given, _ = task.pictures(batch)
        export_spectrogram(task.network, facts | {"name": recipe.name}, model, given[:_PARITY_EXAMPLES])
    if isinstance(task, ConcealTask):
        inputs, outputs = task.names
        with torch.no_grad():
            samples = [value[:_PARITY_EXAMPLES] for value in task.inputs(batch)]
        export(task.network, contract(recipe) | facts, model, samples, inputs=inputs, outputs=outputs)


def contract(recipe: Recipe) -> dict[str, Any]:
    """What docs/models.md asks for, of this recipe."""
    framing = recipe.framing
    assert framing is not None
    said: dict[str, Any] = {
        "name": recipe.name,
        "kind": recipe.task,
        "rate": recipe.data.rate,
        "context": framing.context,
        "block": recipe.data.packet,
        "horizon": framing.horizon,
        "made": framing.made,
        "predictor": recipe.data.predictor,
        "noise": framing.noise,
        "fade": framing.fade,
        "closes": framing.closes,
        "scale": {"kind": framing.scale}
        | ({} if framing.scale == "none" else {"value": framing.scale_value}),
    }
    if framing.longest:
        said["longest"] = framing.longest
    if framing.size:
        said["stft"] = {"size": framing.size, "hop": framing.hop, "window": "hann"}
    return said

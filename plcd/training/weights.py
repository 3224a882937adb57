"""A network's weights as one file of arrays and a line of JSON, no pickle; and weights found in an ONNX file by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from plcd.training.errors import TrainingError
from plcd.training.storing import replace_file

HEAD = "plcd"
"""The array that holds the JSON."""


def save_weights(file: Path, network: nn.Module, head: Mapping[str, Any]) -> None:
    """Write them, with ``head`` beside. Raises OSError; what was there before then still is."""
    arrays: dict[str, Any] = {
        name: value.detach().cpu().numpy() for name, value in network.state_dict().items()
    }
    arrays[HEAD] = np.array(json.dumps(dict(head)))
    replace_file(file, lambda out: np.savez(out, **arrays))


def load_weights(file: Path, network: nn.Module) -> str:
    """Put the weights of ``file`` into ``network``; returns where they were found.

    ``file``: a ``.npz`` of :func:`save_weights`, a checkpoint of a training, or an ``.onnx`` file: then the ``.npz`` of the
    same name beside it, else the file's own weights where they bear the network's names (a graph whose batch norms are
    folded does not keep them). Raises TrainingError where they are not to be had or are another network's.
    """
    if not file.is_file():
        raise TrainingError(f"{file}: no such file")
    beside = file.with_suffix(".npz")
    if file.suffix == ".onnx" and beside.is_file():
        file = beside
    read = {".onnx": _from_onnx, ".npz": _from_arrays}.get(file.suffix, _from_checkpoint)
    stored = read(file)
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in stored and not name.endswith("num_batches_tracked")]
    wrong = [name for name in wanted if name in stored and stored[name].shape != wanted[name].shape]
    if missing or wrong:
        name = (missing or wrong)[0]
        what = f"has no weight {name!r}" if missing else f"has weight {name!r} in another shape"
        hint = "; keep the .npz that plcd train wrote beside it" if file.suffix == ".onnx" else ""
        raise TrainingError(f"{file}: {what}: not a network of this recipe{hint}")
    kept = {name: torch.from_numpy(np.array(stored[name])) for name in wanted if name in stored}
    if not all(torch.isfinite(value).all() for value in kept.values()):
        raise TrainingError(f"{file}: holds NaN or infinity")
    network.load_state_dict(kept, strict=False)
    return str(file)


def _from_arrays(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files if name != HEAD}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise TrainingError(f"{file}: holds no weights: {_line(error)}") from None


def _from_onnx(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    try:
        import onnx
        from onnx import numpy_helper

        model = onnx.load(file, load_external_data=False)
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    except ImportError:
        raise TrainingError(
            f"{file}: reading it needs onnx: pip install '.[train]' in plcd's folder"
        ) from None
    except Exception as error:  # protobuf raises its own kind, by version
        raise TrainingError(f"{file}: is not an ONNX file: {_line(error)}") from None


def _from_checkpoint(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    stored = read_checkpoint(file).get("state_dict", {})
    prefix = "network."
    return {
        name.removeprefix(prefix): value.numpy() for name, value in stored.items() if name.startswith(prefix)
    }


def read_checkpoint(file: Path) -> dict[str, Any]:
    """A training's checkpoint, on the CPU: tensors and plain values only. Raises TrainingError."""
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch each raise their own
        raise TrainingError(f"{file}: is not a checkpoint, or damaged: {_line(error)}") from None
    if not isinstance(stored, dict) or "plcd" not in stored:
        raise TrainingError(f"{file}: is not a checkpoint of plcd train")
    return stored


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__

"""ONNX models with their contract, on disk."""

import json
from pathlib import Path
from typing import Any

import onnx

from plcd.training.errors import TrainingError
from plcd.training.storing import replace_file

KEY = "plcd"
"""The metadata entry that holds the contract (docs/models.md)."""


def with_contract(model: onnx.ModelProto, contract: dict[str, Any]) -> onnx.ModelProto:
    """``model`` with ``contract`` as its only metadata."""
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {KEY: json.dumps(contract, sort_keys=True)})
    return model


def contract_of(model: onnx.ModelProto) -> dict[str, Any]:
    """The contract in ``model``; empty where there is none. Raises TrainingError where it is not a JSON object."""
    for entry in model.metadata_props:
        if entry.key == KEY:
            try:
                contract = json.loads(entry.value)
            except ValueError as error:
                raise TrainingError(f"the model's metadata entry {KEY!r} is not JSON: {error}") from None
            if not isinstance(contract, dict):
                raise TrainingError(f"the model's metadata entry {KEY!r} is not a JSON object")
            return contract
    return {}


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write ``model`` so that ``path`` is either as before or whole. Raises TrainingError."""
    data = model.SerializeToString()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda file: file.write(data))
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror or error}") from None


def load(path: Path) -> onnx.ModelProto:
    """Raises TrainingError where ``path`` is no ONNX model."""
    try:
        return onnx.load_model(path)
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # protobuf's own class, which no public module names
        raise TrainingError(f"{path} is not an ONNX model: {error}") from None

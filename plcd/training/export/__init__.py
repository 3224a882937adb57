"""From a trained network to the file that plcd runs: docs/models.md is the contract."""

from plcd.training.export.export import Export, export
from plcd.training.export.parity import ParityError

__all__ = ["Export", "ParityError", "export"]

import plcd.neural  # noqa: F401  # before onnxruntime: it says what that may note

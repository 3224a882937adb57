"""Whether an exported file computes what the network computed. A difference is an error, not a log line."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from plcd.training.errors import TrainingError
from plcd.training.export.sessions import Stages

Array = NDArray[np.float32]
TOLERANCE: Final = 1e-4
"""Largest difference of a float32 export from its network, in the units of the output: 1 is full scale."""


class ParityError(TrainingError):
    """An export differs from the network it was made from."""


def difference(
    model: onnx.ModelProto, samples: Sequence[dict[str, Array]], expected: Sequence[Array]
) -> float:
    """The largest absolute difference between what the file makes of each sample and ``expected``; infinite for NaN."""
    stages = Stages(model.SerializeToString())
    worst = 0.0
    for sample, truth in zip(samples, expected, strict=True):
        made = stages.run(sample)
        if made.shape != truth.shape:
            raise ParityError(f"the export returns {made.shape}, the network {truth.shape}")
        largest = float(np.max(np.abs(made - truth), initial=0.0))
        worst = max(worst, largest) if np.isfinite(largest) else float("inf")
    return worst


def demand(worst: float, tolerance: float = TOLERANCE, what: str = "export") -> None:
    """Raise ParityError where ``worst`` exceeds ``tolerance``."""
    if not worst <= tolerance:
        raise ParityError(
            f"the {what} differs from its network by {worst:.2g}, allowed are {tolerance:.2g}; nothing was written"
        )

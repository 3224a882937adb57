"""The one call at the end of a training: ONNX, contract, parity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

import plcd
from plcd.training.errors import TrainingError
from plcd.training.export.parity import TOLERANCE, demand, difference
from plcd.training.export.plain import plain
from plcd.training.export.staging import staged
from plcd.training.export.store import save, with_contract
from plcd.training.networks.bin2bin import Generator
from plcd.training.networks.parcnet import Parcnet

Array = NDArray[np.float32]
Feed = dict[str, Array]

INPUTS = {"magnitude": ["magnitude"], "waveform": ["context"]}
"""What the contract calls the inputs of a file in one stage."""
OUTPUTS = {"magnitude": ["refined"], "waveform": ["residual"]}


@dataclass(frozen=True, slots=True)
class Export:
    """What was written."""

    path: Path
    contract: dict[str, Any]
    difference: float
    """The largest from the network, over the samples."""


def export(
    network: nn.Module,
    contract: dict[str, Any],
    path: Path,
    samples: Tensor | Sequence[Tensor],
    *,
    stages: int | None = None,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    tolerance: float = TOLERANCE,
) -> Export:
    """Write ``network`` to ``path`` with ``contract`` in it, in its fastest exact form.

    ``samples``: one tensor for each input of ``network.forward``, real examples along the batch axis; the file is run on each
    of them and compared. ``contract`` as in docs/models.md; ``contract``, ``plcd``, ``stages`` and ``precision`` are filled in.
    ``stages``: 2 for the networks that have such a form (the default for those), 1 for the graph as torch writes it.
    ``inputs`` and ``outputs``: names, where the kind has none of its own.

    Raises ParityError where the file's result differs by more than ``tolerance`` from the network's (nothing is written),
    TrainingError for weights that are not finite and for files that cannot be written.
    """
    tensors = [samples] if isinstance(samples, Tensor) else list(samples)
    kind = str(contract["kind"])
    if bad := [name for name, value in network.state_dict().items() if not bool(torch.isfinite(value).all())]:
        raise TrainingError(
            f"{bad[0]} of the network is not finite: the training diverged; nothing was written"
        )
    if stages is None:
        stages = 2 if isinstance(network, Generator | Parcnet) else 1
    contract = {"contract": 1, "plcd": plcd.__version__, **contract, "stages": stages, "precision": "float32"}
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            expected = network(*tensors).cpu().numpy()
        names = list(inputs or INPUTS[kind])
        if stages == 2:
            model, ranges = staged(network, contract)
            contract |= ranges
        else:
            whole: nn.Module = network
            if isinstance(network, Parcnet):
                whole, tensors = _WithZeros(network), [functional.pad(tensors[0], (0, network.horizon))]
            model = plain(whole, tensors, names, list(outputs or OUTPUTS[kind]))
    finally:
        network.train(training)
    arrays = [tensor.cpu().numpy() for tensor in tensors]
    places = range(expected.shape[0])
    given = [feeds(contract, [array[i : i + 1] for array in arrays], names) for i in places]
    worst = difference(model, given, [wanted(contract, expected[i : i + 1]) for i in places])
    demand(worst, tolerance)
    save(with_contract(model, contract), path)
    return Export(path, contract, worst)


def feeds(contract: dict[str, Any], shown: Sequence[Array], names: Sequence[str]) -> Feed:
    """What the file is given for one example ``shown``: an array ``(1, ...)`` for each input of a file in one stage."""
    if contract["kind"] != "magnitude" or contract["stages"] == 1:
        return dict(zip(names, shown, strict=True))
    (first, stop), (again, end) = contract["frames"]["known"], contract["frames"]["recent"]
    return {"known": shown[0][..., first:stop], "recent": shown[0][..., again:end]}


def wanted(contract: dict[str, Any], result: Array) -> Array:
    """What of a network's whole result the file returns."""
    if contract["kind"] != "magnitude" or contract["stages"] == 1:
        return result
    first, stop = contract["frames"]["refined"]
    return result[..., first:stop]


class _WithZeros(nn.Module):
    """PARCnet as the contract has it in one stage: what follows the context is in the input, and ignored."""

    def __init__(self, network: Parcnet) -> None:
        super().__init__()
        self.network = network

    def forward(self, context: Tensor) -> Tensor:
        """``(batch, 1, context + horizon)`` to ``(batch, 1, horizon)``."""
        residual: Tensor = self.network(context[..., : -self.network.horizon])
        return residual

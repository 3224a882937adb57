"""Networks that say what a prediction misses, sample for sample (kind ``waveform``; PARCnet).

The network sees the known samples and, where the prediction will be, zeros; what it returns is added to the prediction
(Mezza et al. 2024). It rests on known samples alone, so all of its work may be done before any loss. Where the contract scales,
it sees all music at one level, and what it adds follows the level of what was played.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plcd.core.refiner import Block, Signal
from plcd.neural.contract import Contract
from plcd.neural.errors import ModelError
from plcd.neural.network import Network
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.session import Array
from plcd.neural.stages import Stages, expect_shape, shape_of


@dataclass(frozen=True, slots=True)
class Known:
    """Worked out from known samples."""

    feeds: dict[str, Array]
    """Of the stage that is left."""
    scale: np.float32


class Waveform(Network[Known]):
    """See :mod:`plcd.neural.waveform`."""

    kind: ClassVar[str] = "waveform"

    def __init__(self, contract: Contract, content: bytes, file: OnnxFile, threads: int = 1) -> None:
        super().__init__(contract, content, file, threads)
        if contract.scale.kind == "fixed":
            raise ModelError("metadata 'scale' must be none or rms for the kind 'waveform'")
        self._shape = shape_of(file, "context")
        size = contract.context + (contract.horizon if contract.stages == 1 else 0)
        expect_shape(file, "context", (1, 1, size))
        expect_shape(file, "residual", (1, 1, contract.horizon))
        self.stages = Stages(content, file, contract.stages, {"context"}, "residual", threads)

    def _know(self, past: Signal) -> Known:
        scale = self.contract.scale.of(past)
        seen = past / scale
        if self.contract.stages == 2:
            return Known(self.stages.first({"context": seen.reshape(self._shape)}), scale)
        zeros = np.zeros(self.contract.horizon, dtype=np.float32)
        return Known({"context": np.concatenate((seen, zeros)).reshape(self._shape)}, scale)

    def _refined(self, block: Block, shown: Signal, known: Known) -> Signal:
        result: Signal = shown + known.scale * self.stages.second(known.feeds).reshape(-1)
        return result[: self.contract.made]

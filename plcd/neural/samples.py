"""Networks that are shown all of a block and return its samples (kind ``samples``; the hybrid, and whatever you bring).

Whatever transforms it needs are in its graph.
"""

from typing import ClassVar, Final

import numpy as np

from plcd.core.refiner import Block, Signal
from plcd.neural.contract import Contract
from plcd.neural.errors import ModelError
from plcd.neural.network import Network
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.stages import Stages, expect_shape

_INPUTS: Final = ("past", "received", "prediction", "innovation", "start")


class Samples(Network[None]):
    """See :mod:`plcd.neural.samples`."""

    kind: ClassVar[str] = "samples"

    def __init__(self, contract: Contract, content: bytes, file: OnnxFile, threads: int = 1) -> None:
        super().__init__(contract, content, file, threads)
        if contract.stages != 1:
            raise ModelError("the kind 'samples' has one stage")
        for name, size in zip(
            _INPUTS, (self.context, self.context, self.horizon, self.horizon, 1), strict=True
        ):
            expect_shape(file, name, (1, size))
        expect_shape(file, "made", (1, self.made))
        self.stages = Stages(content, file, 1, set(_INPUTS), "made", threads)

    def _know(self, past: Signal) -> None:
        return None

    def _refined(self, block: Block, shown: Signal, known: None) -> Signal:
        start = np.array([block.start], dtype=np.float32)
        shapes = (block.past, block.received.astype(np.float32), block.prediction, block.innovation, start)
        result: Signal = self.stages.second(
            {name: row[None] for name, row in zip(_INPUTS, shapes, strict=True)}
        )[0]
        return result

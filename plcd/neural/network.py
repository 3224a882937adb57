"""What all kinds of networks have in common: a contract, and work on known samples that can be done before any loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

import numpy as np

from plcd.core.ensemble import Ensemble
from plcd.core.refiner import Block, Signal
from plcd.neural.contract import Contract
from plcd.neural.errors import one_line
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.session import StoppedError
from plcd.neural.stages import Stages

REMEMBERED = 8
"""Pasts whose part is kept, one a channel; streams of more channels have that work done when a packet is lost."""

Known = TypeVar("Known")


class Network(ABC, Generic[Known]):
    """A :class:`plcd.core.refiner.Refiner` made of a file. ``Known``: what it works out from known samples alone.

    A subclass is a kind of network. Its constructor takes contract, content, file and threads, sets ``stages``, and raises
    ModelError where the file is not what its contract says. For one thread, but for :meth:`stop` and
    :meth:`resume`.
    """

    kind: ClassVar[str]
    stages: Stages

    def __init__(self, contract: Contract, content: bytes, file: OnnxFile, threads: int = 1) -> None:
        self.contract = contract
        self.content = content
        self.threads = threads
        self.parameters = file.parameters
        self.name = contract.name
        self.predictor = Ensemble.parse(contract.predictor)
        self.closes, self.longest = contract.closes, contract.longest
        self.takes_s = 0.0
        self.context, self.block, self.horizon = contract.context, contract.block, contract.horizon
        self.made, self.fade = contract.made, contract.fade
        self.failure: str | None = None
        """What went wrong in the last run that failed."""
        self._looked: list[tuple[Signal, Known]] = []

    def __reduce__(self) -> tuple[Callable[..., "Network[Known]"], tuple[bytes, int]]:
        """Sent to other processes as the file it came from, already tried."""
        from plcd.neural.loading import make_network

        return make_network, (self.content, self.threads)

    def refuses(self, rate: int) -> str | None:
        """Why it cannot work at ``rate`` hertz; None where it can."""
        return self.contract.refuses(rate)

    def look(self, past: Signal) -> bool:
        """Work out ahead what rests on ``past`` alone; False where that was done, or could not be."""
        if self._find(past) is not None:
            return False
        try:
            known = self._know(past)
        except Exception:  # onnxruntime's have no common base; a loss will show that there is none
            return False
        self._looked = [*self._looked[1 - REMEMBERED :], (past.copy(), known)]
        return True

    def refine(self, block: Block) -> Signal | None:
        """See :class:`plcd.core.refiner.Refiner`; None too where the run was stopped or failed."""
        shown = block.prediction
        if self.contract.noise:
            shown = shown + np.float32(self.contract.noise) * block.innovation
        known = self._find(block.past)
        try:
            result = self._refined(block, shown, self._know(block.past) if known is None else known)
        except StoppedError:
            return None
        except Exception as error:  # as above: whatever it is, the prediction is there
            self.failure = one_line(error)
            return None
        return result

    def stop(self) -> None:
        """End what is running, and give nothing until :meth:`resume`. Any thread."""
        self.stages.stop()

    def resume(self) -> None:
        """Work again."""
        self.stages.resume()

    def _find(self, past: Signal) -> Known | None:
        return next((known for seen, known in self._looked if np.array_equal(seen, past)), None)

    @abstractmethod
    def _know(self, past: Signal) -> Known:
        """What rests on ``past`` alone."""

    @abstractmethod
    def _refined(self, block: Block, shown: Signal, known: Known) -> Signal:
        """``made`` samples, from ``shown`` and the rest."""

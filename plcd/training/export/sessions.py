"""Runs exported files as plcd does live: onnxruntime, few threads, none of them spinning."""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from plcd.training.export.branches import AHEAD

Array = NDArray[np.float32]


def session(model: bytes, threads: int = 1) -> Any:
    """An onnxruntime session with the settings of the daemon."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Stages:
    """A file with one stage or two; :meth:`run` does all of it, :meth:`before` and :meth:`after` one each."""

    def __init__(self, model: bytes, threads: int = 1) -> None:
        self._session = session(model, threads)
        shapes = {entry.name: entry.shape for entry in self._session.get_inputs()}
        self.staged = AHEAD in shapes
        self.inputs = [name for name in shapes if name != AHEAD and not name.startswith("state_")]
        names = [entry.name for entry in self._session.get_outputs()]
        self._states = [name for name in names if self.staged and name.startswith("state_")]
        self._results = [name for name in names if name not in self._states]
        self._idle = (
            {name: _value(np.zeros(shape, np.float32)) for name, shape in shapes.items() if name != AHEAD}
            if self.staged
            else {}
        )
        self._stage = {ahead: _value(np.array(ahead)) for ahead in (True, False)}

    def before(self, sample: dict[str, Array]) -> dict[str, Any]:
        """The first stage: the states, to be given to :meth:`after`."""
        given = {name: _value(array) for name, array in sample.items()}
        feeds = self._idle | given | {AHEAD: self._stage[True]}
        made = self._session.run_with_ort_values(self._states, feeds)
        return {f"{name}_in": value for name, value in zip(self._states, made, strict=True)}

    def after(self, states: dict[str, Any], sample: dict[str, Array]) -> Array:
        """The second stage: the result."""
        given = {name: _value(array) for name, array in sample.items()}
        feeds = self._idle | given | states | {AHEAD: self._stage[False]}
        made = self._session.run_with_ort_values(self._results, feeds)
        result: Array = made[0].numpy()
        return result

    def run(self, sample: dict[str, Array]) -> Array:
        """Everything; ``sample`` has all inputs of both stages."""
        if not self.staged:
            result: Array = self._session.run(self._results, sample)[0]
            return result
        return self.after(self.before(sample), sample)


def _value(array: Any) -> Any:
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))

"""One graph in onnxruntime, set up to run beside real-time audio: as many threads as said, none of them spinning."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plcd.neural.errors import ModelError, one_line

Array = NDArray[np.float32]
_SILENT = 4
"""Log severity: what goes wrong is raised, nothing is printed."""


class StoppedError(Exception):
    """A run was ended before it was done."""


class Session:
    """``content``: a whole ONNX model. Raises ModelError where onnxruntime does not take it.

    Runs are made from one thread at a time; :meth:`stop` may come from any.
    """

    def __init__(self, content: bytes, threads: int = 1) -> None:
        try:
            import onnxruntime  # large, and many daemons run without a network
        except ImportError as error:
            raise ModelError(f"onnxruntime cannot be loaded: {one_line(error)}") from None

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = _SILENT
        for pool in ("intra_op", "inter_op"):
            options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its classes have no common base but this
            raise ModelError(f"onnxruntime does not take it: {one_line(error)}") from None
        self._new_options = onnxruntime.RunOptions
        self._options = self._new_options()
        self._stopped = False

    def run(self, outputs: Sequence[str], feeds: Mapping[str, NDArray[Any]]) -> list[Array]:
        """``outputs`` for ``feeds``. Raises StoppedError, or what onnxruntime raises."""
        options = self._new_options()
        options.log_severity_level = _SILENT
        self._options = options
        if self._stopped:
            raise StoppedError
        try:
            result: list[Array] = self._session.run(list(outputs), dict(feeds), options)
        except Exception:
            if self._stopped:
                raise StoppedError from None
            raise
        return result

    def stop(self) -> None:
        """End the run that is under way, and refuse others until :meth:`resume`."""
        self._stopped = True
        self._options.terminate = True

    def resume(self) -> None:
        """Runs are welcome again."""
        self._stopped = False

"""A network's graph in the stages it comes in: what rests on known samples alone, and the rest.

A file with one stage has the inputs that its kind says and one output. One with two has an input ``ahead`` that chooses the
stage: if true it gives ``state_0``, ``state_1``..., which rest on known samples alone; if false it takes them as
``state_0_in``... and gives the result. All inputs and outputs are there either way; those of the other stage are idle.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from plcd.neural.errors import ModelError
from plcd.neural.onnx_file import OnnxFile
from plcd.neural.session import Array, Session

Shape = tuple[int, ...]
AHEAD: Final = "ahead"


class Stages:
    """``inputs``: names of all inputs of the kind; ``result``: the output's. Raises ModelError where the file has others."""

    def __init__(
        self, content: bytes, file: OnnxFile, stages: int, inputs: set[str], result: str, threads: int
    ) -> None:
        self.two = stages == 2
        states = [f"state_{place}" for place in range(len(file.outputs) - 1)] if self.two else []
        own = {AHEAD, *(f"{state}_in" for state in states)} if self.two else set()
        _expect(set(file.outputs), {result, *states}, "outputs")
        _expect(set(file.inputs), inputs | own, "inputs")
        wrong = [name for name, port in file.inputs.items() if port.truth != (name == AHEAD)]
        if wrong or any(port.truth for port in file.outputs.values()):
            raise ModelError(f"{AHEAD!r}, and no other input or output, is a truth value")
        for state in states:
            if file.outputs[state].shape != file.inputs[f"{state}_in"].shape:
                raise ModelError(f"output {state!r} and input '{state}_in' have different shapes")
        self._states, self._result, self._shape = states, result, file.outputs[result].shape
        self._idle = {
            name: np.zeros(port.shape, dtype=np.float32)
            for name, port in file.inputs.items()
            if name != AHEAD
        }
        self._session = Session(content, threads)

    def first(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The second stage's feeds that rest on known samples alone. Raises StoppedError, or what onnxruntime raises."""
        made = self._session.run(self._states, {**self._idle, **feeds, AHEAD: np.array(True)})
        return {f"{name}_in": state for name, state in zip(self._states, made, strict=True)}

    def second(self, feeds: Mapping[str, Array]) -> Array:
        """The result; raises as :meth:`first`."""
        whole = {**self._idle, **feeds, AHEAD: np.array(False)} if self.two else feeds
        result = self._session.run([self._result], whole)[0]
        if result.shape != self._shape:
            raise ModelError(
                f"{self._result!r} has shape {_text(result.shape)}, not {_text(self._shape)} as it says"
            )
        return result

    def stop(self) -> None:
        """End what is running. Any thread."""
        self._session.stop()

    def resume(self) -> None:
        """Run again."""
        self._session.resume()


def _names(table: Mapping[str, Any] | set[str]) -> str:
    return ", ".join(sorted(table)) or "none"


def _expect(have: set[str], want: set[str], what: str) -> None:
    if have != want:
        raise ModelError(f"its {what} are {_names(have)}; they must be {_names(want)}")


def shape_of(file: OnnxFile, name: str) -> Shape:
    """Of the input or output ``name``. Raises ModelError where there is none."""
    port = file.inputs.get(name) or file.outputs.get(name)
    if port is None:
        raise ModelError(f"no input or output {name!r}; it has {_names({**file.inputs, **file.outputs})}")
    return port.shape


def expect_shape(file: OnnxFile, name: str, shape: Shape) -> None:
    """Raises ModelError where ``name`` has another shape; more axes of 1 before the others are allowed."""
    found = shape_of(file, name)
    if _plain(found) != _plain(shape):
        raise ModelError(f"{name!r} must have shape {_text(shape)}, not {_text(found)}")


def _plain(shape: Shape) -> Shape:
    """Without leading ones."""
    first = next((place for place, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape))

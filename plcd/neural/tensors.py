"""The weights in an ONNX file (``TensorProto``): where their numbers are, and whether all are finite."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from plcd.neural.errors import ModelError
from plcd.neural.protobuf import fields, integers, text

EXTERNAL: Final = 1
"""``data_location``: in another file."""
_FLOAT: Final = {1: "<f4", 10: "<f2", 11: "<f8"}
"""numpy's names of the floating types by ONNX's ``data_type``."""
_BFLOAT16: Final = 16
_WEIGHTS: Final = {*_FLOAT, _BFLOAT16, 2, 3}
"""Types that count as parameters: floating, and 8-bit integers."""
_CHUNK: Final = 1 << 22
"""Bytes tested at a time, so that the test needs no memory to speak of; a multiple of every size."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor, without its numbers."""

    name: str
    shape: tuple[int, ...]
    kind: int

    @property
    def parameters(self) -> int:
        """Numbers in it, if they are weights."""
        return math.prod(self.shape) if self.kind in _WEIGHTS else 0


def read_tensor(message: memoryview) -> Tensor:
    """Raises ModelError for weights in other files, and for NaN or infinity among them."""
    name, kind = "", 0
    shape: list[int] = []
    data: list[memoryview] = []
    halves: list[int] = []
    for number, value in fields(message):
        if number == 1:
            shape += integers(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8:
            name = text(value, "a weight's name")
        elif number in (4, 9, 10) and isinstance(value, memoryview):  # float, raw, double
            data.append(value)
        elif number == 5:  # where float16 and bfloat16 may be too
            halves += integers(value) if kind in (0, 10, _BFLOAT16) else ()
        elif number == 13 or (number == 14 and value == EXTERNAL):
            raise ModelError(f"weight {name!r} lies in another file: export with all weights inside")
    if halves and kind in (10, _BFLOAT16):
        data.append(memoryview(np.array(halves, np.uint32).astype("<u2").tobytes()))
    if not all(_finite(numbers, kind) for numbers in data):
        raise ModelError(f"weight {name!r} holds NaN or infinity")
    if any(size >= 1 << 63 for size in shape):
        raise ModelError(f"weight {name!r} has a negative size")
    return Tensor(name, tuple(shape), kind)


def _finite(numbers: memoryview, kind: int) -> bool:
    """Bytes that are no whole numbers are left to the runtime, which knows how many there should be."""
    for start in range(0, len(numbers), _CHUNK):
        chunk = numbers[start : start + _CHUNK]
        if kind == _BFLOAT16:
            bits = np.frombuffer(chunk[: len(chunk) // 2 * 2], "<u2")
            if np.any(bits & 0x7F80 == 0x7F80):
                return False
        elif kind in _FLOAT:
            size = np.dtype(_FLOAT[kind]).itemsize
            if not np.isfinite(np.frombuffer(chunk[: len(chunk) // size * size], _FLOAT[kind])).all():
                return False
    return True

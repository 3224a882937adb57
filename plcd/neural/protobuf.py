"""As much of the Protocol Buffers wire format as ONNX files need (protobuf.dev, "Encoding")."""

from collections.abc import Iterator
from typing import Final

from plcd.neural.errors import ModelError

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5
_VARINT_BYTES: Final = 10
"""64 bits in groups of 7."""
_SIZES: Final = {FIXED64: 8, FIXED32: 4}

Value = int | memoryview
"""A varint's number; the bytes of everything else."""


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of ``message``, in order. Raises ModelError where it is cut short or no message."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ModelError("not an ONNX file: its fields have no numbers")
        if wire == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if wire == BYTES:
            size, place = _varint(message, place)
        elif wire in _SIZES:
            size = _SIZES[wire]
        else:
            raise ModelError("not an ONNX file: its fields are of no known type")
        if size > len(message) - place:
            raise ModelError("not an ONNX file, or cut short: a field is longer than what is left of it")
        yield number, message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The number that begins at ``place``, and where it ends."""
    number = 0
    for count in range(_VARINT_BYTES):
        if place + count >= len(message):
            raise ModelError("not an ONNX file, or cut short: it ends within a number")
        byte = message[place + count]
        number |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return number & (1 << 64) - 1, place + count + 1
    raise ModelError("not an ONNX file: a number is too long")


def integers(value: Value) -> Iterator[int]:
    """A repeated integer field's values: one, or packed."""
    if isinstance(value, int):
        yield value
        return
    place = 0
    while place < len(value):
        number, place = _varint(value, place)
        yield number


def text(value: Value, what: str) -> str:
    """A string field. Raises ModelError, naming ``what``, where it is none."""
    if isinstance(value, int):
        raise ModelError(f"not an ONNX file: {what} is a number")
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        raise ModelError(f"not an ONNX file: {what} is not UTF-8") from None


def part(value: Value, what: str) -> memoryview:
    """A field that is a message or bytes. Raises ModelError, naming ``what``, where it is a number."""
    if isinstance(value, int):
        raise ModelError(f"not an ONNX file: {what} is a number")
    return value


def field(number: int, value: int | bytes | memoryview) -> bytes:
    """One field as bytes: a varint, or bytes with their length."""
    if isinstance(value, int):
        return _number(number << 3 | VARINT) + _number(value)
    return b"".join((_number(number << 3 | BYTES), _number(len(value)), value))


def _number(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

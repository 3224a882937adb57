"""Reads a TOML table into a frozen dataclass: unknown keys, wrong types and missing values are refused by name."""

import dataclasses
import difflib
import types
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from plcd.training.errors import TrainingError

Table = TypeVar("Table")


def read_table(kind: type[Table], table: object, where: str) -> Table:
    """A ``kind`` (dataclass) from a TOML table. ``where`` names it in messages.

    Fields may be ``int``, ``float``, ``bool``, ``str``, tuples of one of these, dicts from str, or dataclasses. Raises
    TrainingError, also for what the dataclass itself refuses with ValueError.
    """
    if not isinstance(table, dict):
        raise TrainingError(f"{where}: a table is expected, not {table!r}")
    hints = get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(fields)}"
            raise TrainingError(f"{where}: unknown key {key!r}; {hint}")
    values = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _value(hints[name], table[name], f"{where}: {name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise TrainingError(f"{where}: {name!r} is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise TrainingError(f"{where}: {error}") from None


def _value(kind: Any, value: object, where: str) -> object:
    origin, inner = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return read_table(kind, value, where)
    if origin is types.UnionType:  # X | None: a table that need not be there
        return _value(inner[0], value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise TrainingError(f"{where}: a list is expected, not {value!r}")
        return tuple(_value(inner[0], item, where) for item in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise TrainingError(f"{where}: a table is expected, not {value!r}")
        return {key: _value(inner[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Any or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
        return value
    raise TrainingError(f"{where}: {kind.__name__} is expected, not {value!r}")

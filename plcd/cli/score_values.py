"""Scores as plain nested dictionaries, for JSON and tables, and their means over files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from plcd.scoring.score import Scores

Values = dict[str, Any]
"""Names to numbers, to None where there is no finite value, or to the like of this for a group."""


def values(scores: Scores) -> Values:
    """The numbers of ``scores`` under the names of its fields; keys are text."""
    found = asdict(scores)
    del found["notes"]
    return _plain(found)


def means(each: Sequence[Values]) -> Values:
    """Mean of every number over the files that have it; None where none has."""
    names = {name: None for found in each for name in found}
    return {name: _mean([found[name] for found in each if found.get(name) is not None]) for name in names}


def _mean(found: list[Any]) -> Any:
    if not found:
        return None
    return means(found) if isinstance(found[0], dict) else sum(found) / len(found)


def _plain(found: Mapping[Any, Any]) -> Values:
    return {str(name): _number(value) for name, value in found.items()}


def _number(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    return value if value is None or isfinite(value) else None

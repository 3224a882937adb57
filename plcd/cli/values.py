"""Readers of option values: each takes a text, and raises ValueError with what is allowed."""

from collections.abc import Callable


def integer(name: str, low: int, high: int) -> Callable[[str], int]:
    """A whole number."""

    def convert(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"{name} {text!r}: a whole number from {low} to {high}")
        return int(text)

    return convert


def choice(name: str, values: tuple[str, ...]) -> Callable[[str], str]:
    """One of ``values``."""

    def convert(text: str) -> str:
        if text not in values:
            raise ValueError(f"{name} {text!r}: one of {', '.join(values)}")
        return text

    return convert


def lookahead(text: str) -> int | None:
    """Packets; None for auto."""
    return None if text == "auto" else integer("lookahead", 0, 64)(text)

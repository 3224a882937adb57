"""Loss traces as text, in the format of the IEEE-IS2 Music PLC Challenge: one digit a line, 1 = lost."""

import numpy as np

from plcd.core.loss import Flags

_DIGITS = {"0": False, "1": True}


class TraceError(ValueError):
    """A trace that cannot be read, or does not fit its audio. The message says where."""


def parse_trace(text: str) -> Flags:
    """The flags in ``text``, shape ``(lines,)``.

    A line may end in one space; CRLF is taken for a newline; the last line may lack it. Raises TraceError,
    with the number of the line, for anything else.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    flags = np.empty(len(lines), np.bool_)
    for index, line in enumerate(lines):
        digit = line.removesuffix("\r").removesuffix(" ")
        if digit not in _DIGITS:
            shown = digit if len(digit) <= 20 else digit[:20] + "..."
            raise TraceError(f"line {index + 1}: expected 0 or 1, found {shown!r}")
        flags[index] = _DIGITS[digit]
    return flags


def format_trace(flags: Flags) -> str:
    """The text of ``flags``: plain digits, every line ended by a newline."""
    return "".join("1\n" if lost else "0\n" for lost in flags.tolist())


def check_length(flags: Flags, samples: int, packet: int) -> None:
    """Raise TraceError unless the trace has a line for every packet of ``packet`` samples in ``samples``.

    A last packet that is not full may have a line or none.
    """
    whole = samples // packet
    packets = -(-samples // packet)
    if len(flags) not in (whole, packets):
        expected = str(whole) if whole == packets else f"{whole} or {packets}"
        raise TraceError(
            f"the trace has {len(flags)} lines, but {samples} samples in packets of {packet} need {expected}"
        )

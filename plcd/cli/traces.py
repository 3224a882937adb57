"""Trace files, read and written with errors for the user."""

from pathlib import Path

from plcd.cli.errors import CliError, ExitCode
from plcd.core.loss import Flags
from plcd.core.trace import TraceError, format_trace, parse_trace


def read_trace(path: Path | str) -> Flags:
    """The flags in the trace file at ``path``. Raises CliError."""
    try:
        # Bytes that are no text are no digits either: the parser names their line. Line ends are its matter
        # too.
        with open(path, encoding="ascii", errors="replace", newline="") as file:
            return parse_trace(file.read())
    except OSError as error:
        raise CliError(f"cannot read the trace {path}: {error.strerror}", ExitCode.FILE) from None
    except TraceError as error:
        raise CliError(f"trace {path}, {error} (one digit a line, 1 = lost)", ExitCode.FILE) from None


def write_trace(path: Path | str, flags: Flags) -> None:
    """Write ``flags`` to ``path``. Raises CliError."""
    try:
        with open(path, "w", encoding="ascii", newline="") as file:
            file.write(format_trace(flags))
    except OSError as error:
        raise CliError(f"cannot write the trace {path}: {error.strerror}", ExitCode.FILE) from None

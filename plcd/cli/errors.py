"""How a command ends when it cannot go on: one line for the user, and an exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell gets to see."""

    OK = 0
    """Done, or ended by a signal."""
    RUNTIME = 1
    """Failed while running."""
    USAGE = 2
    """A flag or the configuration file."""
    FILE = 3
    """An audio file, a trace or a model."""
    DEVICE = 4
    """A sound device."""
    ADDRESS = 5
    """An address that cannot be read, bound or reached."""


class CliError(Exception):
    """Ends the command. ``message``: one line that says what is wrong and what to do, without a prefix."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.RUNTIME) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code

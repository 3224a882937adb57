"""The command ``plcd``: dispatches, and turns every known failure into one line and an exit code.

Light to import: the commands, and the compiler with them, are loaded once signals and failures are looked after.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from plcd.cli.errors import CliError, ExitCode


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line (the process's, where ``argv`` is None); the exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no helper threads beside a real-time one
    try:
        if argv is None:
            for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have set them to be ignored
                signal.signal(number, _interrupt)
        from plcd.cli import listen
        from plcd.cli.parser import COMMANDS, parse

        args = parse(argv)
        command = COMMANDS.get(args.command)
        return int(command.run(args) if command else listen.run(args))
    except CliError as error:
        print(f"plcd: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        # What stands behind && must not take a restoration that has hardly begun for one that is done.
        begun = (sys.argv[1:] if argv is None else argv)[:1] == ["restore"]
        return int(ExitCode.RUNTIME if begun else ExitCode.OK)
    except BrokenPipeError:
        sys.stderr.close()
        return int(ExitCode.OK)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt

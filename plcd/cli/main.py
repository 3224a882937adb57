"""The command ``plcd``: parses, dispatches, and turns every known failure into one line and an exit code."""

import argparse
import difflib
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from plcd import __version__
from plcd.cli import conceal, keys, listen, send, top
from plcd.cli.errors import CliError, ExitCode

_COMMANDS = {"send": send, "conceal": conceal, "top": top, "keys": keys}


class _Parser(argparse.ArgumentParser):
    """Usage errors in one line."""

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: (--[^\s=]+)", message)
        near = difflib.get_close_matches(unknown[1], _flags(self), 1) if unknown else []
        hint = f"; did you mean {near[0]}?" if near else ""
        raise CliError(f"{message}{hint} ({self.prog} --help)", ExitCode.USAGE)


def _flags(parser: argparse.ArgumentParser) -> set[str]:
    """Every flag of ``parser`` and of its commands."""
    flags: set[str] = set()
    for action in parser._actions:
        flags.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            flags.update(flag for command in action.choices.values() for flag in _flags(command))
    return flags


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="plcd",
        usage="plcd --listen ADDRESS [options]\n       plcd COMMAND ...",
        description="Receive networked music and conceal the packets that are lost: plcd --listen :9000",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"plcd {__version__}")
    listen.add_arguments(parser)
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="other commands", parser_class=_Parser
    )
    for module in _COMMANDS.values():
        module.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # small matrices beside a real-time thread: no helper threads
    try:
        args = _parser().parse_args(argv)
        command = _COMMANDS.get(args.command)
        return int(command.run(args) if command else listen.run(args))
    except CliError as error:
        print(f"plcd: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.OK)
    except BrokenPipeError:
        sys.stderr.close()
        return int(ExitCode.OK)

"""What the command line may say: the daemon's flags, and the other commands with theirs."""

import argparse
import difflib
import sys
from collections.abc import Sequence
from typing import NoReturn

from plcd import __version__
from plcd.cli import (
    capture,
    conceal,
    keys,
    listen,
    models_list,
    replay,
    restore,
    score,
    send,
    synth,
    top,
    train,
)
from plcd.cli.errors import CliError, ExitCode

COMMANDS = {
    "send": send,
    "conceal": conceal,
    "restore": restore,
    "score": score,
    "top": top,
    "capture": capture,
    "replay": replay,
    "keys": keys,
    "models": models_list,
    "train": train,
    "synth": synth,
}


class _Parser(argparse.ArgumentParser):
    """Usage errors in one line."""

    def error(self, message: str) -> NoReturn:
        raise CliError(f"{message} ({self.prog} --help)", ExitCode.USAGE)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """An unknown flag is named before its value is taken for a command."""
        words = list(sys.argv[1:] if args is None else args)
        for word in words:
            flag = word.split("=")[0]
            if word == "--" or word in COMMANDS:
                break
            if flag.startswith("--") and not self._knows(flag):
                near = difflib.get_close_matches(flag, self._flags(), 1)
                self.error(f"unknown flag {flag}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().parse_known_args(words, namespace)

    def _knows(self, flag: str) -> bool:
        return any(known == flag or (self.allow_abbrev and known.startswith(flag)) for known in self._flags())

    def _flags(self) -> set[str]:
        return {flag for action in self._actions for flag in action.option_strings}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, the process's where ``argv`` is None. Raises CliError naming the help that says more."""
    args, unknown = _make_parser().parse_known_args(argv)
    if unknown:
        asked = f"plcd {args.command} --help" if args.command else "plcd --help"
        raise CliError(f"unrecognized arguments: {' '.join(unknown)} ({asked})", ExitCode.USAGE)
    return args


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="plcd",
        usage="plcd --listen ADDRESS [options]\n       plcd COMMAND ...",
        description="Receive networked music and conceal the packets that are lost: plcd --listen :9000",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"plcd {__version__}")
    listen.add_arguments(parser)
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="other commands", prog="plcd", parser_class=_Parser
    )
    for module in COMMANDS.values():
        module.add_parser(subparsers)
    return parser

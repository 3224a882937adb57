"""``plcd keys``: the keys that control over a network needs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plcd.cli.errors import CliError, ExitCode
from plcd.io.control_errors import ControlEndpointError
from plcd.io.control_keys import create_keys

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "keys",
        help="make keys for control over a network",
        description="Make CURVE keys for --control-keys DIR: those of a daemon and of one client. "
        "A client on another machine needs DIR/server.key and DIR/client.key_secret. Nothing is overwritten.",
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="where they go; made if it is missing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make them and print their paths. Raises CliError (3) where one exists already or cannot be written."""
    try:
        paths = create_keys(args.directory)
    except ControlEndpointError as error:
        raise CliError(str(error), ExitCode.FILE) from error
    for path in paths:
        print(path)
    return ExitCode.OK

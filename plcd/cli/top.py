"""``plcd top``: a terminal view of a running daemon."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.top_rows import rows
from plcd.io.control_client import ControlClient
from plcd.io.control_endpoint import ControlEndpoint, find_daemons, named_endpoint
from plcd.io.control_errors import ControlEndpointError, ControlError, ControlUnavailableError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

PATIENCE_S = 1.0
"""Ten snapshots that did not come: the daemon is gone, or stuck."""

BAR_WIDTH = 24


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "top",
        help="watch a running daemon",
        description="A live view of a running daemon: buffer, losses, concealment times. "
        "Prints one plain snapshot where the output is no terminal.",
    )
    parser.add_argument(
        "--control",
        metavar="ENDPOINT",
        help="ipc:///PATH or tcp://HOST:PORT (default: the one daemon of this user that runs)",
    )
    parser.add_argument(
        "--control-keys",
        metavar="DIR",
        type=Path,
        help="keys made by plcd keys, for a daemon that wants them",
    )
    parser.add_argument("--once", action="store_true", help="print one plain snapshot and end")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the daemon until interrupted, or once.

    Raises CliError: 2 for an endpoint or keys that cannot be used, or several daemons to choose from; 1 where none runs.
    """
    try:
        endpoint = _choose(args.control)
        client = ControlClient(endpoint, args.control_keys)
    except ControlEndpointError as error:
        raise CliError(str(error), ExitCode.USAGE) from error
    try:
        with client:
            if args.once or not sys.stdout.isatty():
                _print_once(client)
            else:
                _follow(client, Console())
    except KeyboardInterrupt:
        pass
    return ExitCode.OK


def _choose(named: str | None) -> ControlEndpoint:
    if named is not None:
        return named_endpoint(named)
    if os.name == "nt":
        raise ControlEndpointError("name the daemon with --control tcp://127.0.0.1:PORT")
    found = find_daemons()
    if not found:
        raise CliError(
            "no daemon of this user runs: start one with plcd --listen :9000, or name one with --control"
        )
    if len(found) > 1:
        raise ControlEndpointError(
            f"{len(found)} daemons run, choose one with --control: {', '.join(map(str, found))}"
        )
    return found[0]


def _print_once(client: ControlClient) -> None:
    try:
        snapshot = client.request("stats")["stats"]
    except (ControlError, ControlUnavailableError) as error:
        raise CliError(str(error)) from error
    if not isinstance(snapshot, Mapping):
        raise CliError(f"what answers at {client.endpoint} is not plcd")
    print(plain(snapshot))


def _follow(client: ControlClient, console: Console) -> None:
    snapshot: Mapping[str, Any] = {}
    with Live(console=console, screen=True, auto_refresh=False) as live:
        live.update(view(client.endpoint, snapshot, "waiting for the daemon"), refresh=True)
        while True:
            try:
                newest = client.next_snapshot(PATIENCE_S)
                notice = "no daemon answers; waiting for its return" if newest is None else ""
            except ControlUnavailableError as error:
                newest, notice = None, str(error)
            snapshot = snapshot if newest is None else newest
            live.update(view(client.endpoint, snapshot, notice), refresh=True)


def plain(snapshot: Mapping[str, Any]) -> str:
    """The snapshot as lines of text."""
    return "\n".join(f"{row.label:<12} {row.value}".rstrip() for row in rows(snapshot))


def view(endpoint: ControlEndpoint, snapshot: Mapping[str, Any], notice: str) -> RenderableType:
    """The snapshot as the live view shows it; pale, with the notice, when it is an old one."""
    head = Group(Text.assemble(("plcd top", "bold"), f"  {endpoint}"), Text(notice, style="bold red"))
    if not snapshot:
        return head
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(width=BAR_WIDTH)
    table.add_column(overflow="fold")
    for row in rows(snapshot):
        bar: RenderableType = ""
        if row.share is not None:
            completed = min(max(row.share, 0.0), 1.0)
            bar = ProgressBar(1.0, completed, width=BAR_WIDTH, complete_style="green", finished_style="green")
        style = "bold red" if row.alarm else ""
        table.add_row(row.label, bar, Text(row.value, style=style), style="dim" if notice else "")
    return Group(head, table, "", Text("Ctrl-C ends this view, not the daemon", style="dim"))

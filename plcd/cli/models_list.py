"""``plcd models``: the networks that ship, and whether a file is one that plcd runs."""

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.models_restore import find_restore, load_restore, restore_cost, restore_paths
from plcd.core.refiner import own_predictor

if TYPE_CHECKING:
    from plcd.neural.network import Network

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_NOTED = re.compile(r"^(Parameters|Scores): *(.+)$", re.MULTILINE)
"""Lines of a card that are shown beside its network."""
WIDTH = 1000
"""At most so many columns where there is no terminal: words and messages stay whole."""


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "models",
        help="list the networks that ship, or check one of your own",
        description="List the networks that ship, with what one packet of one channel costs on this machine: all "
        "of it, and what is left to do once the packet is known to be lost.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    check = actions.add_parser(
        "check",
        help="does FILE keep the contract of docs/models.md? 0: yes; 3: no, and why not",
        description="Load FILE as --model would, run it, and say what it is, or why plcd does not run it (exit code 3).",
    )
    check.add_argument("file", metavar="FILE", help="an ONNX file, or the name of a network that ships")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List or check. Raises CliError (3) for a file that is no such network."""
    if args.action == "check":
        return _check(args.file)
    from plcd.neural.shipped import default_name, models_folder, shipped

    names = shipped()
    if not names:
        print(f"no networks ship with this version ({models_folder()}); --model FILE runs one of your own")
        return ExitCode.OK
    table = _table()
    _list(table, [models_folder() / f"{name}.onnx" for name in names], default_name())
    _list_restore(table)
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table)
    return ExitCode.OK


def _check(file: str) -> int:
    from plcd.neural.errors import ModelError
    from plcd.neural.shipped import find_model

    if (restore := find_restore(file)) is not None:
        return _check_restore(restore)
    try:
        path = find_model(file)
    except ModelError as error:
        raise CliError(f"model {error}", ExitCode.FILE) from None
    network = _loaded(path)
    contract, own = network.contract, own_predictor(network)
    _say_kept(path, f"{contract.name}, {contract.kind}, {contract.stages} stage(s)", network.parameters)
    print(
        f"  made for {contract.rate} Hz, sees {contract.context} samples and {contract.horizon} predicted, makes "
        f"{contract.made} for blocks of {contract.block}"
    )
    taken = "" if own is None else ", which --predictor auto takes with it"
    print(f"  trained on the predictor {contract.predictor}, noise {contract.noise:g}{taken}")
    print(f"  here: {_cost(network)}")
    return ExitCode.OK


def _check_restore(path: Path) -> int:
    from plcd.neural.spectrogram import KIND

    network = load_restore(path)
    _say_kept(path, f"{network.values.get('name', path.stem)}, {KIND}", network.parameters)
    print(f"  here: {restore_cost(network)}")
    return ExitCode.OK


def _say_kept(path: Path, what: str, parameters: int) -> None:
    print(f"{path}: keeps the contract")
    print(f"  {what}, {_noted(path).get('Parameters') or f'{parameters:,}'} parameters")


def _table() -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "kind", "size", "parameters", "here", "scores"):
        table.add_column(title, overflow="fold")
    return table


def _list(table: Table, paths: list[Path], default: str | None) -> None:
    for path in paths:
        name = f"{path.stem} (default)" if path.stem == default else path.stem
        with _or_failure(table, name, "", path):
            network = _loaded(path)
            _row(table, name, path, network.kind, network.parameters, _cost(network))


def _list_restore(table: Table) -> None:
    from plcd.neural.spectrogram import KIND

    for path in restore_paths():
        with _or_failure(table, path.stem, KIND, path):
            network = load_restore(path)
            _row(table, path.stem, path, KIND, network.parameters, restore_cost(network))


@contextmanager
def _or_failure(table: Table, name: str, kind: str, path: Path) -> Iterator[None]:
    """A network that cannot be run is a row that says why."""
    try:
        yield
    except CliError as error:
        table.add_row(escape(name), kind, _size(path), "", "", escape(error.message))


def _row(table: Table, name: str, path: Path, kind: str, parameters: int, cost: str) -> None:
    noted = _noted(path)
    cells = (name, kind, _size(path), noted.get("Parameters", f"{parameters:,}"), cost)
    table.add_row(*(escape(cell) for cell in (*cells, noted.get("Scores", "none in its card"))))


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


def _noted(path: Path) -> dict[str, str]:
    return dict(_NOTED.findall(_card(path)))


def _loaded(path: Path) -> "Network[Any]":
    from plcd.neural.errors import ModelError
    from plcd.neural.loading import load

    try:
        return load(path)
    except ModelError as error:
        raise CliError(f"model {path}: {error}", ExitCode.FILE) from None


def _card(path: Path) -> str:
    """What lies beside the network; empty where nothing does."""
    card = path.with_suffix(".md")
    try:
        return card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _cost(network: "Network[Any]") -> str:
    from plcd.neural.runner import Runner

    runner = Runner(network)
    runner.warm()
    runner.close()
    return f"{1000 * runner.whole_s:.1f} ms a packet, {1000 * runner.after_s:.1f} ms of them after the loss"

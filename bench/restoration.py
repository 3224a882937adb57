"""Compares methods of restoration on known gaps of 12, 23, 46 and 80 ms with the causal concealer.

Interrupted, the same command goes on where it was.
"""

import argparse
import shlex
import sys
from concurrent.futures import as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from comparison.clips import read_clips
from comparison.fingerprint import PACKAGES, version
from comparison.pools import local_pool
from comparison.work import counting, say
from machine import describe
from repairs.cell import Cell, Result, Store, key_of, run_cell
from repairs.gaps import LENGTHS, PACKET
from repairs.methods import find_repairs
from repairs.table import markdown

from plcd.cli.errors import CliError, ExitCode
from plcd.restoration.errors import RestorationError
from plcd.restoration.methods import Options

BENCH = Path(__file__).resolve().parent
PAGE = BENCH / "RESTORATION.md"


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=BENCH / "data" / "dev", help="folder of clips")
    parser.add_argument("--methods", default="all", help="comma-separated, or all (those installed)")
    parser.add_argument("--gaps", default=",".join(map(str, LENGTHS)), help="lengths in ms (%(default)s)")
    parser.add_argument("--clips", type=int, default=0, help="only the first so many; 0: all")
    parser.add_argument("--every", type=int, default=1, help="only every so many of them (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each clip (%(default)g)")
    parser.add_argument("--draws", type=int, default=5, help="of the gaps' places, each clip (%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for deep-prior")
    parser.add_argument("--steps", type=int, help="for deep-prior")
    parser.add_argument("--jobs", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out/restoration"), help="where results are kept")
    parser.add_argument("--write", action="store_true", help="write the page")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to (bench/RESTORATION.md)")
    args = parser.parse_args(arguments)
    try:
        return _run(args, sys.argv[1:] if arguments is None else arguments)
    except (CliError, RestorationError) as error:
        say(f"restoration: {error}")
        return int(error.exit_code) if isinstance(error, CliError) else int(ExitCode.FILE)
    except KeyboardInterrupt:
        say(
            f"restoration: interrupted; what is finished is kept in {args.out}, the same command goes on from there"
        )
        return 130


def _run(args: argparse.Namespace, command: list[str]) -> int:
    lengths = [int(text) if text.isdecimal() else 0 for text in args.gaps.split(",")]
    if not set(lengths) <= set(LENGTHS):
        raise CliError(f"--gaps {args.gaps}: of {', '.join(map(str, LENGTHS))}", ExitCode.USAGE)
    if args.draws < 1:
        raise CliError(f"--draws {args.draws}: at least 1", ExitCode.USAGE)
    options = Options(args.device, args.steps)
    repairs = find_repairs(args.methods, options)
    clips = read_clips(args.data, PACKET, args.seconds, lambda error: say(f"restoration: {error}; left out"))
    clips = clips[: args.clips or None : max(1, args.every)]
    store = Store(args.out)
    cells = [
        Cell(clip, length, repair.name, options, key_of(clip, length, repair.identity, draw), draw)
        for draw in range(args.draws)
        for clip in clips
        for length in lengths
        for repair in repairs
    ]
    failed = _work(cells, store, args.jobs)
    results = [result for cell in cells if (result := store.get(cell.key)) is not None]
    if not results:
        raise CliError("every cell failed")
    text = markdown(results, repairs, args.seconds, args.draws)
    print(text)
    if args.write:
        args.page.write_text(_header(command) + text, encoding="utf-8")
    return int(ExitCode.RUNTIME if failed else ExitCode.OK)


def _work(cells: list[Cell], store: Store, jobs: int) -> int:
    """Run what is not in the store yet; how many failed."""
    left = [cell for cell in cells if store.get(cell.key) is None]
    failed = 0
    if not left:
        return failed
    with local_pool(jobs) as pool, counting(len(left)) as advance:
        running = {pool.submit(run_cell, cell): cell for cell in left}
        for future in as_completed(running):
            cell = running[future]
            name = f"{cell.clip.name}, {cell.length} ms, {cell.method}, draw {cell.draw}"
            try:
                result: Result = future.result()
            except Exception as error:  # whatever a method raises is its own failure
                failed += 1
                say(f"restoration: failed: {name}: {type(error).__name__}: {error}".splitlines()[0])
            else:
                store.add(result)
            advance(name)
    return failed


def _header(command: list[str]) -> str:
    versions = {name: version(name) for name in PACKAGES}
    machine = ", ".join(f"{name} {value}" for name, value in {**describe(), **versions}.items())
    return "\n".join(
        (
            "# How well recordings are restored",
            "",
            f"Regenerated by `python bench/restoration.py {shlex.join(command)}`; see ../docs/restoration.md.",
            "",
            f"Machine: {machine}.",
            "",
            "",
        )
    )


if __name__ == "__main__":
    sys.exit(main())

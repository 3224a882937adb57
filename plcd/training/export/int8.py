"""``python -m plcd.training.export.int8 IN.onnx OUT.onnx --data DIR``: a float32 file as int8, calibrated on recordings."""

import argparse
import sys
from pathlib import Path

from plcd.training.errors import TrainingError
from plcd.training.export.export import feeds
from plcd.training.export.frames import frames
from plcd.training.export.quantise import agreement_db, quantise
from plcd.training.export.store import contract_of, load, save

_CHECKED = 16
"""Frames that are not calibrated on, for the figure that is printed."""


def convert(
    source: Path, target: Path, folders: list[Path], count: int = 96, method: str = "minmax"
) -> float:
    """Write ``target``; returns by how many dB the results exceed their difference, on frames not calibrated on.

    Raises TrainingError for files, folders and contracts that will not do.
    """
    model = load(source)
    contract = contract_of(model)
    shown = frames(contract, folders, count + _CHECKED, lambda text: print(text, file=sys.stderr))
    given = [feeds(contract, [frame], ["context"]) for frame in shown]
    made = quantise(model, given[:count], method)
    save(made, target)
    return agreement_db(model, made, given[count:])


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m plcd.training.export.int8", description=__doc__)
    parser.add_argument("source", type=Path, metavar="IN.onnx", help="a float32 file in two stages")
    parser.add_argument("target", type=Path, metavar="OUT.onnx", help="where the int8 file goes")
    parser.add_argument(
        "--data", type=Path, action="append", required=True, help="folder of recordings (repeatable)"
    )
    parser.add_argument("--frames", type=int, default=96, help="frames to calibrate on [96]")
    parser.add_argument(
        "--method", choices=("minmax", "percentile"), default="minmax", help="range of activations [minmax]"
    )
    args = parser.parse_args()
    try:
        agreement = convert(args.source, args.target, args.data, args.frames, args.method)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    size = args.target.stat().st_size / 1e6
    print(
        f"{args.target}: {size:.1f} MB; its results differ from float32 by {-agreement:.1f} dB on frames not calibrated on"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

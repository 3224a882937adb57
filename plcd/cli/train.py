"""``plcd train``: trains a network from a recipe and folders of audio. PyTorch is loaded when the command runs."""

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from plcd.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_NEEDED = ("torch", "lightning", "tensorboard", "soxr", "onnx", "onnxruntime", "scipy")


def add_parser(subparsers: "Subparsers") -> None:
    """Declare the command and its flags; ``args.run`` becomes :func:`run`."""
    parser = subparsers.add_parser(
        "train",
        help="train a network, or adapt one to your own recordings",
        description="Train a network from a recipe and any audio (WAV, FLAC, OGG; any rate, any channels). Recordings are "
        "cut into holes by plcd itself, under random loss. Progress, TensorBoard logs, scores and the model go to --out. "
        "docs/training.md leads from an empty folder to a model.",
    )
    parser.add_argument(
        "recipe", metavar="RECIPE", help="name of a recipe, or a TOML file; 'list' shows those there are"
    )
    parser.add_argument(
        "--data",
        metavar="DIR[=WEIGHT]",
        action="append",
        nargs="+",
        default=[],
        help="folders with audio; with a weight its files are drawn more or less often (notes=0.2)",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="where everything goes (default: out/RECIPE)")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint in --out, exactly"
    )
    parser.add_argument(
        "--finetune",
        metavar="FILE",
        type=Path,
        help="adapt this model (.onnx, .npz or .ckpt) to --data, in minutes",
    )
    parser.add_argument(
        "--init",
        metavar="FILE",
        type=Path,
        help="begin a whole training with these weights instead of random ones",
    )
    parser.add_argument(
        "--loss", metavar="NAME", help="another of the recipe's sets of losses, such as codec"
    )
    parser.add_argument(
        "--codec",
        metavar="FILE",
        type=Path,
        help="for --loss codec, and codec-testbed: a net made by plcd train codec-magnitude (or codec-time)",
    )
    parser.add_argument(
        "--steps", metavar="N", type=_positive, help="how long, in steps (default: the recipe's)"
    )
    parser.add_argument(
        "--batch", metavar="N", type=_positive, help="examples of a step (default: the recipe's, its paper's)"
    )
    parser.add_argument(
        "--max-minutes", metavar="M", type=float, default=0.0, help="end after so many minutes at the latest"
    )
    parser.add_argument(
        "--validate-every",
        metavar="N",
        type=_positive,
        help="steps between two looks (default: the recipe's)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of everything random (default: %(default)s)"
    )
    parser.add_argument(
        "--threads", metavar="N", type=_positive, help="that PyTorch computes with on a processor"
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="processes that cut examples; 0: the training itself does (default: all processors but one)",
    )
    parser.add_argument(
        "--devices", metavar="N", type=_positive, default=1, help="GPUs (or processes) of each machine"
    )
    parser.add_argument("--num-nodes", metavar="N", type=_positive, default=1, help="machines")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; a training that a signal ended has saved where it was.

    Raises CliError: usage (2), data, recipe or files (3), packages that are missing (1).
    """
    from plcd.training.errors import TrainingError
    from plcd.training.recipe import read_recipe, recipe_names

    if args.recipe == "list":
        for name in recipe_names():
            print(f"{name:20} {read_recipe(name).about}")
        return int(ExitCode.OK)
    data = tuple(folder for group in args.data for folder in group)
    _check(args, data)
    try:
        read_recipe(args.recipe)  # a wrong name is told before anything is missing
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise CliError(
                f"plcd train needs {', '.join(missing)}: pip install '.[train]' in plcd's folder (docs/training.md)"
            )
        from plcd.training.run import Options, train

        options = Options(
            recipe=args.recipe,
            data=data,
            out=args.out,
            resume=args.resume,
            devices=args.devices,
            nodes=args.num_nodes,
            finetune=args.finetune,
            init=args.init,
            max_minutes=args.max_minutes,
            steps=args.steps,
            threads=args.threads,
            workers=args.workers,
            seed=args.seed,
            loss=args.loss,
            codec=args.codec,
            batch=args.batch,
            validate_every=args.validate_every,
        )
        result = train(options)
        if result.first:
            print(result.model)
    except TrainingError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    return int(ExitCode.OK)


def _check(args: argparse.Namespace, data: tuple[str, ...]) -> None:
    if not data:
        raise CliError("no data: say --data DIR, a folder with WAV, FLAC or OGG files", ExitCode.USAGE)
    if args.finetune and args.init:
        raise CliError("--finetune and --init both say where to start: choose one", ExitCode.USAGE)
    if not args.max_minutes >= 0:
        raise CliError(f"--max-minutes {args.max_minutes:g}: a time is not negative", ExitCode.USAGE)
    if args.seed < 0:
        raise CliError(f"--seed {args.seed}: must not be negative", ExitCode.USAGE)
    if args.workers is not None and args.workers < 0:
        raise CliError(f"--workers {args.workers}: must not be negative", ExitCode.USAGE)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return value

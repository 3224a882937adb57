"""How well a network that has learned nothing fills gaps: Fig. 6 and Fig. 8 of Miotello et al. 2023 on clips of bench/data.

    python bench/deep_prior.py --figure6              # three networks on one clip of 3 s, 1000 steps: hours of one core
    python bench/deep_prior.py --figure8              # four clips with 400 ms of gaps: three hours of one core
    python bench/deep_prior.py --write                # pictures and bench/DEEP_PRIOR.md from what is there

Stop it with Ctrl-C whenever you like: the same command goes on. Needs PyTorch and soxr (make setup-train); ``--write`` needs
matplotlib instead (make setup).
"""

import argparse
import math
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from inpainting.clips import CLIPS, SECONDS, read_clip
from inpainting.runs import Job, Point, run
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from plcd.cli.errors import CliError

ROOT = Path(__file__).parents[1]
GAPS_S = 0.4
SMALL_S, SMALL_GAPS_S = 1.0, 0.12


def jobs_of(arguments: argparse.Namespace) -> list[Job]:
    """What is to be fitted, the first first."""

    def job(figure: str, clip: str, network: str, steps: int, minutes: float, guided: bool = False) -> Job:
        gaps_s = SMALL_GAPS_S if figure == "small" else GAPS_S
        seconds = SMALL_S if figure == "small" else SECONDS
        folder = arguments.out / figure
        heard = read_clip(clip, gaps_s, seconds)
        return Job(heard, network, steps, 60 * minutes, not arguments.float32, folder, guided)

    jobs = []
    if arguments.small:
        jobs += [job("small", c, n, arguments.steps, math.inf) for c in CLIPS for n in ("unet", "harmonic")]
    if arguments.figure6:
        jobs += [
            job("figure6", "piano", network, arguments.steps, math.inf)
            for network in ("unet", "multires", "harmonic")
        ]
    if arguments.figure8:
        for clip in CLIPS:
            for network in ("harmonic", "unet"):
                jobs.append(job("figure8", clip, network, 5000, arguments.minutes))
                jobs.append(job("figure8", clip, network, 5000, arguments.guided_minutes, guided=True))
    return [job for job in jobs if not job.spent]


def show(job: Job, progress: Progress) -> None:
    """Run it with a bar: steps or processor time, whichever ends it."""
    by_time = math.isfinite(job.seconds)
    task = progress.add_task(job.name, total=job.seconds if by_time else job.steps, state="")

    def seen(point: Point) -> None:
        db = 10 * math.log10(max(point.mean, 1e-12))
        progress.update(
            task,
            completed=point.seconds if by_time else point.step,
            state=f"step {point.step}, in gaps {db:.1f} dB, {point.seconds / point.step:.2f} s a step",
        )
        if not progress.console.is_terminal and point.step % 25 == 1:
            progress.console.print(
                f"{job.name}: step {point.step}, {point.seconds:.0f} s, in gaps {db:.2f} dB"
            )

    run(job, seen)
    progress.remove_task(task)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="four clips of 1 s, harmonic network and U-Net")
    parser.add_argument("--figure6", action="store_true")
    parser.add_argument("--figure8", action="store_true")
    parser.add_argument(
        "--minutes",
        type=float,
        default=20.0,
        help="processor time of a fit of --figure8 out of noise (20)",
    )
    parser.add_argument(
        "--guided-minutes", type=float, default=1.5, help="the same where autoregression guides (1.5)"
    )
    parser.add_argument("--steps", type=int, default=1000, help="of a fit of --figure6 and --small (1000)")
    parser.add_argument("--float32", action="store_true", help="without half precision: twice the time")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "deep-prior")
    parser.add_argument("--write", action="store_true", help="bench/DEEP_PRIOR.md and its pictures")
    arguments = parser.parse_args()
    if arguments.write:
        from inpainting.page import write

        try:
            write(arguments.out, ROOT)
        except (CliError, OSError) as error:
            print(f"deep_prior: {error}", file=sys.stderr)
            return 3
        return 0
    if not (arguments.small or arguments.figure6 or arguments.figure8):
        parser.error("say --small, --figure6, --figure8 or --write")
    import torch

    torch.set_num_threads(1)
    jobs = jobs_of(arguments)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
    console = Console(stderr=True, soft_wrap=True)
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        for number, job in enumerate(jobs):
            console.print(f"fit {number + 1} of {len(jobs)}: {job.name}")
            try:
                show(job, progress)
            except KeyboardInterrupt:
                console.print(f"stopped; kept in {os.path.relpath(arguments.out)}: the same command goes on")
                return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

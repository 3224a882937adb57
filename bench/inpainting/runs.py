"""Fits whose every few steps are measured against the truth, kept so that they can be stopped at any time and go on."""

import csv
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from machine import describe

from inpainting.clips import RATE, Clip, error_ratio

EVERY = 5
"""Steps between two measurements."""
_STORED_EVERY_S = 120.0


@dataclass(frozen=True, slots=True)
class Point:
    """A fit after ``step`` steps and ``seconds`` of processor time."""

    step: int
    seconds: float
    loss: float
    """Eq. 9 on what is known."""
    missing_loss: float
    """Eq. 9 on the frames that gaps spoil, against the truth."""
    said: float
    """Error over energy in the gaps, of what the network said in this step."""
    mean: float
    """The same of the mean of its steps."""


@dataclass(frozen=True, slots=True)
class Job:
    """One fit: of ``network`` to ``clip``, until ``steps`` or ``seconds`` of processor time are spent.

    Not ``guided``: out of noise alone, as in the paper.
    """

    clip: Clip
    network: str
    steps: int
    seconds: float
    bfloat16: bool
    folder: Path
    guided: bool = False

    @property
    def name(self) -> str:
        return (
            f"{self.clip.name}-{self.network}"
            f"{'-guided' if self.guided else ''}{'' if self.bfloat16 else '-float32'}"
        )

    @property
    def spent(self) -> bool:
        """Whether so many steps or seconds were taken already."""
        if not self.result.exists():
            return False
        done = json.loads(self.result.read_text(encoding="utf-8"))
        return bool(done["step"] >= self.steps or done["seconds"] >= self.seconds)

    @property
    def curve(self) -> Path:
        return self.folder / f"{self.name}.csv"

    @property
    def result(self) -> Path:
        return self.folder / f"{self.name}.json"


def run(job: Job, seen: Callable[[Point], None]) -> None:
    """Fit, or go on; nothing to do where ``job.result`` says that so many steps or seconds were spent."""
    from plcd.restoration.deep_prior import checkpoints
    from plcd.restoration.deep_prior.fitting import Fit, Settings
    from plcd.restoration.deep_prior.hidden import interpolated
    from plcd.restoration.deep_prior.loss import Loss

    clip = job.clip
    settings = Settings(job.network, hold_out=False, guided=job.guided, bfloat16=job.bfloat16)
    fit = Fit(clip.audio, clip.missing, RATE, settings)
    truth = fit.frames.forward(clip.audio / fit.scale)
    spoilt = ~fit.frames.present(clip.missing)
    spoilt[fit.frames.used :] = False
    against_truth = Loss(fit.frames, truth, spoilt)
    file = job.folder / f"{job.name}.ckpt"
    points: list[Point] = []
    spent = 0.0
    if (state := checkpoints.load(file)) is not None:
        fit.restore(state["fit"])
        spent = float(state["seconds"])
        points = [point for point in read_curve(job.curve) if point.step <= fit.done]
    stored = time.monotonic()

    def keep() -> None:
        checkpoints.save({"fit": fit.state(), "seconds": spent}, file)
        write_curve(job.curve, points)

    def ratio(estimate: np.ndarray) -> float:
        return error_ratio(clip.audio[clip.missing], estimate[clip.missing])

    try:
        while fit.done < job.steps and spent < job.seconds:
            begun = time.process_time()
            step = fit.step()
            spent += time.process_time() - begun
            if step.number % EVERY == 1 or step.number == job.steps:
                point = Point(
                    step.number,
                    round(spent, 2),
                    step.loss,
                    float(against_truth(fit.said)),
                    ratio(fit.samples(fit.said)),
                    ratio(fit.samples(fit.mean())),
                )
                points.append(point)
                seen(point)
            if time.monotonic() - stored > _STORED_EVERY_S:
                keep()
                stored = time.monotonic()
    finally:
        if fit.whole and fit.done:
            keep()
    mean, answer = fit.samples(fit.mean()), fit.samples(fit.answer())
    inside = clip.missing
    machine = describe()
    results: dict[str, Any] = {
        "step": fit.done,
        "seconds": round(spent, 1),
        "machine": f"{machine['processor']} ({machine['vector']})",
        "date": machine["date"],
    }
    autoregressive = interpolated(np.where(inside, 0.0, clip.audio), inside, RATE, 0.0)
    for name, estimate in (("mean", mean), ("answer", answer), ("ar", autoregressive)):
        results[f"{name}_missing"] = ratio(estimate)
        results[f"{name}_total"] = error_ratio(clip.audio, estimate)
    results["zero_total"] = error_ratio(clip.audio, np.where(inside, 0.0, clip.audio))
    job.result.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    np.save(job.folder / f"{job.name}.npy", mean.astype(np.float32))


def read_curve(file: Path) -> list[Point]:
    """The points of :func:`write_curve`; none where there is no file."""
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as text:
        return [
            Point(int(row["step"]), *(float(row[name]) for name in list(row)[1:]))
            for row in csv.DictReader(text)
        ]


def write_curve(file: Path, points: list[Point]) -> None:
    """A row a point."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    with partial.open("w", encoding="utf-8", newline="") as text:
        table = csv.DictWriter(text, list(asdict(Point(0, *[math.nan] * 5))), lineterminator="\n")
        table.writeheader()
        for point in points:
            table.writerow({k: f"{v:.6g}" for k, v in asdict(point).items()})
    partial.replace(file)

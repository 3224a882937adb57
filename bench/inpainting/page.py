"""What the fits gave: curves as pictures, tables as bench/DEEP_PRIOR.md."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

from comparison.plots import new_figure, save

from inpainting.clips import CLIPS, decibels
from inpainting.runs import Point, read_curve

NAMES = {"harmonic": "harmonic MultiResUNet", "multires": "MultiResUNet", "unet": "U-Net"}
GUIDED = ", guided"
NUMBERS = {"figure6": "Fig. 6", "figure8": "Fig. 8"}
COLOURS = {"harmonic": "#c8442f", "multires": "#e08a1e", "unet": "#2f6fb0", "interpolate": "#5a8f5a"}


def write(out: Path, root: Path) -> None:
    """Read ``out`` as bench/deep_prior.py leaves it, write what is there. Raises OSError, CliError."""
    curves = root / "bench" / "deep_prior_curves"
    parts = [_HEAD]
    measured: dict[str, set[str]] = {}
    for figure, draw in (("figure6", _figure6), ("figure8", _figure8)):
        runs = _runs(out / figure, curves / figure)
        if runs:
            parts.append(draw(runs, root / "docs" / f"deep-prior-{figure}.png"))
        for name, run in runs.items():
            if result := run["result"]:
                where = f"{result['machine']}, {result['date']}"
                measured.setdefault(where, set()).add(f"{_called(name)} of {NUMBERS[figure]}")
    parts.append("Measured on one core, seconds of processor time:\n")
    parts += [f"- {where}: {'; '.join(sorted(fits))}" for where, fits in sorted(measured.items())]
    parts.append("")
    (root / "bench" / "DEEP_PRIOR.md").write_text("\n".join(parts), encoding="utf-8")


_HEAD = """# Deep prior: curves and errors

Written by `bench/deep_prior.py --write` from `bench/deep_prior_curves`. What is compared and why:
[docs/restoration.md](../docs/restoration.md). NMSE is error over energy in dB (eq. 16 of Miotello et al. 2023): zero fill has 0,
lower is better. Networks are asked with noise, as in the paper, and *guided* with two-sided autoregression's filling, as
`plcd restore` does. Steps are the paper's but for Adam at 0.001; *mean* is of the steps, recent ones weighing most.
"""


def _runs(out: Path, kept: Path) -> dict[str, dict[str, Any]]:
    """Curve and result of each fit by name: what is new in ``out`` is copied to ``kept`` first."""
    for file in sorted(out.glob("*.csv")) + sorted(out.glob("*.json")):
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, kept / file.name)
    found = {}
    for file in sorted(kept.glob("*.csv")):
        result = file.with_suffix(".json")
        found[file.stem] = {
            "points": read_curve(file),
            "result": json.loads(result.read_text(encoding="utf-8")) if result.is_file() else None,
        }
    return found


def _network(name: str) -> str:
    return name.split("-")[1]


def _called(name: str) -> str:
    return NAMES[_network(name)] + (GUIDED if name.endswith("-guided") else "")


def _figure6(runs: dict[str, dict[str, Any]], picture: Path) -> str:
    figure = new_figure(11, 3.6)
    panels = figure.subplots(1, 3)
    rows = []
    for name, run in sorted(runs.items()):
        points: list[Point] = run["points"]
        steps = [p.step for p in points]
        paper = name.endswith("-paper")
        style: dict[str, Any] = {
            "color": COLOURS[_network(name)],
            "lw": 1.2,
            "ls": ":" if paper else "-",
            "label": NAMES[_network(name)] + (", 0.01" if paper else ""),
        }
        panels[0].plot(steps, [p.loss for p in points], **style)
        panels[1].plot(steps, [p.missing_loss for p in points], **style)
        panels[2].plot(steps, [10 * math.log10(p.mean) for p in points], **style)
        last = points[-1]
        best = min(points, key=lambda p: p.mean)
        rows.append(
            f"| {style['label']} | {last.step} | {last.loss:.3f} | {last.missing_loss:.3f} "
            f"| {10 * math.log10(last.said):.2f} | {10 * math.log10(last.mean):.2f} "
            f"| {10 * math.log10(best.mean):.2f} at {best.step} | {last.seconds / last.step:.2f} |"
        )
    for axes, title in zip(
        panels, ("loss, known frames", "loss, spoilt frames", "NMSE in gaps, dB"), strict=True
    ):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("steps")
        axes.grid(color="#dddddd", lw=0.7)
    panels[0].set_yscale("log")
    panels[1].set_yscale("log")
    panels[2].legend(fontsize=7)
    save(figure, picture)
    return "\n".join(
        [
            "## Three networks on one clip (Fig. 6)\n",
            "| network | steps | loss | loss, spoilt frames | NMSE, last step | NMSE, mean of steps | best | s a step |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            f"\n![curves](../docs/{picture.name})\n",
        ]
    )


def _figure8(runs: dict[str, dict[str, Any]], picture: Path) -> str:
    figure = new_figure(11, 3.2)
    panels = figure.subplots(1, len(CLIPS), sharey=True)
    kinds: dict[str, dict[str, tuple[float, float]]] = {}
    steps: dict[str, list[int]] = {}
    for axes, clip in zip(panels, CLIPS, strict=True):
        axes.set_title(clip, fontsize=10)
        axes.set_xlabel("minutes")
        axes.grid(color="#dddddd", lw=0.7)
        for name, run in sorted(runs.items()):
            if not name.startswith(f"{clip}-"):
                continue
            points: list[Point] = run["points"]
            called = _called(name)
            axes.plot(
                [p.seconds / 60 for p in points],
                [10 * math.log10(p.mean) for p in points],
                color=COLOURS[_network(name)],
                lw=1.2,
                ls=":" if called.endswith(GUIDED) else "-",
                label=called,
            )
            result = run["result"]
            if result:
                kinds.setdefault(called, {})[clip] = (result["mean_missing"], result["mean_total"])
                answer = kinds.setdefault(f"{called}, last answer", {})
                answer[clip] = (result["answer_missing"], result["answer_total"])
                kinds.setdefault("zero fill", {})[clip] = (1.0, result["zero_total"])
                kinds.setdefault("two-sided AR", {})[clip] = (result["ar_missing"], result["ar_total"])
                steps.setdefault(called, []).append(result["step"])
                ar_db = 10 * math.log10(result["ar_missing"])
                axes.axhline(ar_db, color=COLOURS["interpolate"], lw=1, ls="--")
    panels[0].set_ylabel("NMSE in gaps, dB")
    panels[0].legend(fontsize=7)
    save(figure, picture)
    clips = [clip for clip in CLIPS if any(clip in found for found in kinds.values())]
    rows = []
    for kind, found in kinds.items():
        cells = [f"{decibels([found[c][0]]):.2f}" if c in found else "-" for c in clips]
        both = [decibels([found[c][i] for c in clips if c in found]) for i in range(2)]
        done = f"{min(steps[kind])} to {max(steps[kind])}" if kind in steps else ""
        rows.append(f"| {kind} | {' | '.join(cells)} | {both[0]:.2f} | {both[1]:.2f} | {done} |")
    return "\n".join(
        [
            "## Four clips with 400 ms of gaps (Fig. 8)\n",
            "NMSE in the gaps, dB; a dashed line is two-sided AR (`--method interpolate`, without innovation).\n",
            f"| | {' | '.join(clips)} | all, in gaps | all, whole clip | steps |",
            "|---|" + "---|" * (len(clips) + 3),
            *rows,
            f"\n![curves](../docs/{picture.name})\n",
        ]
    )

"""Measures what networks cost: their graphs, cropped and in two stages, beside the uncropped graph, and a packet concealed.

Needs plcd[train]. Weights do not change a graph's time: untrained networks stand in, with int8 calibrated on made-up frames.
The networks that ship conceal packets of bench/data.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import torch
from concealing import conceal
from machine import describe, percentiles_ms, pin, progress
from numpy.typing import NDArray

from plcd.neural.shipped import shipped
from plcd.training.export.export import export, feeds
from plcd.training.export.quantise import quantise
from plcd.training.export.sessions import Stages
from plcd.training.export.store import contract_of, load
from plcd.training.networks.bin2bin import FULL, LITE, Generator
from plcd.training.networks.parcnet import Parcnet

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "bench" / "NETWORKS.md"
Array = NDArray[np.float32]
Times = dict[str, dict[str, float]]
COMMON = {"rate": 44_100, "block": 512, "predictor": "best", "noise": 0.0, "fade": 64}
MAGNITUDE: dict[str, Any] = COMMON | {
    "kind": "magnitude",
    "context": 3066,
    "horizon": 1024,
    "made": 1024,
    "stft": {"size": 511, "hop": 16, "window": "hann"},
    "scale": {"kind": "fixed", "value": 3.5},
}
WAVEFORM: dict[str, Any] = COMMON | {
    "kind": "waveform",
    "context": 4096,
    "horizon": 768,
    "made": 768,
    "scale": {"kind": "none"},
}
NETWORKS: dict[str, tuple[Callable[[], torch.nn.Module], dict[str, Any], int]] = {
    "lite": (lambda: Generator(LITE), MAGNITUDE, 1),
    "lite-640": (lambda: Generator(LITE), MAGNITUDE | {"context": 3450, "horizon": 640, "made": 640}, 1),
    "parcnet": (Parcnet, WAVEFORM, 1),
    "full": (lambda: Generator(FULL), MAGNITUDE, 2),
}
"""How to make it, its contract, and on how many threads it is measured."""
CALIBRATED = 2


def example(contract: dict[str, Any], rng: np.random.Generator) -> Array:
    """An input of the file in one stage, of the right size."""
    if contract["kind"] == "magnitude":
        return rng.random((1, 1, 256, 256), dtype=np.float32)
    return 0.2 * rng.standard_normal((1, 1, contract["context"]), dtype=np.float32)


def measure(name: str, rounds: int, folder: Path) -> dict[str, Times]:
    """Milliseconds of ``plain``, ``float32`` and ``int8`` by form: ``all``, and ``after`` where there are two stages.

    One run of each form after the other, again and again, so that whatever slows the machine slows all of them.
    """
    make, contract, threads = NETWORKS[name]
    torch.manual_seed(0)
    network: Any = make().eval()
    network.last.weight.data.normal_(0, 0.1)  # parcnet begins with zeros there
    rng = np.random.default_rng(0)
    shown = [example(contract, rng) for _ in range(CALIBRATED)]
    progress(f"{name}: exporting")
    paths = {"plain": folder / f"{name}-plain.onnx", "float32": folder / f"{name}.onnx"}
    for stages, path in enumerate(paths.values(), 1):
        export(network, contract | {"name": name}, path, torch.from_numpy(shown[0]), stages=stages)
    plain, fast = (load(path) for path in paths.values())
    contract = contract_of(fast)
    given = [feeds(contract, [frame], ["context"]) for frame in shown]
    whole = shown[0]
    if contract["kind"] == "waveform":
        whole = np.pad(whole, ((0, 0), (0, 0), (0, contract["horizon"])))
    progress(f"{name}: int8")
    models = {"plain": plain, "float32": fast, "int8": quantise(fast, given)}
    graphs = {form: Stages(model.SerializeToString(), threads) for form, model in models.items()}
    inputs = {form: given[0] if graph.staged else {graph.inputs[0]: whole} for form, graph in graphs.items()}
    times: dict[str, dict[str, list[int]]] = {form: {"all": [], "after": []} for form in graphs}
    progress(f"{name}: {rounds} rounds on {threads} thread{'s' if threads > 1 else ''}")
    for number in range(rounds + 5):
        for form, graph in graphs.items():
            begin = between = time.perf_counter_ns()
            if graph.staged:
                states = graph.before(inputs[form])
                between = time.perf_counter_ns()
                graph.after(states, inputs[form])
            else:
                graph.run(inputs[form])
            end = time.perf_counter_ns()
            if number >= 5:
                times[form]["all"].append(end - begin)
                times[form]["after"].append(end - between)
    return {
        form: {part: percentiles_ms(values) for part, values in parts.items()}
        for form, parts in times.items()
    }


Row = tuple[str, ...]
"""What, to reach, measured, verdict; or what, and its times."""


def rows(figures: dict[str, dict[str, Times]]) -> list[Row]:
    """The table."""
    table: list[Row] = []

    def add(what: str, limit: float | None, value: float, unit: str) -> None:
        verdict = "" if limit is None else "reached" if value <= limit else "missed"
        table.append((what, "" if limit is None else f"≤ {limit:g} {unit}", f"{value:.2f} {unit}", verdict))

    limits: dict[str, dict[str, tuple[float | None, float | None, float | None, float | None]]] = {
        "lite": {"float32": (0.65, None, 3.0, 5.0), "int8": (None, 3.0, None, None)},
        "lite-640": {"float32": (0.65, None, 3.0, 5.0), "int8": (None, 3.0, None, None)},
        "parcnet": {"float32": (0.7, None, 3.0, None), "int8": (None, None, None, None)},
        "full": {"float32": (None, None, None, None), "int8": (None, None, 11.6, None)},
    }
    for name, forms in figures.items():
        threads = NETWORKS[name][2]
        where = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
        plain = forms["plain"]["all"]
        add(f"{where}, uncropped graph, p50", None, plain["p50"], "ms")
        for form, (ratio, most, p50, p99) in limits[name].items():
            times = forms[form]
            add(
                f"{where}, {form}, all, p50 over the uncropped graph's",
                ratio,
                times["all"]["p50"] / plain["p50"],
                "x",
            )
            add(f"{where}, {form}, all, p50", most, times["all"]["p50"], "ms")
            add(f"{where}, {form}, after, p50", p50, times["after"]["p50"], "ms")
            add(f"{where}, {form}, after, p99", p99, times["after"]["p99"], "ms")
    return table


def concealing_rows(figures: dict[str, Times]) -> list[Row]:
    """The table of whole packets."""
    alone = figures["predictor"]
    table: list[Row] = []
    for name, times in figures.items():
        typical, cost = (times["all"][of] - alone["all"][of] for of in ("p50", "mean"))
        more = "" if name == "predictor" else f"{typical:+.2f} / {cost:+.2f} ms"
        if name == "hybrid":
            more += f" (to reach: at most 2; mean {'reached' if cost <= 2 else 'missed'})"
        ahead = times["ahead"]["p99"]
        table.append(
            (
                name,
                f"{times['all']['p50']:.2f} / {times['all']['p99']:.2f}",
                more,
                f"{times['after']['p50']:.2f} / {times['after']['p99']:.2f}",
                f"{times['ahead']['p50']:.2f} / {ahead:.2f} ({'reached' if ahead <= 0.3 else 'missed'})",
            )
        )
    return table


def markdown(
    machine: dict[str, object], figures: dict[str, dict[str, Times]], packets: dict[str, Times], rounds: int
) -> str:
    """bench/NETWORKS.md."""
    lines = [
        "# What the networks cost",
        "",
        "Regenerated by `python bench/networks.py --write` with plcd[train] installed: the graphs alone, one block of 512",
        "samples in one channel, by onnxruntime with spinning off. *All* is both stages; *after* is the second, what cannot be",
        f"done before the prediction is there. Forms take turns, {rounds} rounds. STFT, prediction and crossfade come on top.",
        "`lite` makes the last 1024 samples of its frame, as in its paper; `lite-640` the 640 that a packet takes, as it ships.",
        "",
        f"Machine: {', '.join(f'{name} {value}' for name, value in machine.items())}.",
        "",
        "| what | to reach | measured | |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows(figures)),
        "",
        "The second stage of parcnet rests on known samples too: it may run ahead as well, and then costs nothing after a loss.",
        "",
        "## One lost packet",
        "",
        "One packet in ten of music is lost, mono, one thread; milliseconds, p50 / p99. *All*: nothing done ahead, so fits,",
        "prediction, network, both crossfades and, at one hole in four or more, its trial on the packet before are in it. *More*",
        "by p50 / by the mean, with the trials' share. *After*: from the loss known to its samples, fits and first stages done",
        "before. *Run ahead*: the same, all prepared before (to reach: p99 at most 0.3).",
        "",
        "| | all | more than the predictor, p50 / mean | after | run ahead |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in concealing_rows(packets)),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(NETWORKS), help=f"which [{','.join(NETWORKS)}]")
    parser.add_argument("--rounds", type=int, default=300, help="runs of each form [300]")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    args = parser.parse_args()
    names = args.networks.split(",")
    if unknown := set(names) - set(NETWORKS):
        parser.error(f"no network {', '.join(sorted(unknown))}; there are {', '.join(NETWORKS)}")
    torch.set_num_threads(1)
    machine = describe()
    figures = {}
    with tempfile.TemporaryDirectory(prefix="plcd-networks-") as folder:
        for name in sorted(names, key=lambda name: -NETWORKS[name][2]):
            if NETWORKS[name][2] == 1:
                pin()
            figures[name] = measure(name, args.rounds, Path(folder))
    pin()
    packets = conceal(shipped(), args.rounds)
    page = markdown(machine, figures, packets, args.rounds)
    if args.write:
        PAGE.write_text(page, encoding="utf-8")
    print(
        json.dumps({"machine": machine, "graphs": figures, "packets": packets}, indent=2)
        if args.json
        else page
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``make demo``: real music, a lossy network, and plcd at the far end.

Starts one plcd that listens and one that sends the bundled recording to it over UDP, with burst loss, jitter and
reordering. Checks what was played against what was sent, and leaves sound, counters and a report in out/demo.
"""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import soundfile
from processes import Daemon, DemoError, send
from rich.console import Console
from rich.table import Table
from verdict import Verdict, judge

from plcd.offline.gaps import find_gaps
from plcd.offline.plots import PlotsUnavailableError
from plcd.offline.report import Story, write_report
from plcd.offline.report_tables import decibels, gap_snr

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "demo"
RECORDING = "session.wav"
RESULTS = (
    "report.html",
    "concealed.wav",
    "damaged.wav",
    "stats.json",
    "trace.txt",
    RECORDING,
    f"{RECORDING}.json",
)
MUSIC = HERE / "music.flac"
PACKET = 512
LOSS, JITTER_MS, REORDER = "gilbert:0.079,0.69", 15, 0.02
DEPTH = "40ms"
UNNAMED = ("auto", "none")
"""What ``--model`` may be beside a network."""

CREDITS = (
    "Music: electric guitar by Sub-d (freesound.org 46992, CC0 1.0); then the US Army Strings, Brahms, "
    "Hungarian Dance No. 5 (Musopen, public domain). See demo/ATTRIBUTION.md.",
)


def main() -> int:
    """Run the demo; the exit code: 0 when everything was as it should be."""
    parser = argparse.ArgumentParser(description="Conceal a lossy stream of real music, live.")
    parser.add_argument(
        "--model",
        default="auto",
        help="network to hear at work, without lookahead: FILE or NAME; or auto, none [auto]",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the losses [0]")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the results [out/demo]")
    args = parser.parse_args()
    console = Console()
    started = time.monotonic()
    try:
        stats, verdict = _run(console, args.out, args.model, args.seed)
        _write(args.out, stats, verdict, args.model, args.seed)
    except (DemoError, OSError, ValueError, PlotsUnavailableError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    _show(console, args.out, stats, verdict, time.monotonic() - started)
    return 0


def _run(console: Console, out: Path, model: str, seed: int) -> tuple[dict[str, Any], Verdict]:
    """Play the music through two processes. The daemon's counters, and the checked result."""
    out.mkdir(parents=True, exist_ok=True)
    for name in RESULTS:
        (out / name).unlink(missing_ok=True)
    played, trace = out / "concealed.wav", out / "trace.txt"
    music = soundfile.info(MUSIC)
    seconds = music.frames / music.samplerate
    with console.status("starting plcd (the first time, its kernels are compiled)") as status:
        flags: tuple[str, ...] = (
            "--output",
            f"file:{played}",
            "--record",
            str(out / RECORDING),
            "--model",
            model,
            "--depth",
            DEPTH,
            "--packet",
            str(PACKET),
        )
        if model not in UNNAMED:
            flags += ("--lookahead", "0")
        with Daemon(*flags) as daemon:
            daemon.wait_ready()
            status.update(f"{seconds:.0f} s of music on their way to {daemon.address}")
            send(
                MUSIC,
                daemon.address,
                seconds + 30,
                *("--loss", LOSS, "--jitter", str(JITTER_MS), "--reorder", str(REORDER)),
                *("--seed", str(seed), "--packet", str(PACKET), "--dump-trace", str(trace)),
            )
            frames = -(-music.frames // PACKET)
            stats = daemon.stats_when(lambda s: s["frames"]["played"] >= frames, 5.0)
            daemon.stop()
    return stats, judge(MUSIC, trace, played, stats, PACKET)


def _write(out: Path, stats: dict[str, Any], verdict: Verdict, model: str, seed: int) -> None:
    take = verdict.take
    soundfile.write(out / "damaged.wav", take.damaged, take.rate, "PCM_16")
    (out / "stats.json").write_text(json.dumps(stats, indent=2) + "\n", encoding="utf-8")
    share = 100 * verdict.lost / verdict.packets
    lead = (
        f"{take.seconds:.1f} s of music went over UDP from one plcd to another, in {verdict.packets} packets of {PACKET} "
        f"samples, with losses in bursts, up to {JITTER_MS} ms of jitter and packets overtaking each other. "
        f"{verdict.lost} of them ({share:.1f} %) never arrived. {verdict.untouched} packets were played to the bit as "
        f"they were sent, {verdict.blended} more but for a crossfade of 3 ms after a hole."
    )
    if model not in UNNAMED:
        lead += (
            " Nothing behind a hole was used, though some of it had arrived (--lookahead 0): holes that are closed from "
            "both sides are shown to few networks."
        )
    buffer = stats["buffer"]
    facts = (
        ("predictor", str(stats["predictor"])),
        ("lookahead", f"{stats['lookahead']} (what has arrived)" if stats["lookahead"] == "auto" else "none"),
        ("network", _spoke(stats)),
        ("depth", f"{buffer['depth_ms']:.0f} ms"),
        ("loss", LOSS),
        ("jitter", f"0 to {JITTER_MS} ms"),
        ("reordered", f"{100 * REORDER:g} %"),
        ("seed", str(seed)),
        ("plcd", str(stats["version"])),
    )
    story = Story("plcd demo", "What the network lost, and what plcd played", lead, facts, CREDITS)
    write_report(out / "report.html", take, story, stats)


def _spoke(stats: dict[str, Any]) -> str:
    """The network, and how much of the holes it made."""
    network = stats["network"]
    if network is None:
        return "none"
    if network["refused"]:
        return str(network["refused"])
    late = stats["events"]["model_late"]
    of_what = "the holes" if stats["lookahead"] == 0 else "the blocks it might be asked for"
    return (
        f"{stats['model']}, {100 * network['share']:.0f} % of {of_what} "
        f"({network['withheld']} blocks withheld, {late} late)"
    )


def _show(console: Console, out: Path, stats: dict[str, Any], verdict: Verdict, seconds: float) -> None:
    gaps = find_gaps(verdict.take)
    timing, events = stats["timing_ms"]["conceal"], stats["events"]
    origins = ", ".join(f"{count} {name}" for name, count in stats["frames"]["by_origin"].items() if count)
    longest = max((gap.length for gap in gaps), default=0) / PACKET
    share = 100 * verdict.lost / verdict.packets
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("packets", f"{verdict.packets}, {stats['packets']['reordered']} out of order")
    table.add_row(
        "lost", f"{verdict.lost} ({share:.1f} %) in {len(gaps)} holes, the longest of {longest:.0f} packets"
    )
    if verdict.late:
        table.add_row("too late", f"{verdict.late} (this machine is busy); concealed like lost ones")
    table.add_row("frames", origins)
    if stats["network"] is not None:
        table.add_row("network", _spoke(stats))
    if stats["lookahead"] == 0 and stats["network"] is not None and not stats["network"]["refused"]:
        table.add_row("lookahead", "none, so that the network makes every hole")
    table.add_row("SNR in the holes", f"{decibels(gap_snr(verdict.take, gaps))} (silence: 0.0 dB)")
    table.add_row("to conceal", f"{timing['p50']:.2f} ms median, 99 % within {timing['p99']:.2f} ms")
    table.add_row("underruns", f"{events['underruns']}, missed deadlines {events['missed_deadlines']}")
    table.add_row("checked", f"{verdict.untouched} packets exact, {verdict.blended} exact after a crossfade")
    console.print(table)
    names = ("report.html", "concealed.wav", "damaged.wav", "stats.json", RECORDING)
    where = _short(out)
    console.print(f"\nin {where}: {', '.join(names)} ({seconds:.0f} s)", highlight=False, soft_wrap=True)
    plcd = Path(sys.executable).with_name("plcd")
    command = str(_short(plcd)) if plcd.exists() else "plcd"
    restoring = shlex.join((command, "restore", str(where / RECORDING)))
    console.print(f"better still, afterwards: {restoring}", highlight=False, soft_wrap=True)


def _short(path: Path) -> Path:
    """As one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())

"""Whether what plcd played is what it should have played."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from processes import DemoError

from plcd.core.frame import Samples
from plcd.core.hole import Shape
from plcd.core.trace import check_length, parse_trace
from plcd.offline.gaps import Take


@dataclass(frozen=True, slots=True)
class Verdict:
    """A take that passed every check."""

    take: Take
    packets: int
    lost: int
    """Packets the sender did not send."""
    late: int
    """Packets that were sent, but played as lost: they came after their turn."""
    untouched: int
    """Packets played exactly as they were sent, to the last bit."""
    blended: int
    """Packets behind a hole that are exact but for a short crossfade at their start."""


def judge(music: Path, trace: Path, played: Path, stats: dict[str, Any], packet: int) -> Verdict:
    """Compare ``played`` with ``music``, sample for sample. Raises DemoError with what is wrong."""
    original, rate = soundfile.read(music, dtype="float32", always_2d=True)
    audio, played_rate = soundfile.read(played, dtype="float32", always_2d=True)
    samples = original.shape[0]
    lost = parse_trace(trace.read_text(encoding="ascii"))
    check_length(lost, samples, packet)
    first = int(np.argmin(lost)) * packet
    _require(played_rate == rate, f"{played} has {played_rate} Hz instead of {rate}")
    _require(audio.shape[1] == original.shape[1], f"{played} has {audio.shape[1]} channels")
    missing = samples - first - audio.shape[0]
    _require(missing <= 0, f"{played} ends {missing} samples early")
    concealed = np.concatenate((np.zeros((first, original.shape[1]), np.float32), audio))[:samples]
    _require(bool(np.isfinite(concealed).all()), f"{played} holds samples that are no numbers")
    exact, blended = _exact_packets(original, concealed, lost, packet, rate)
    late = int(np.sum(~lost & ~exact & ~blended))
    told = stats["packets"]
    excuses = told["late"] + told["kernel_dropped"] + told["queue_dropped"]
    _require(late <= excuses, f"{late} received packets were changed, and only {excuses} came too late")
    _check_counters(stats, int(np.sum(~lost)), excuses)
    gone = np.repeat(lost | (~exact & ~blended), packet)[:samples]
    damaged = np.where(gone[:, None], np.float32(0), original)
    take = Take(rate, original, damaged, concealed, gone)
    return Verdict(take, lost.size, int(lost.sum()), late, int(exact.sum()), int(blended.sum()))


def _exact_packets(
    original: Samples, concealed: Samples, lost: NDArray[np.bool_], packet: int, rate: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Received packets that are equal throughout, and those that become equal after a crossfade at their start."""
    exact, blended = np.zeros_like(lost), np.zeros_like(lost)
    crossfade = Shape.at(rate, packet).crossfade
    for index in np.flatnonzero(~lost):
        part = slice(index * packet, (index + 1) * packet)
        differ = np.flatnonzero((original[part] != concealed[part]).any(axis=1))
        exact[index] = differ.size == 0
        after_a_hole = index > 0 and not exact[index - 1] and not blended[index - 1]
        blended[index] = differ.size > 0 and int(differ[-1]) < crossfade and after_a_hole
    return exact, blended


def _check_counters(stats: dict[str, Any], sent: int, excuses: int) -> None:
    packets, frames = stats["packets"], stats["frames"]
    by_origin = sum(frames["by_origin"].values())
    _require(by_origin == frames["played"], f"origins add up to {by_origin} of {frames['played']} frames")
    parts = packets["on_time"] + packets["late"] + packets["lost"] + packets["recovered"]
    _require(parts == packets["expected"], f"packets add up to {parts} of {packets['expected']} expected")
    _require(packets["on_time"] >= sent - excuses, f"{packets['on_time']} of {sent} packets were in time")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise DemoError(otherwise)

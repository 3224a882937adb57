"""The concealer on a file: packets that a trace calls lost are concealed, all others pass unchanged."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plcd.core.concealer import Concealer
from plcd.core.frame import Samples
from plcd.core.refiner import Refiner
from plcd.core.trace import check_length
from plcd.offline.audio_files import (
    Audio,
    AudioFileError,
    AudioInfo,
    AudioWriter,
    read_blocks,
    read_info,
    same_file,
)

_BLOCK = 1 << 15
"""Samples read at a time, about: enough that reading costs little, small beside the kernels' own memory."""

Progress = Callable[[int], None]
"""Told how many more samples are done."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to conceal; the same for every file of a batch."""

    packet: int = 512
    """Samples of one packet."""
    predictor: str | None = None
    """None: as :class:`Concealer` does without one."""
    lookahead: int = 0
    """Packets known behind a hole."""
    refiner: Refiner | None = None
    noise: float = 1.0
    """Amount of sampled innovation."""


@dataclass(slots=True)
class Outcome:
    """What was done to one file. Counts of packets, except ``samples``."""

    source: AudioInfo
    output: Path
    encoding: str
    packets: int = 0
    lost: int = 0
    longest_burst: int = 0
    samples_by_origin: dict[str, int] = field(default_factory=dict)
    """Concealed samples (per channel) by the label of their origin."""
    refused: str | None = None
    """Why the network did not work on this file, and the predictor concealed it alone."""
    share: float = 0.0
    """Of the network, in the blocks that were extrapolated."""


def conceal_file(
    source: Path,
    lost: NDArray[np.bool_],
    output: Path,
    settings: Settings | None = None,
    damaged: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Conceal ``source`` where ``lost`` (one flag a packet) says so, into ``output``.

    The trace has floor or ceil(samples / packet) flags; a last part of a packet without a flag was received.
    Lost samples of ``source`` are never looked at. ``damaged``: also write the input with zeros for what was
    lost. Memory does not grow with the file. Raises AudioFileError (files; NaN or infinity received),
    TraceError (the trace's length), ValueError (settings); then no output is left behind.
    """
    settings = settings or Settings()
    info = read_info(source)
    check_length(lost, info.samples, settings.packet)
    if damaged is not None and (damaged == output or same_file(damaged, output)):
        raise AudioFileError(f"{damaged}: is already the concealed output; give another name")
    concealer = Concealer(
        info.rate,
        info.channels,
        settings.packet,
        settings.predictor,
        settings.lookahead,
        settings.refiner,
        settings.noise,
    )
    with ExitStack() as stack:
        writer = AudioWriter(output, info)
        zero_filled = AudioWriter(damaged, info) if damaged is not None else None
        stack.enter_context(writer)
        if zero_filled is not None:
            stack.enter_context(zero_filled)
        outcome = Outcome(info, output, writer.encoding, refused=concealer.refused)
        for known, audio in _concealed(info, lost, concealer, outcome):
            writer.write(_keep_exact(known, audio))
            if zero_filled is not None:
                zero_filled.write(np.nan_to_num(known, nan=0.0))
            if progress is not None:
                progress(known.shape[0])
        outcome.share = concealer.refinements.share
    return outcome


def _concealed(
    info: AudioInfo, lost: NDArray[np.bool_], concealer: Concealer, outcome: Outcome
) -> Iterator[tuple[Audio, Samples]]:
    """Pairs of what was received (NaN where it was not) and the concealer's audio for the same samples."""
    pending = np.zeros((0, info.channels))
    burst = 0
    for start, packet in _packets(info, concealer.packet):
        index = start // concealer.packet
        is_lost = index < lost.size and bool(lost[index])
        outcome.packets += 1
        if is_lost:
            packet = np.full_like(packet, np.nan)
            burst += 1
            outcome.lost += 1
            outcome.longest_burst = max(outcome.longest_burst, burst)
            audio = concealer.push_lost(packet.shape[0])
        else:
            burst = 0
            audio = concealer.push(_as_float32(packet, start, info))
        pending = np.concatenate((pending, packet)) if pending.size else packet
        _count(concealer, outcome)
        if audio.shape[0]:
            yield pending[: audio.shape[0]], audio
            pending = pending[audio.shape[0] :]
    audio = concealer.flush()
    _count(concealer, outcome)
    if audio.shape[0]:
        yield pending, audio


def _packets(info: AudioInfo, packet: int) -> Iterator[tuple[int, Audio]]:
    """First sample and samples of each packet; the last may be short."""
    start = 0
    for block in read_blocks(info, packet * max(1, _BLOCK // packet)):
        for offset in range(0, block.shape[0], packet):
            yield start + offset, block[offset : offset + packet]
        start += block.shape[0]


def _as_float32(packet: Audio, start: int, info: AudioInfo) -> Samples:
    with np.errstate(over="ignore"):
        samples = packet.astype(np.float32)
    finite = np.isfinite(samples)
    if not finite.all():
        row, channel = (int(i) for i in np.argwhere(~finite)[0])
        value = packet[row, channel]
        what = "NaN" if np.isnan(value) else "infinite" if np.isinf(value) else f"{value:g}, beyond float32"
        where = f"sample {start + row}" + (f" of channel {channel + 1}" if info.channels > 1 else "")
        raise AudioFileError(f"{info.path}: {where} is {what}; received audio must be finite")
    return samples


def _keep_exact(received: Audio, audio: Samples) -> Audio:
    """The concealer's audio, with the file's own float64 value wherever a received sample passed unchanged.

    So also encodings finer than float32 (32-bit integers, doubles) come through exactly.
    """
    with np.errstate(over="ignore"):
        return np.where(received.astype(np.float32) == audio, received, audio)


def _count(concealer: Concealer, outcome: Outcome) -> None:
    for hole in concealer.holes:
        label = hole.origin.label
        outcome.samples_by_origin[label] = outcome.samples_by_origin.get(label, 0) + hole.length

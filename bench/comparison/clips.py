"""The recordings that everything is measured on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plcd.cli.errors import CliError, ExitCode
from plcd.core.frame import Samples
from plcd.offline.audio_files import AudioFileError, read_blocks, read_info
from plcd.offline.containers import is_audio_name

LEAST_S = 1.0
"""Shorter clips are left out: PEAQ wants 0.6 s of sound, and a trace should lose some of it."""


class ClipError(Exception):
    """A clip that cannot be used. The message is one line and names the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One recording, cut to whole packets."""

    name: str
    """Its path below the folder it was found in, with slashes."""
    rate: int
    """Hz."""
    samples: Samples
    """``(n, channels)`` float32, n a multiple of the packet."""

    @property
    def digest(self) -> str:
        """What is heard, as a hash: equal for equal samples, whatever the file is called."""
        form = f"{self.rate} {self.samples.shape}".encode()
        return hashlib.sha256(form + self.samples.tobytes()).hexdigest()

    @property
    def family(self) -> str:
        """The folder the clip is in: strings, voice and so on."""
        return self.name.rpartition("/")[0]


def find_clips(folder: Path) -> list[Path]:
    """Every file below ``folder`` with an audio suffix, hidden ones left out, by name. Raises CliError if there is none."""
    if not folder.is_dir():
        raise CliError(f"--data {folder}: no such folder", ExitCode.FILE)
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and is_audio_name(path) and not path.name.startswith(".")
    )
    if not found:
        raise CliError(f"--data {folder}: holds no audio files", ExitCode.FILE)
    return found


def read_clips(
    folder: Path, packet: int, seconds: float, left_out: Callable[[ClipError], None]
) -> list[Clip]:
    """All that can be used of :func:`find_clips`; of others ``left_out`` hears. Raises CliError if none can."""
    clips = []
    for path in find_clips(folder):
        try:
            clips.append(read_clip(folder, path, packet, seconds))
        except ClipError as error:
            left_out(error)
    if not clips:
        raise CliError(f"--data {folder}: no clip can be used", ExitCode.FILE)
    return clips


def read_clip(folder: Path, path: Path, packet: int, seconds: float) -> Clip:
    """The first ``seconds`` (0: all) of the file ``path``, as many whole packets of ``packet`` samples as they hold.

    Raises ClipError where it is unreadable, not finite, silent or too short.
    """
    try:
        info = read_info(path)
        parts, held = [], 0
        wanted = round(seconds * info.rate) if seconds else info.samples
        for block in read_blocks(info, 1 << 16):
            parts.append(block.astype(np.float32))
            held += block.shape[0]
            if held >= wanted:
                break
    except AudioFileError as error:
        raise ClipError(str(error)) from None
    samples = np.concatenate(parts)[:wanted]
    if samples.shape[0] < max(LEAST_S * info.rate, packet):
        raise ClipError(f"{path}: shorter than {LEAST_S:g} s or a packet")
    samples = samples[: samples.shape[0] // packet * packet]
    if not np.isfinite(samples).all():
        raise ClipError(f"{path}: holds values that are not finite")
    if not samples.any():
        raise ClipError(f"{path}: is silent")
    return Clip(path.relative_to(folder).as_posix(), info.rate, samples)

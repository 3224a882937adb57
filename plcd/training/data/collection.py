"""Finds the recordings in folders, turns away what cannot teach anything, and splits the rest."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from plcd.offline.audio_files import AudioFileError, AudioInfo, read_info
from plcd.offline.containers import is_audio_name
from plcd.training.errors import TrainingError

SILENT = 1e-3
"""Peak, -60 dB full scale: what never exceeds it holds no music (as in the scores of gaps)."""
LEAST_RATE = 22_050
"""Hz: slower recordings would teach a network that music ends at 4 kHz."""
_PROBE_S = 2.0
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Recording:
    """A part of a file that can be cut from. ``start`` and ``stop`` in its own samples."""

    path: Path
    rate: int
    channels: int
    start: int
    stop: int
    weight: float = 1.0
    """How often it is drawn, per second of it, beside others."""

    @property
    def seconds(self) -> float:
        return (self.stop - self.start) / self.rate


@dataclass(frozen=True, slots=True)
class Split:
    """Recordings to learn from and recordings to validate on; no file is in both, unless it is the only one."""

    train: tuple[Recording, ...]
    validation: tuple[Recording, ...]


def parse_source(text: str) -> tuple[Path, float]:
    """``DIR`` or ``DIR=WEIGHT``. Raises TrainingError."""
    folder, equals, weight = text.rpartition("=")
    if not equals or Path(text).exists():
        return Path(text), 1.0
    try:
        value = float(weight)
    except ValueError:
        raise TrainingError(f"data {text!r}: write DIR or DIR=WEIGHT") from None
    if not 0 < value < 1e6:
        raise TrainingError(f"data {text!r}: the weight must be positive")
    return Path(folder), value


def find_recordings(
    sources: list[tuple[Path, float]],
    least_s: float,
    say: Callable[[str], None],
    least_rate: int = LEAST_RATE,
) -> list[Recording]:
    """All usable audio below the folders (or files) of ``sources``, each with its folder's weight, in a fixed order.

    A file that is not usable (damaged, silent, shorter than ``least_s``, slower than ``least_rate``) is told to ``say``
    in one line and left out. Raises TrainingError where a folder is missing, or where nothing is left.
    """
    found: list[Recording] = []
    seen: set[Path] = set()
    turned_away = 0
    for source, weight in sources:
        if not source.exists():
            raise TrainingError(f"data {source}: no such folder")
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for path in files:
            if not path.is_file() or not is_audio_name(path) or path.name.startswith("."):
                continue
            place = path.resolve()
            if place in seen:
                continue
            seen.add(place)
            try:
                info = read_info(path)
                _check(info, least_s, least_rate)
            except AudioFileError as error:
                say(f"{error}; skipped")
                turned_away += 1
                continue
            found.append(Recording(path, info.rate, info.channels, 0, info.samples, weight))
    if not found:
        where = ", ".join(str(source) for source, _ in sources) or "none given"
        why = (
            f"all {turned_away} audio files were turned away"
            if turned_away
            else "it holds no WAV, FLAC or OGG files"
        )
        raise TrainingError(f"no audio to train on in {where}: {why}")
    return found


def split(recordings: list[Recording], share: float) -> Split:
    """By a hash of each file's stem, so a file stays on its side whatever is added, moved or converted.

    Where that leaves a side empty, the file next in line by its hash fills it; a single file is cut, its last tenth (at
    least ``share``) validates.
    """
    if len(recordings) == 1:
        only = recordings[0]
        edge = only.start + round((only.stop - only.start) * (1 - max(share, 0.1)))
        return Split((replace(only, stop=edge),), (replace(only, start=edge),))
    places = {recording: _place(recording.path.stem) for recording in recordings}
    limit = share
    if all(place >= limit for place in places.values()):
        limit = sorted(places.values())[0] + 2**-50
    if all(place < limit for place in places.values()):
        limit = max(places.values())
    train = tuple(recording for recording in recordings if places[recording] >= limit)
    validation = tuple(recording for recording in recordings if places[recording] < limit)
    if not train or not validation:  # all of one stem
        return Split(tuple(recordings[1:]), (recordings[0],))
    return Split(train, validation)


def describe(recordings: tuple[Recording, ...], sources: list[tuple[Path, float]]) -> str:
    """One line for a model's metadata: how much of what; folders by name only, nobody's whole path."""
    minutes = sum(recording.seconds for recording in recordings) / 60
    names = ", ".join(path.name or str(path) for path, _ in sources)
    return f"{len(recordings)} recordings, {minutes:.1f} min: {names}"


def _place(stem: str) -> float:
    """Uniform in 0..1, the same for a stem everywhere."""
    return int.from_bytes(hashlib.sha256(stem.encode()).digest()[:6], "big") / 2**48


def _check(info: AudioInfo, least_s: float, least_rate: int) -> None:
    """Raise AudioFileError with the reason why nothing can be learnt from a file. Reads three short stretches of it."""
    if info.rate < least_rate:
        raise AudioFileError(
            f"{info.path}: {info.rate} Hz is too slow to learn from, {least_rate} Hz or more are needed"
        )
    if info.seconds < least_s:
        raise AudioFileError(
            f"{info.path}: {info.seconds:.2f} s is too short, {least_s:.2f} s or more are needed"
        )
    probe = min(info.samples, round(_PROBE_S * info.rate))
    peak = 0.0
    for step in range(_PROBES):
        start = (info.samples - probe) * step // (_PROBES - 1)
        peak = max(peak, read_peak(info.path, start, probe))
    if peak < SILENT:  # a piece may begin and end in silence: only now look at all of it
        block = round(10 * info.rate)
        peak = max(read_peak(info.path, start, block) for start in range(0, info.samples, block))
    if peak < SILENT:
        raise AudioFileError(f"{info.path}: is silent (nothing above -60 dB full scale)")


def read_peak(path: Path, start: int, frames: int) -> float:
    """Largest magnitude in a stretch. Raises AudioFileError where it cannot be decoded or is not finite."""
    samples = read_stretch(path, start, frames)
    return float(np.max(np.abs(samples), initial=0.0))


def read_stretch(path: Path, start: int, frames: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Samples ``(n, channels)`` float32 of a file, n being ``frames`` or what is left. Raises AudioFileError."""
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(start)
            samples = file.read(frames, dtype="float32", always_2d=True)
            wanted = min(frames, file.frames - start)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise AudioFileError(f"{path}: cannot be decoded: {' '.join(str(error).split())}") from None
    if samples.shape[0] < wanted:
        raise AudioFileError(f"{path}: damaged, ends at sample {start + samples.shape[0]}")
    if not np.isfinite(samples).all():
        raise AudioFileError(f"{path}: holds NaN or infinity")
    return np.asarray(samples)

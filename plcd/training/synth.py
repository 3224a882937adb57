"""Training audio from MIDI, rendered by FluidSynth, as bin2bin's authors made theirs (Aironi et al. 2024, section II-D)."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plcd.training.errors import TrainingError
from plcd.training.midi import MidiError, channels, vary
from plcd.training.storing import replace_file

RATE: Final = 44_100
_PEAK: Final = 0.9
_SILENT: Final = 1e-3
_TIMEOUT_S: Final = 600

INSTRUMENTS: Final = {
    "keys": (0, 1, 4, 6, 11, 12, 19, 21),
    "guitars": (24, 25, 26, 27, 32, 46),
    "strings": (40, 41, 42, 43, 48),
    "voices": (52, 53),
    "brass": (56, 57, 58, 60),
    "winds": (64, 65, 66, 68, 70, 71, 73, 74),
}
"""General MIDI programs, counted from 0, that a random rendering draws from: one family for all channels of a file."""
_TEMPO: Final = (0.8, 1.25)


@dataclass(frozen=True, slots=True)
class Rendering:
    """One file to make. ``variant``: which random one; -1: as written."""

    source: Path
    target: Path
    variant: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All there is to do."""

    renderings: tuple[Rendering, ...]
    fluidsynth: str
    soundfont: Path
    max_seconds: float
    seed: int

    @classmethod
    def make(
        cls, midi: Path, soundfont: Path, output: Path, varied: int, max_seconds: float, seed: int
    ) -> "Plan":
        """Look at what is asked for. Raises TrainingError: no FluidSynth, no sounds, no MIDI files, no output folder."""
        program = shutil.which("fluidsynth")
        if program is None:
            raise TrainingError(
                "fluidsynth is not installed (Debian/Ubuntu: apt install fluidsynth fluid-soundfont-gm; "
                "macOS: brew install fluid-synth)"
            )
        _check_soundfont(soundfont)
        if not midi.is_dir():
            raise TrainingError(f"{midi}: no such folder")
        files = sorted(
            path for path in midi.rglob("*") if path.suffix.lower() in (".mid", ".midi") and path.is_file()
        )
        if not files:
            raise TrainingError(f"{midi}: holds no .mid files")
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{output}: cannot be made: {error.strerror}") from None
        variants = range(varied) if varied else (-1,)
        renderings = []
        for path in files:
            name = "_".join(path.relative_to(midi).with_suffix("").parts)
            for variant in variants:
                suffix = "" if variant < 0 else f"_v{variant:03d}"
                renderings.append(Rendering(path, output / f"{name}{suffix}.flac", variant))
        return cls(tuple(renderings), program, soundfont, max_seconds, seed)


@dataclass(slots=True)
class Done:
    """How many files."""

    rendered: int = 0
    present: int = 0
    failed: int = 0


def render_all(plan: Plan, jobs: int | None = None) -> Done:
    """Render what is not there yet, ``jobs`` at a time; a file that fails is reported on stderr and left out."""
    done = Done()
    console = Console(stderr=True)
    columns = (TextColumn("rendering"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    todo = [rendering for rendering in plan.renderings if not rendering.target.exists()]
    done.present = len(plan.renderings) - len(todo)
    pool = ThreadPoolExecutor(jobs or os.cpu_count() or 1)
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=len(plan.renderings), completed=done.present)
            for error in pool.map(lambda rendering: _attempt(plan, rendering), todo):
                progress.advance(task)
                if error:
                    done.failed += 1
                    progress.console.print(
                        f"plcd: {error}; skipped", markup=False, highlight=False, soft_wrap=True
                    )
                else:
                    done.rendered += 1
    finally:
        pool.shutdown(cancel_futures=True)
    return done


def _attempt(plan: Plan, rendering: Rendering) -> str:
    """Why it failed, or nothing."""
    try:
        render(plan, rendering)
    except TrainingError as error:
        return str(error)
    return ""


def render(plan: Plan, rendering: Rendering) -> None:
    """One file: mono, 16 bit, peak 0.9, silence at both ends cut off. Raises TrainingError."""
    source = rendering.source
    try:
        data = source.read_bytes()
        if rendering.variant >= 0:
            data = _varied(data, plan.seed, rendering)
        elif not channels(data):
            raise MidiError("plays no notes (but drums)")
    except (OSError, MidiError) as error:
        raise TrainingError(f"{source}: {error}") from None
    with tempfile.TemporaryDirectory(prefix="plcd-synth-") as folder:
        midi, wave = Path(folder, "in.mid"), Path(folder, "out.wav")
        midi.write_bytes(data)
        command = [
            plan.fluidsynth,
            "-n",
            "-i",
            "-q",
            "-g",
            "0.5",
            "-r",
            str(RATE),
            "-T",
            "wav",
            "-O",
            "float",
        ]
        command += ["-F", str(wave), str(plan.soundfont), str(midi)]
        try:
            subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=True)
            audio, _ = soundfile.read(
                wave, frames=round((plan.max_seconds + 5) * RATE), dtype="float32", always_2d=True
            )
        except (OSError, subprocess.SubprocessError, soundfile.SoundFileError) as error:
            raise TrainingError(
                f"{source}: fluidsynth failed: {' '.join(str(error).split())[:200]}"
            ) from None
    mono = audio.mean(axis=1)
    loud = np.flatnonzero(np.abs(mono) > _SILENT)
    if not loud.size:
        raise TrainingError(f"{source}: is silent with these sounds")
    mono = mono[loud[0] : min(loud[-1] + 1, loud[0] + round(plan.max_seconds * RATE))]
    mono = mono * (_PEAK / np.max(np.abs(mono)))
    try:
        replace_file(
            rendering.target, lambda file: soundfile.write(file, mono, RATE, subtype="PCM_16", format="FLAC")
        )
    except (OSError, soundfile.SoundFileError) as error:
        raise TrainingError(f"{rendering.target}: cannot be written: {error}") from None


def _varied(data: bytes, seed: int, rendering: Rendering) -> bytes:
    """Instruments of one family and a tempo, from the seed, the file's name and the variant."""
    name = int.from_bytes(hashlib.sha256(rendering.source.name.encode()).digest()[:4])
    rng = np.random.default_rng([seed, name, rendering.variant])
    used = channels(data)
    if not used:
        raise MidiError("plays no notes (but drums)")
    family = list(INSTRUMENTS.values())[int(rng.integers(len(INSTRUMENTS)))]
    programs = {channel: int(family[int(rng.integers(len(family)))]) for channel in used}
    return vary(data, programs, float(rng.uniform(*_TEMPO)))


def _check_soundfont(path: Path) -> None:
    """A SoundFont is a RIFF file of type sfbk. Raises TrainingError."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise TrainingError(f"--soundfont {path}: {error.strerror}") from None
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise TrainingError(f"--soundfont {path}: is not a SoundFont (.sf2)")

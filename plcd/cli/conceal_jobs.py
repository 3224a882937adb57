"""Which file goes with which trace and which output, when any of them may be a directory."""

from dataclasses import dataclass
from pathlib import Path

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.folders import make_folder
from plcd.offline.audio_files import AudioFileError, read_info, same_file
from plcd.offline.containers import is_audio_name


@dataclass(frozen=True, slots=True)
class Job:
    """One file to do."""

    source: Path
    trace: Path
    output: Path
    damaged: Path | None
    samples: int
    """Length, for the progress bar; 0 where the file cannot be read (doing it will say why)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """All there is to do. ``many``: asked for as a directory, so one failure does not stop the rest."""

    jobs: tuple[Job, ...]
    many: bool


def plan(source: Path, trace: Path, output: Path, damaged: Path | None) -> Batch:
    """Pair inputs, traces and outputs.

    Of a directory, the files with an audio suffix are taken, but no hidden ones and no subdirectories. A trace
    directory holds STEM.txt for each; a trace file goes for all. Output directories are made. Raises CliError for
    what makes all impossible.
    """
    many = source.is_dir()
    if not trace.exists():
        raise CliError(f"{trace}: no such trace", ExitCode.FILE)
    if many:
        files = sorted(
            p for p in source.iterdir() if p.is_file() and is_audio_name(p) and not p.name.startswith(".")
        )
        if not files:
            raise CliError(f"{source}: holds no audio files", ExitCode.FILE)
        for place in (output, damaged):
            if place is not None and place.exists() and not place.is_dir():
                raise CliError(f"{place}: is a file, but IN is a directory; give a directory", ExitCode.USAGE)
            if place is not None and same_file(place, source):
                raise CliError(f"{place}: is the input directory; give another one", ExitCode.USAGE)
        for place in (output, damaged):
            if place is not None:
                make_folder(place)
    else:
        files = [source]
    jobs = tuple(
        Job(
            file,
            trace / f"{file.stem}.txt" if trace.is_dir() else trace,
            _place(output, file, many),
            None if damaged is None else _place(damaged, file, many),
            _length(file),
        )
        for file in files
    )
    return Batch(jobs, many)


def _place(wanted: Path, file: Path, many: bool) -> Path:
    return wanted / file.name if many or wanted.is_dir() else wanted


def _length(file: Path) -> int:
    try:
        return read_info(file).samples
    except AudioFileError:
        return 0

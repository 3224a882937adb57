"""Which recordings ``plcd restore`` is asked for, where each goes, and where its gaps are listed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.folders import make_folder
from plcd.cli.traces import read_trace
from plcd.core.trace import TraceError, check_length
from plcd.offline.audio_files import AudioInfo, same_file
from plcd.offline.containers import is_audio_name
from plcd.restoration.detect import Suspect, detect
from plcd.restoration.errors import RestorationError
from plcd.restoration.gap_lists import Found, merged, of_trace, restored_name
from plcd.restoration.sidecar import read_sidecar, sidecar_of

AUTO = "auto"
BLIND = "blind"
PREVIEW = "preview"
RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Job:
    """One recording."""

    source: Path
    output: Path
    gaps: Path | None
    """Its sidecar or trace; None: they are looked for in the audio."""
    blind: bool = False
    """Nobody needs to know them: all of it is restored."""


def plan(inputs: list[Path], output: Path | None, gaps: str | None, preview: bool) -> tuple[Job, ...]:
    """Pair inputs, outputs and lists of gaps. Of a directory the files with an audio suffix are taken, hidden ones are not.

    Raises CliError for what makes all impossible.
    """
    what = PREVIEW if preview else RESTORED
    files: list[Path] = []
    for given in inputs:
        files += _files_in(given) if given.is_dir() else [given]
    many = len(files) > 1 or inputs[0].is_dir()
    if many and output is not None and output.exists() and not output.is_dir():
        raise CliError(f"{output}: is a file, but there are several inputs; give a directory", ExitCode.USAGE)
    if output is None and any(given.is_dir() for given in inputs):
        raise CliError("IN is a directory: say where the output goes (-o DIR)", ExitCode.USAGE)
    if many and output is not None:
        if is_audio_name(output) and not output.exists():
            raise CliError(
                f"{output}: is a file's name, but there are several inputs; give a directory", ExitCode.USAGE
            )
        if any(same_file(output, given) for given in inputs):
            raise CliError(f"{output}: is the input directory; give another one", ExitCode.USAGE)
        make_folder(output)
    jobs = tuple(
        Job(file, _output(file, output, many, what), _list_of(file, gaps), gaps == BLIND) for file in files
    )
    sources = {file.resolve() for file in files}
    taken: dict[Path, Path] = {}
    for job in jobs:
        place = job.output.resolve()
        if place in sources and place != job.source.resolve():
            raise CliError(
                f"{job.output} is an input, and would become the output of {job.source}", ExitCode.USAGE
            )
        other = taken.setdefault(place, job.source)
        if other is not job.source:
            raise CliError(f"{other} and {job.source} would both become {job.output}", ExitCode.USAGE)
    return jobs


def find_gaps(job: Job, info: AudioInfo, digest: str, packet: int) -> tuple[Found, list[Suspect]]:
    """The gaps of one recording, and what was suspected where they were looked for in the audio.

    Raises RestorationError, CliError and AudioFileError.
    """
    if job.gaps is None:
        suspects = detect(info, packet)
        spans = np.array([(suspect.start, suspect.stop) for suspect in suspects], np.int64)
        return Found(merged(spans, info.samples), AUTO), suspects
    if not job.gaps.exists():
        raise RestorationError(
            f"{job.source}: no list of its gaps, there is no {job.gaps}: give --gaps SIDECAR, TRACE or auto"
        )
    if job.gaps.suffix.lower() == ".json":
        return read_sidecar(job.gaps, info, digest), []
    flags = read_trace(job.gaps)
    try:
        check_length(flags, info.samples, packet)
    except TraceError as error:
        raise RestorationError(f"{job.gaps}: {error}") from None
    return Found(of_trace(flags, packet, info.samples), job.gaps.name), []


def _files_in(folder: Path) -> list[Path]:
    found = {p for p in folder.iterdir() if p.is_file() and is_audio_name(p) and not p.name.startswith(".")}
    made = {restored_name(file, what) for file in found for what in (RESTORED, PREVIEW)}
    files = sorted(found - made)
    if not files:
        raise CliError(f"{folder}: holds no audio files", ExitCode.FILE)
    return files


def _output(file: Path, wanted: Path | None, many: bool, what: str) -> Path:
    if wanted is None:
        return restored_name(file, what)
    if many or wanted.is_dir():
        return wanted / (restored_name(file, what).name if what == PREVIEW else file.name)
    return wanted


def _list_of(file: Path, gaps: str | None) -> Path | None:
    """Where the gaps of ``file`` are listed. A directory holds NAME.json or STEM.txt for each."""
    if gaps in (AUTO, BLIND):
        return None
    if gaps is None:
        return sidecar_of(file)
    if not Path(gaps).is_dir():
        return Path(gaps)
    listed = Path(gaps) / sidecar_of(file).name
    return listed if listed.exists() else Path(gaps) / f"{file.stem}.txt"

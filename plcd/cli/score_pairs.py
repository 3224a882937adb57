"""Which reference goes with which output and trace, and how they are read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.traces import read_trace
from plcd.offline.audio_files import AudioFileError, read_blocks, read_info
from plcd.offline.containers import is_audio_name
from plcd.scoring.pair import Losses, Pair, Real, ScoreError

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Files:
    """One pair to score."""

    reference: Path
    output: Path
    trace: Path | None


def find_pairs(reference: Path, output: Path, trace: Path | None) -> list[Files]:
    """Pair the files of two directories, or two files.

    Of a directory, the files with an audio suffix are taken, but no hidden ones and no subdirectories. An output has
    the name of its reference, or the same name but for the suffix. Raises CliError where there is nothing to score.
    """
    if trace is not None and not trace.exists():
        raise CliError(f"{trace}: no such trace", ExitCode.FILE)
    if not reference.is_dir():
        if output.is_dir():
            output = _output_for(reference, _audio_files(output), output)
        return [Files(reference, output, _trace_for(reference, trace))]
    if not output.is_dir():
        raise CliError(f"{output}: REF is a directory, so OUT must be one", ExitCode.USAGE)
    outputs = _audio_files(output)
    found = [
        Files(file, _output_for(file, outputs, output), _trace_for(file, trace))
        for file in _audio_files(reference)
    ]
    if not found:
        raise CliError(f"{reference}: holds no audio files", ExitCode.FILE)
    return found


def read_pair(files: Files, packet: int) -> tuple[Pair, Losses | None]:
    """What ``files`` hold. Raises CliError with one line that names the file."""
    try:
        one, other = read_info(files.reference), read_info(files.output)
        if one.rate != other.rate:
            raise ScoreError(f"the reference has {one.rate} Hz, the output {other.rate}")
        if one.samples != other.samples:
            raise ScoreError(f"the reference has {one.samples} samples, the output {other.samples}")
        pair = Pair(one.rate, *(_samples(info.path) for info in (one, other)))
        if files.trace is None:
            return pair, None
        return pair, Losses(read_trace(files.trace), packet, one.samples)
    except AudioFileError as error:
        raise CliError(str(error), ExitCode.FILE) from None
    except ScoreError as error:
        raise CliError(f"{files.output}: {error}", ExitCode.FILE) from None


def _samples(path: Path) -> Real:
    return np.concatenate(list(read_blocks(read_info(path), _BLOCK)))


def _audio_files(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.iterdir() if p.is_file() and is_audio_name(p) and not p.name.startswith(".")
    )


def _output_for(reference: Path, outputs: list[Path], folder: Path) -> Path:
    """The output of the same name, else of the same stem; a path that does not exist where there is none."""
    same = [path for path in outputs if path.name == reference.name]
    alike = [path for path in outputs if path.stem == reference.stem]
    return (same or alike or [folder / reference.name])[0]


def _trace_for(reference: Path, trace: Path | None) -> Path | None:
    return trace / f"{reference.stem}.txt" if trace is not None and trace.is_dir() else trace

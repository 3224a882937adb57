"""What ``--output`` says, and the output it means."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plcd.io.audio_file import check_suffix
from plcd.io.outputs.base import DeviceError, Output
from plcd.io.outputs.callback import warm
from plcd.io.outputs.device import DeviceOutput
from plcd.io.outputs.file import FileOutput
from plcd.io.outputs.timer import TimerOutput


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """``--output`` understood: ``device`` with a name, a number or None for the default; ``file`` with a path; ``null``."""

    kind: Literal["device", "file", "null"]
    device: str | int | None = None
    path: Path | None = None


def parse_output(spec: str) -> OutputSpec:
    """Understand ``default``, ``null``, ``file:PATH``, or a device's name or number; opens nothing.

    Raises ValueError if it says nothing sensible (empty, unknown suffix), DeviceError if the file could not be written
    (no such folder, no permission). Whether a device exists shows when it is opened.
    """
    if spec == "null":
        return OutputSpec("null")
    if spec == "default":
        return OutputSpec("device")
    if spec.startswith("file:"):
        return OutputSpec("file", path=_check_path(spec.removeprefix("file:")))
    if not spec.strip():
        raise ValueError("output is empty: give default, null, file:PATH or a device (see --list-devices)")
    return OutputSpec("device", device=int(spec) if spec.isascii() and spec.isdigit() else spec)


def make_output(spec: OutputSpec | str, rate: int, channels: int, period: int) -> Output:
    """The output, not yet started; ``rate`` in hertz, ``period`` in samples. Raises as ``parse_output``."""
    if isinstance(spec, str):
        spec = parse_output(spec)
    if spec.kind == "null":
        return TimerOutput(rate, period)
    if spec.path is not None:
        return FileOutput(spec.path, rate, channels, period)
    return DeviceOutput(spec.device, rate, channels, period)


def warm_output(spec: OutputSpec) -> None:
    """Compile what this output will need, so that it starts at once when the stream comes."""
    if spec.kind == "device":
        warm()


def _check_path(text: str) -> Path:
    if not text:
        raise ValueError("output file: needs a path, as in file:take.wav")
    path = Path(text)
    check_suffix(path)
    if not path.parent.is_dir():
        raise DeviceError(f"cannot write {path}: there is no folder {str(path.parent)!r}")
    if path.exists() and not path.is_file():
        raise DeviceError(f"cannot write {path}: it is not a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise DeviceError(f"cannot write {path}: no permission")
    return path

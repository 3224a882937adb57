"""Records everything that is played, with a sidecar that says which samples were not received.

The sidecar, ``PATH.json``, is written on close: ``version`` (of its format, 1), ``rate``, ``channels``, ``packet``, ``samples``,
``sha256`` of the finished file, and ``holes``, a list of ``[start, length, origin]`` in samples of the file, in order. Of one
peer of a mix also ``start``: how many samples of the mix were played before the file's first. If the recording ended early it
also says why (``error``), and if there were more holes than are kept, that the list ends at one (``holes_complete_to``).
"""

import contextlib
import hashlib
import json
import logging
import os
import threading
from array import array
from pathlib import Path, PureWindowsPath
from typing import Any

from plcd.core.frame import Origin, PlayedFrame
from plcd.io.audio_file import check_suffix
from plcd.io.audio_writer import AudioWriter

log = logging.getLogger(__name__)

SIDECAR_VERSION = 1

MAX_HOLES = 1_000_000
"""Holes kept, 24 bytes each: at 10 % loss of 512-sample packets more than a day. Later ones are not listed."""

MAX_NAME_BYTES = 200
"""Of a file named from outside: file systems take 255, and the sidecar's draft needs a suffix."""


class Recorder:
    """Every frame, idle silence too, so that the file's clock is the sound's. A disk that fails or falls behind ends the
    recording with an error in ``status`` and in the log; playing is not disturbed."""

    def __init__(
        self,
        path: Path,
        rate: int,
        channels: int,
        packet: int,
        *,
        exclusive: bool = False,
        start: int | None = None,
    ) -> None:
        """``rate`` in hertz, ``packet`` in samples, ``start`` for the sidecar.

        Raises ValueError and OSError as ``AudioWriter``.
        """
        self.path = path
        self._rate = rate
        self._channels = channels
        self._packet = packet
        self._start = start
        self._writer = AudioWriter(path, rate, channels, self._failed, block=False, exclusive=exclusive)
        self._position = 0
        self._holes = array("q")  # start, length, origin; start, length, origin; ...
        self._holes_complete_to: int | None = None
        self._lock = threading.Lock()
        self._closed = False

    def write(self, frame: PlayedFrame) -> None:
        """Append one frame as played. Engine thread only."""
        for start, length, origin in frame.holes:
            self._note(self._position + start, length, origin)
        self._position += len(frame.audio)
        self._writer.write(frame.audio)

    def status(self) -> dict[str, Any]:
        """``path``, ``samples`` in the file by now, ``error`` (None while all is well). From any thread."""
        return {"path": str(self.path), "samples": self._writer.samples, "error": self._writer.error}

    def close(self) -> None:
        """Complete the file and write its sidecar; reads the file once, so it takes a while. Idempotent, any thread, after the
        last ``write``."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._writer.close()
            try:
                _replace(sidecar_path(self.path), self._sidecar())
            except OSError as error:
                log.error("no sidecar for the recording %s: %s", self.path, error.strerror or error)

    def _note(self, start: int, length: int, origin: Origin) -> None:
        holes = self._holes
        if holes and holes[-1] == origin and holes[-3] + holes[-2] == start:
            holes[-2] += length
        elif len(holes) < 3 * MAX_HOLES:
            holes.extend((start, length, origin))
        elif self._holes_complete_to is None:
            self._holes_complete_to = start
            log.warning(
                "the recording %s has more than %d holes: later ones are not listed", self.path, MAX_HOLES
            )

    def _failed(self, message: str) -> None:
        log.error("recording stopped: %s", message)

    def _sidecar(self) -> bytes:
        samples = self._writer.samples
        with open(self.path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        runs = zip(self._holes[::3], self._holes[1::3], self._holes[2::3], strict=True)
        holes = [
            [start, min(length, samples - start), Origin(origin).label]
            for start, length, origin in runs
            if start < samples
        ]
        facts: dict[str, Any] = {
            "version": SIDECAR_VERSION,
            "rate": self._rate,
            "channels": self._channels,
            "packet": self._packet,
            "samples": samples,
            "sha256": digest,
        }
        if self._start is not None:
            facts["start"] = self._start
        if self._writer.error is not None:
            facts["error"] = self._writer.error
        if self._holes_complete_to is not None:
            facts["holes_complete_to"] = self._holes_complete_to
        return json.dumps({**facts, "holes": holes}).encode() + b"\n"


def sidecar_path(path: Path) -> Path:
    """``take.wav`` has its sidecar in ``take.wav.json``."""
    return path.with_name(path.name + ".json")


def safe_recording_path(record_dir: Path, name: str) -> Path:
    """Where a recording asked for from outside may go: a new file below ``record_dir``, in a folder that is there.

    Raises ValueError, in one line, for anything else: absolute names, ``..``, links that lead out, other suffixes, a
    recording or sidecar that exists. Open the path exclusively, since a file may appear in between.
    """
    parts = PureWindowsPath(name)  # knows / and \\, drives and streams
    if not name or "\0" in name or parts.anchor or ":" in name or ".." in parts.parts or not parts.name:
        raise ValueError(f"{name!r} is not the name of a file below the recording folder")
    if len(os.fsencode(parts.name)) > MAX_NAME_BYTES:
        raise ValueError(f"the name of a recording may have {MAX_NAME_BYTES} bytes")
    check_suffix(Path(name))
    try:
        root = record_dir.resolve(strict=True)
        path = (root / name).parent.resolve(strict=True) / parts.name
    except OSError as error:
        raise ValueError(f"no folder for {name!r}: {error.strerror}") from error
    if not path.is_relative_to(root) or not path.parent.is_dir():
        raise ValueError(f"{name!r} is not in a folder below the recording folder")
    for taken in (path, sidecar_path(path)):
        if os.path.lexists(taken):
            raise ValueError(f"{taken.name!r} exists already: choose another name")
    return path


def _replace(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise

"""What is finished of a restoration, kept beside its output: an interrupted run goes on where it was.

A text file, one JSON value a line. The first says whose it is; each other one holds a finished window, ``[start, samples]``, the
samples as float32 in base64, exactly as they go into the file. A last line that was half written is dropped.
"""

import base64
import binascii
import errno
import hashlib
import json
import os
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from plcd.offline.audio_files import DamagedFileError
from plcd.restoration.errors import RestorationError

Restored = NDArray[np.float32]
FORMAT: Final = 1


def journal_of(output: Path) -> Path:
    """``take.restored.wav`` has its journal in ``take.restored.wav.partial``."""
    return output.with_name(output.name + ".partial")


@dataclass(frozen=True, slots=True)
class Job:
    """What a journal belongs to: everything on which the result depends."""

    input_sha256: str
    gaps_sha256: str
    channels: int
    method: str
    """Its :attr:`plcd.restoration.restorer.Restorer.identity`."""
    format: int = FORMAT

    @property
    def mark(self) -> str:
        """What an output bears in its tags: whoever finds it knows whether it is of this job."""
        key = hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()
        return f"restored by plcd: {self.method}; {key[:32]}"


class Journal:
    """A context manager. Windows are asked for in order: :meth:`next` gives those that are there, then they are added. Without
    any window no file stays, nor where the recording cannot be read to its end: no later run could go on.

    Raises RestorationError where it belongs to another job or cannot be read or written.
    """

    def __init__(self, path: Path, job: Job) -> None:
        self.path = path
        self._job = job

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            try:
                self._writing = opened.enter_context(open(self.path, "ab", buffering=0))
                self._reading = opened.enter_context(open(self.path, "rb"))
            except OSError as error:
                raise self._failed(error) from None
            self._has_more = self._begin()
            self._holds_any = self._has_more
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._opened.close()
        if not self._holds_any or kind is DamagedFileError:
            with suppress(OSError):
                self.path.unlink()

    def next(self, start: int, samples: int) -> Restored | None:
        """The window that begins at ``start`` with so many missing ``samples``.

        None: it is not there, nor are those that follow.
        """
        if not self._has_more:
            return None
        place = self._reading.tell()
        restored = _parse(self._reading.readline(), start, samples, self._job.channels)
        if restored is None:
            self._has_more = False
            self._cut(place)
            self._holds_any = place > len(_line(asdict(self._job)))
        return restored

    def add(self, start: int, restored: Restored) -> None:
        """Keep a finished window, ``(samples, channels)``."""
        data = base64.b64encode(restored.astype("<f4").tobytes()).decode("ascii")
        self._write(_line([start, restored.shape[0], data]))
        self._holds_any = True

    def remove(self) -> None:
        """The output is there: the journal has served, and goes when it is closed."""
        self._holds_any = False

    def _begin(self) -> bool:
        """Read whose it is, or write it into a new one; whether there is anything more to read."""
        own = _line(asdict(self._job))
        line = self._reading.readline()
        if len(line) < len(own) and own.startswith(
            line
        ):  # new, or what was written of it when the disk was full
            self._cut(0)
            self._write(own)
            return False
        if line != own:
            raise RestorationError(
                f"{self.path}: is of another restoration (other input, gaps or settings), or of something else: finish that "
                "one, or delete it"
            )
        return os.fstat(self._reading.fileno()).st_size > len(own)

    def _write(self, line: bytes) -> None:
        try:
            if self._writing.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise self._failed(error) from None

    def _cut(self, place: int) -> None:
        try:
            self._writing.truncate(place)
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> RestorationError:
        return RestorationError(f"{self.path}: cannot be written: {error.strerror or error}")


def _line(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _parse(line: bytes, start: int, samples: int, channels: int) -> Restored | None:
    """The samples in one line, if it is whole and the one that is wanted."""
    if not line.endswith(b"\n"):
        return None
    try:
        match json.loads(line):
            case [int(begins), int(count), str(data)] if (begins, count) == (start, samples):
                restored = np.frombuffer(base64.b64decode(data, validate=True), "<f4")
            case _:
                return None
    except (ValueError, RecursionError, binascii.Error):
        return None
    if restored.size != samples * channels or not np.isfinite(restored).all():
        return None
    return restored.reshape(samples, channels).astype(np.float32)

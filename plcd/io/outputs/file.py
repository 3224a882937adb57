"""A file as the output: real-time pacing, and every frame from the first of the stream on."""

import logging
import threading
from pathlib import Path

from plcd.core.frame import Origin, PlayedFrame
from plcd.io.audio_writer import AudioWriter
from plcd.io.outputs.base import DeviceError, OutputStatus
from plcd.io.outputs.timer import Ticks
from plcd.io.unused import unused

log = logging.getLogger(__name__)


class FileOutput:
    """Writes what is played to a WAV or FLAC file, without the frames that are idle.

    Nothing is dropped: a disk that falls behind is waited for, and late ticks are caught up.
    """

    def __init__(self, path: Path, rate: int, channels: int, period: int) -> None:
        """``rate`` in hertz, ``period`` in samples. Where there is such a file, another beside it."""
        self._path = path
        self._rate = rate
        self._channels = channels
        self._ticks = Ticks(rate, period)
        self._writer: AudioWriter | None = None
        self._closing = threading.Lock()

    def start(self, first_ns: int) -> None:
        """Create the file and tick from ``first_ns`` on. Raises DeviceError."""
        path = unused(self._path)
        if path != self._path:
            log.info("%s is there already: playing into %s", self._path, path)
            self._path = path
        try:
            self._writer = AudioWriter(self._path, self._rate, self._channels, block=True)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise DeviceError(f"cannot write {self._path}: {reason}") from error
        self._ticks.start(first_ns)

    def wait(self) -> int:
        return self._ticks.wait()

    def write(self, frame: PlayedFrame) -> None:
        """Raises DeviceError once the file can no longer be written (disk full, WAV of 4 GiB)."""
        if frame.origin is Origin.IDLE or self._writer is None:
            return
        self._writer.write(frame.audio)
        self._check(self._writer)

    def status(self) -> OutputStatus:
        return OutputStatus(f"file:{self._path}", self._ticks.underruns, 0.0, 0.0)

    def close(self) -> None:
        """Write out and complete the file. Raises DeviceError, the first time, if that did not work."""
        with self._closing:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
                self._check(writer)

    def _check(self, writer: AudioWriter) -> None:
        if writer.error is not None:
            raise DeviceError(f"the output file ends early: {writer.error}")

"""Writes audio to disk from a thread of its own, so that whoever plays never waits for a disk unless it wants to."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from plcd.core.frame import Samples
from plcd.io import audio_file

QUEUE_S = 5.0
"""Audio held at most, and as much again in the writer's hands: disks stall for a second or two while they flush, and
ten seconds of stereo at 48 kHz are 4 MB."""

BATCH_S = 0.2
"""How long audio is gathered before it is written: one wake-up for many frames, yet a file that visibly grows."""

CLOSE_S = 30.0
"""How long closing waits for a disk that hangs."""


class AudioWriter:
    """A float32 WAV or 24-bit FLAC file, by suffix, fed from one thread.

    Two policies when the disk falls ``QUEUE_S`` behind: with ``block``, ``write`` waits and nothing is ever dropped;
    without, writing ends with an error. After any error ``write`` does nothing, and the file ends validly (as far as
    the disk allows) with the last samples that were written.
    """

    def __init__(
        self,
        path: Path,
        rate: int,
        channels: int,
        on_error: Callable[[str], None] | None = None,
        *,
        block: bool,
        exclusive: bool = False,
    ) -> None:
        """``rate`` in hertz. ``on_error`` hears of the first error, once, from the writer's thread or from ``write``.

        Raises ValueError (suffix, channels) and OSError; FileExistsError if ``exclusive`` and the file is there.
        """
        self.path = path
        self.error: str | None = None
        """One line, once writing has failed."""
        self._file = audio_file.create(path, rate, channels, exclusive)
        self._on_error = on_error
        self._block = block
        self._most = int(rate * QUEUE_S)
        self._batch = max(1, int(rate * BATCH_S))
        self._changed = threading.Condition()
        self._queue: list[Samples] = []
        self._queued = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"plcd-write-{path.name}")
        self._thread.start()

    @property
    def samples(self) -> int:
        """Samples per channel that are in the file by now."""
        return self._file.samples

    def write(self, samples: Samples) -> None:
        """Append, shape (samples, channels); copied. After ``close`` or an error: nothing."""
        if not len(samples):
            return
        behind = False
        with self._changed:
            if self._block:
                self._changed.wait_for(lambda: self._fits(len(samples)) or self._closing or self.error)
            if self._closing or self.error:
                return
            behind = not self._fits(len(samples))
            if not behind:
                self._queue.append(samples.astype(np.float32, order="C", copy=True))
                self._queued += len(samples)
                if self._queued >= self._batch:
                    self._changed.notify_all()
        if behind:
            self._fail(f"the disk cannot keep up: {QUEUE_S:g} s of audio are waiting for it")

    def close(self) -> None:
        """Write what is queued and complete the file. Idempotent; see ``error`` for how it went."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)
            if self._thread.is_alive():
                self._fail(f"the disk did not take the rest within {CLOSE_S:g} s")

    def _fits(self, count: int) -> bool:
        return self._queued == 0 or self._queued + count <= self._most

    def _run(self) -> None:
        try:
            while self.error is None and (batch := self._next()) is not None:
                if batch:
                    self._write(np.concatenate(batch))
        except OSError as error:
            self._fail(self._reason(error))
        try:
            self._file.close()
        except OSError as error:
            self._fail(self._reason(error))

    def _write(self, samples: Samples) -> None:
        """In pieces, so that a disk that fills up has at least those before it did."""
        for start in range(0, len(samples), self._batch):
            self._file.write(samples[start : start + self._batch])

    def _next(self) -> list[Samples] | None:
        """What has come since the last call, perhaps nothing yet; None after the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or self.error is not None or self._queued >= self._batch, BATCH_S
            )
            batch, self._queue, self._queued = self._queue, [], 0
            self._changed.notify_all()
            return None if self._closing and not batch else batch

    def _fail(self, message: str) -> None:
        with self._changed:
            first = self.error is None
            if first:
                self.error = message
            self._changed.notify_all()
        if first and self._on_error is not None:
            self._on_error(message)

    def _reason(self, error: OSError) -> str:
        return f"{self.path}: {os.strerror(error.errno) if error.errno else error}"

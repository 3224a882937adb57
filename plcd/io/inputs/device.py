"""A sound device as the input, and what happens when it is not there.

Theory of operation. While the device gives samples, it is the clock. Before, and when it has gone, blocks of silence go out
at the ticks of the monotonic clock, and every :data:`RETRY_S` a new process looks for it. One thread keeps watch; the
capture's own hands over the blocks.
"""

import logging
import time

import numpy as np

from plcd.io.inputs.base import InputStatus, Pace
from plcd.io.inputs.capture import Capture, look
from plcd.io.inputs.worker import Beat, Worker

log = logging.getLogger("plcd.input")

RETRY_S = 2.0
"""As for outputs."""
LOOK_S = 0.1
"""How often a device that works is looked at."""


class DeviceInput(Worker):
    """``device``: a name or part of one, a number, or None for the default."""

    def __init__(self, device: str | int | None) -> None:
        super().__init__()
        self._device = device
        self._shown = "default" if device is None else str(device)
        self._capture: Capture | None = None
        self._silent = self._past_overflows = 0
        self._lost = False

    def status(self) -> InputStatus:
        """As the contract says."""
        capture = self._capture
        overflows = self._past_overflows + (capture.overflows if capture else 0)
        return InputStatus(self._shown, self._silent + overflows, self._lost)

    def prepare(self) -> None:
        """Say at once where the device is not there."""
        trouble = look(self._device)
        if trouble is not None:
            self._lose(trouble)

    def serve(self, pace: Pace) -> None:
        """Blocks as the device gives them; silence before, between and after."""
        try:
            self._serve(pace)
        finally:
            self._drop()

    def _serve(self, pace: Pace) -> None:
        silence = np.zeros((pace.samples, pace.channels), np.float32)
        beat, retry = Beat(pace), 0.0
        while self.wanted(pace):
            if self._capture is None and time.monotonic() >= retry:
                self._capture = Capture(self._device, pace, self.deliver)
            trouble = self._capture.trouble() if self._capture else None
            if trouble is not None:
                self._lose(trouble)
                retry = time.monotonic() + RETRY_S
            capture = self._capture
            if capture is not None and capture.flowing:
                self._found(capture)
                self.wait(LOOK_S)
                beat.restart()
                continue
            beat.wait()
            if capture is None or not capture.flowing:
                self._silent += self._lost
                self.deliver(silence, pace.rate)

    def _found(self, capture: Capture) -> None:
        if capture.name is not None and self._shown != capture.name:
            self._shown = capture.name
            log.info("capturing from %s", capture.name)
        if self._lost:
            self._lost = False
            log.info("the input device %s is there", self._shown)

    def _lose(self, trouble: str) -> None:
        self._drop()
        if not self._lost:
            self._lost = True
            log.warning(
                "the input device %s is not there (%s): silence is sent until it is (plcd --list-devices)",
                self._shown,
                trouble,
            )

    def _drop(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.close()
            self._past_overflows += capture.overflows

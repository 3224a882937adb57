"""An audio device as the output, and what happens when it goes away.

Theory of operation. While a device is open, it is the clock: each callback empties part of the ring and posts a
semaphore, and ``wait`` returns when there is room for a period. A device that ends its stream or stops calling is handed
to a helper thread, which closes it and tries every ``RETRY_S`` to open it again; meanwhile ticks of the monotonic clock
go on from the last frame asked for, and frames are dropped. When the helper has the device back, the next ``wait``
finds it.
"""

import logging
import threading
import time

from plcd.core.frame import PlayedFrame
from plcd.io.outputs.base import DeviceError, OutputStatus
from plcd.io.outputs.open_device import OpenDevice
from plcd.io.outputs.portaudio import list_devices, load, restart
from plcd.io.outputs.timer import SECOND_NS, Ticks

__all__ = ["DeviceOutput", "list_devices"]

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""Pause between attempts to reopen: short for a musician, long beside the tenth of a second that one attempt takes."""


class DeviceOutput:
    """Plays on a PortAudio device.

    To find a device that came back, PortAudio must be restarted, which ends every stream of the process: one DeviceOutput
    a process.
    """

    def __init__(
        self, device: str | int | None, rate: int, channels: int, period: int, callback: str | None = None
    ) -> None:
        """``device`` is a name or part of one, a number, or None for the default; ``rate`` in hertz, ``period`` in samples.

        ``callback`` insists on ``callback.MACHINE_CODE`` or ``callback.PYTHON``; None takes the better that works.
        """
        self._device = device
        self._rate = rate
        self._channels = channels
        self._period = period
        self._callback = callback
        self._ticks = Ticks(rate, period)
        self._lock = threading.Lock()  # guards what follows; held only for moments
        self._open: OpenDevice | None = None
        self._closing = threading.Event()
        self._past_underruns = 0
        self._past_host_underruns = 0
        self._last_ns = 0
        self._shown = OutputStatus("default" if device is None else str(device), 0, 0.0, 0.0)

    def start(self, first_ns: int) -> None:
        """Open the device and begin at once, whatever ``first_ns``. Raises DeviceError."""
        opened = self._open_device(self._device)
        log.info("playing on %s, callback in %s", opened.name, opened.kind)
        self._last_ns = time.monotonic_ns()
        with self._lock:
            self._open = opened

    def wait(self) -> int:
        """Until the ring has room for a period, or the device is gone and a tick is due; the monotonic instant in ns."""
        while (opened := self._open) is not None:
            if opened.has_room():
                self._last_ns = time.monotonic_ns()
                return self._last_ns
            with self._lock:
                watch = self._open is opened
            trouble = opened.wait() if watch else None
            if trouble is not None:
                self._lose(opened, trouble)
        return self._ticks.wait()

    def write(self, frame: PlayedFrame) -> None:
        """Into the ring; dropped while there is no device."""
        opened = self._open
        if opened is not None:
            opened.write(frame.audio)

    def status(self) -> OutputStatus:
        with self._lock:
            opened, past = self._open, self._past_underruns
            if opened is not None:
                ring_ms = 1000.0 * opened.ring.limit / self._rate
                underruns = past + opened.ring.underruns
                self._shown = OutputStatus(opened.name, underruns, ring_ms, opened.device_ms)
                return self._shown
            lost = self._last_ns > 0 and not self._closing.is_set()
            name, before = self._shown.name, self._shown
            return OutputStatus(name, past, before.ring_ms, before.device_ms, lost)

    @property
    def host_underruns(self) -> int:
        """How often the host told of its own buffer running dry: its scheduling, not the ring."""
        with self._lock:
            opened = self._open
            return self._past_host_underruns + (opened.ring.host_underruns if opened else 0)

    @property
    def callback_kind(self) -> str | None:
        """Which callback runs, of ``callback.py``; None while there is no device."""
        opened = self._open
        return opened.kind if opened else None

    def close(self) -> None:
        """Play out the ring (two seconds at most), then release the device. Whoever still waits is paced by ticks."""
        self._closing.set()
        opened = self._detach(None)
        if opened is not None:
            opened.wake()
            opened.close(play_out=True)

    def _open_device(self, device: str | int | None) -> OpenDevice:
        return OpenDevice(device, self._rate, self._channels, self._period, self._callback)

    def _detach(self, expected: OpenDevice | None) -> OpenDevice | None:
        """Take the open device away from the engine thread (``expected``, if given, or nothing); ticks follow."""
        with self._lock:
            opened = self._open
            if opened is None or (expected is not None and opened is not expected):
                return None
            self._past_underruns += opened.ring.underruns
            self._past_host_underruns += opened.ring.host_underruns
            self._ticks.start(self._last_ns + self._period * SECOND_NS // self._rate)
            self._open = None
            return opened

    def _lose(self, opened: OpenDevice, trouble: str) -> None:
        self.status()  # remembers its name and delays
        if self._detach(opened) is None:
            return
        log.warning("the audio device %s is gone (%s): time goes on without sound", opened.name, trouble)
        again = self._device if self._device is None else opened.name  # numbers may change
        threading.Thread(
            target=self._reopen, args=(opened, again), daemon=True, name="plcd-device-reopen"
        ).start()

    def _reopen(self, gone: OpenDevice, device: str | None) -> None:
        gone.close(play_out=False)
        while not self._closing.wait(RETRY_S):
            if not gone.released.is_set():  # a restart would pull PortAudio from under it
                continue
            try:
                restart(load())
                opened = self._open_device(device)
            except DeviceError as error:
                log.debug("not back yet: %s", error)
                continue
            with self._lock:
                if not self._closing.is_set():
                    self._open = opened
                    log.info("the audio device %s is back", opened.name)
                    return
            opened.close(play_out=False)

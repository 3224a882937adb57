"""A device as long as it is open: its stream, its ring, and whether it still calls."""

import contextlib
import threading
import time

from plcd.core.frame import Samples
from plcd.io.outputs import portaudio
from plcd.io.outputs.base import DeviceError
from plcd.io.outputs.callback import open_stream
from plcd.io.outputs.ring import Ring
from plcd.io.outputs.semaphore import make_semaphore

LOOK_S = 0.25
"""How long to wait for a callback before having a look at the stream."""

SILENT_LOOKS = 4
"""Looks without a callback after which the device is given up: about a second. Counted in looks and not by the clock, so a
process that was stopped for a while does not think its device is gone."""

FIRST_LOOKS = 12
"""The same before the first callback: sound servers take up to 1.7 s to start a stream (PulseAudio, measured)."""

STOP_S = 2.0
"""How long stopping may take: on a device that is gone it may never end."""


class OpenDevice:
    """Opens and starts on construction. ``wait`` and ``write`` are the engine thread's; the caller sees to it that nobody uses
    it once ``close`` has begun."""

    def __init__(
        self, device: str | int | None, rate: int, channels: int, period: int, kind: str | None = None
    ) -> None:
        """See ``DeviceOutput``; ``kind`` insists on one callback of ``callback.py``. Raises DeviceError."""
        sounddevice = portaudio.load()
        number, self.name = portaudio.find(sounddevice, device)
        self._period = period
        self._semaphore = make_semaphore()
        self.ring = Ring(period, channels, self._semaphore.descriptor)
        try:
            self._stream, self.kind = open_stream(
                sounddevice, number, rate, channels, period, self.ring, self._semaphore, kind
            )
        except sounddevice.PortAudioError as error:
            form = f"{channels} channels of float32 at {rate} Hz"
            raise DeviceError(f"the device {self.name!r} does not take {form}: {_reason(error)}") from error
        self.released = threading.Event()
        """Set once PortAudio has let go of the stream."""
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self._close_stream()
            raise DeviceError(f"the device {self.name!r} does not start: {_reason(error)}") from error
        self.device_ms = 1000.0 * float(self._stream.latency)
        self._host_samples = int(2 * rate * float(self._stream.latency)) + period
        self._looks = 0
        self._calls = 0
        self._ending = False

    def wait(self) -> str | None:
        """One look: until a callback came or ``LOOK_S``. None if all is well, else why the device is given up."""
        if self._semaphore.wait(LOOK_S):
            self._looks = 0
            return None
        calls = self.ring.callbacks
        self._looks = 0 if calls != self._calls else self._looks + 1
        self._calls = calls
        if self._looks >= (SILENT_LOOKS if calls else FIRST_LOOKS):
            return "it takes no more samples"
        return None if self._ending or self._stream.active else "its stream has ended"

    def has_room(self) -> bool:
        """Whether the ring wants another period."""
        return self.ring.room() >= self._period

    def write(self, audio: Samples) -> None:
        """One period, for which there is room."""
        self.ring.write(audio)

    def wake(self) -> None:
        """Let a ``wait`` in progress return."""
        self._semaphore.post()

    def close(self, play_out: bool) -> None:
        """Release the device; with ``play_out`` after what the ring and the host hold has sounded, or has failed to in time.

        ``released`` says whether it was possible yet.
        """
        self._ending = True
        self.ring.end()
        if play_out:
            self._play_out()
        stopping = threading.Thread(
            target=self._close_stream, args=(play_out,), daemon=True, name="plcd-device-close"
        )
        stopping.start()
        stopping.join(STOP_S)

    def _play_out(self) -> None:
        """Empty the ring, then give the host silence for as long as it holds samples: not all of them play out on stopping
        (ALSA's pulse plugin loses 18 ms)."""
        deadline = time.monotonic() + STOP_S
        silence = None
        while self._stream.active and time.monotonic() < deadline:
            if silence is None and not self.ring.held:
                silence = self.ring.asked + self._host_samples
            if silence is not None and self.ring.asked >= silence:
                return
            time.sleep(0.002)

    def _close_stream(self, play_out: bool = False) -> None:
        with contextlib.suppress(Exception):
            if play_out:
                self._stream.stop()
            else:
                self._stream.abort()
        with contextlib.suppress(Exception):
            self._stream.close()
        self.released.set()


def _reason(error: Exception) -> str:
    """PortAudio's words on one line, without its prefix."""
    return str(error).split(": ", 1)[-1].splitlines()[0]

"""Opens a PortAudio stream whose callback empties a ring: in machine code where that works, else in Python.

The machine code goes in through sounddevice's ``_StreamBase``, which takes a C function but is private; it needs no
GIL, so busy Python threads cannot make the device run dry. The Python callback does the same copy.
"""

import contextlib
import functools
import logging
from typing import Any

import numba
import numpy as np
from numba import types

from plcd.core.jit import CACHE
from plcd.io.outputs.ring import Ring
from plcd.io.outputs.ring_memory import play
from plcd.io.outputs.semaphore import Semaphore

log = logging.getLogger(__name__)

MACHINE_CODE = "machine code"
PYTHON = "Python"

_SIGNATURE = types.int32(types.intp, types.intp, types.ulong, types.intp, types.ulong, types.intp)
"""``PaStreamCallback`` of portaudio.h, with pointers as integers of their size."""


@functools.cache
def _compiled() -> Any:
    """The compiled callback; kept for good, because streams hold its address."""
    try:
        return numba.cfunc(_SIGNATURE, cache=CACHE)(play)
    except (RuntimeError, OSError):  # a cache that cannot be written here, though elsewhere it could
        return numba.cfunc(_SIGNATURE)(play)


def warm() -> None:
    """Compile, or load from the cache, what runs between engine and device, before a stream has to start at once."""
    with contextlib.suppress(Exception):  # opening a stream will say why
        _compiled()
    Ring(1, 1).take(0, 0, 0)


def open_stream(
    sounddevice: Any,
    device: int,
    rate: int,
    channels: int,
    period: int,
    ring: Ring,
    semaphore: Semaphore,
    kind: str | None = None,
) -> tuple[Any, str]:
    """A stream, not yet started, and the kind of its callback. ``kind`` insists on one; None tries machine code first.

    The caller keeps ``ring`` and ``semaphore`` alive as long as the stream. Raises ``sounddevice.PortAudioError`` if the
    device cannot be opened, with either kind.
    """
    settings = {
        "samplerate": rate,
        "blocksize": period,
        "device": device,
        "channels": channels,
        "dtype": "float32",
        "latency": "low",
    }
    if kind != PYTHON:
        try:
            return _open_machine_code(sounddevice, settings, ring, semaphore), MACHINE_CODE
        except sounddevice.PortAudioError:
            raise
        except Exception as error:
            if kind == MACHINE_CODE:
                raise
            log.warning("the audio callback runs in Python, machine code does not work here: %s", error)
    return _open_python(sounddevice, settings, ring, semaphore), PYTHON


def _open_machine_code(sounddevice: Any, settings: dict[str, Any], ring: Ring, semaphore: Semaphore) -> Any:
    if semaphore.descriptor < 0:
        raise NotImplementedError("this platform has no semaphore that machine code can post")
    ffi = sounddevice._ffi
    return sounddevice._StreamBase(
        kind="output",
        callback=ffi.cast("PaStreamCallback *", _compiled().address),
        wrap_callback=None,
        userdata=ffi.cast("void *", ring.address),
        **settings,
    )


def _open_python(sounddevice: Any, settings: dict[str, Any], ring: Ring, semaphore: Semaphore) -> Any:
    def callback(output: Any, samples: int, time: Any, _status: Any) -> None:
        target = np.frombuffer(output, np.uint8).ctypes.data
        ring.take(target, samples, int(time.currentTime * 1e9))
        semaphore.post()

    Ring(1, 1).take(0, 0, 0)  # compiles, before any sound
    return sounddevice.RawOutputStream(callback=callback, **settings)

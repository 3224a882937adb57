"""The compiled callback, called as PortAudio calls it."""

import ctypes
import select
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_sounddevice import FakePortAudioError, FakeSounddevice

from plcd.io.outputs import callback
from plcd.io.outputs.callback import MACHINE_CODE, PYTHON, open_stream
from plcd.io.outputs.ring import Ring
from plcd.io.outputs.semaphore import ThreadSemaphore, make_semaphore

C_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
    ctypes.c_ulong,
    ctypes.c_void_p,
)


def call(ring: Ring, samples: int, moment: float = 0.0, flags: int = 0) -> list[float]:
    function = C_CALLBACK(callback._compiled().address)
    output = np.full(samples, np.nan, np.float32)
    times = (ctypes.c_double * 3)(0.0, moment, 0.0)
    pointer = ctypes.addressof(times) if moment else None
    assert function(None, output.ctypes.data, samples, pointer, flags, ring.address) == 0
    heard: list[float] = output.tolist()
    return heard


@pytest.mark.skipif(not hasattr(select, "poll"), reason="machine code has nothing to post here")
def test_it_copies_counts_and_posts() -> None:
    semaphore = make_semaphore()
    rings = [Ring(2, 1, semaphore.descriptor), Ring(2, 1)]  # one function serves any ring
    for number, ring in enumerate(rings):
        ring.write(np.array([[1.0], [2.0], [3.0]], np.float32) + number)
        assert call(ring, 2) == [1.0 + number, 2.0 + number]
        assert semaphore.wait(0) is (number == 0)
        assert call(ring, 2, flags=4) == [3.0 + number, 0.0]
        assert (ring.underruns, ring.host_underruns, ring.callbacks, ring.asked) == (1, 1, 2, 4)
        semaphore.wait(0)


def test_callbacks_of_one_moment_are_one_buffer_of_the_host() -> None:
    ring = Ring(10, 1)
    for moment in (1.5, 2.5, 2.5, 2.5, 3.5):
        call(ring, 10, moment)
    assert ring.limit == 30


class StreamBase:
    """A ``_StreamBase`` that only remembers."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings


def test_machine_code_goes_in_through_the_private_class() -> None:
    if not hasattr(select, "poll"):
        pytest.skip("machine code has nothing to post here")
    fake: Any = FakeSounddevice()
    fake._StreamBase = StreamBase
    fake._ffi = SimpleNamespace(cast=lambda kind, value: (kind, value))
    ring = Ring(64, 1)
    stream, kind = open_stream(fake, 3, 48_000, 1, 64, ring, make_semaphore())
    assert kind == MACHINE_CODE
    assert stream.settings["userdata"] == ("void *", ring.address)
    assert stream.settings["callback"] == ("PaStreamCallback *", callback._compiled().address)
    assert stream.settings["blocksize"] == 64
    assert open_stream(fake, 3, 48_000, 1, 64, ring, make_semaphore(), PYTHON)[1] == PYTHON


def test_without_a_descriptor_to_post_on_python_is_taken() -> None:
    fake: Any = FakeSounddevice()
    assert open_stream(fake, 0, 48_000, 1, 64, Ring(64, 1), ThreadSemaphore())[1] == PYTHON
    with pytest.raises(NotImplementedError):
        open_stream(fake, 0, 48_000, 1, 64, Ring(64, 1), ThreadSemaphore(), MACHINE_CODE)


def test_a_device_that_refuses_is_not_tried_with_the_other_callback() -> None:
    def refuse(**_settings: Any) -> None:
        raise FakePortAudioError("busy")

    fake: Any = FakeSounddevice()
    fake._StreamBase = refuse
    fake._ffi = SimpleNamespace(cast=lambda kind, value: (kind, value))
    if not hasattr(select, "poll"):
        pytest.skip("machine code has nothing to post here")
    with pytest.raises(FakePortAudioError):
        open_stream(fake, 0, 48_000, 1, 64, Ring(64, 1), make_semaphore())
    assert not fake.streams

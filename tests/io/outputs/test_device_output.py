"""The device's life as the engine thread sees it, with a device that the test plays."""

import logging
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from fake_sounddevice import FakeSounddevice

from plcd.core.frame import Origin, PlayedFrame
from plcd.io.outputs import device, open_device, portaudio
from plcd.io.outputs.base import DeviceError
from plcd.io.outputs.callback import PYTHON
from plcd.io.outputs.device import DeviceOutput

PERIOD = 64


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeSounddevice:
    module = FakeSounddevice()
    monkeypatch.setattr(portaudio, "load", lambda: module)
    monkeypatch.setattr(device, "load", lambda: module)
    monkeypatch.setattr(device, "RETRY_S", 0.01)
    monkeypatch.setattr(open_device, "LOOK_S", 0.01)
    monkeypatch.setattr(open_device, "STOP_S", 0.2)
    return module


def frame(value: float) -> PlayedFrame:
    return PlayedFrame(np.full((PERIOD, 2), value, np.float32), Origin.RECEIVED)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_two_periods_are_asked_for_at_once_and_then_one_a_callback(fake: FakeSounddevice) -> None:
    output = DeviceOutput("speaker", 48_000, 2, PERIOD)
    output.start(0)
    (stream,) = fake.streams
    before = time.monotonic_ns()
    for value in (1.0, 2.0):
        assert before <= output.wait() <= time.monotonic_ns()
        output.write(frame(value))
    waiter = threading.Thread(target=output.wait)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    np.testing.assert_array_equal(stream.call(), frame(1.0).audio)
    waiter.join(60)
    assert not waiter.is_alive()
    output.write(frame(3.0))
    assert stream.call()[0, 0] == 2.0
    assert stream.call()[0, 0] == 3.0
    assert stream.call()[0, 0] == 0.0
    status = output.status()
    assert (status.name, status.underruns, status.lost) == ("Fake Speaker, Fake API", 1, False)
    assert status.ring_ms == pytest.approx(2000 * PERIOD / 48_000)
    output.close()


def test_the_stream_is_opened_as_asked_and_falls_back_to_python(
    fake: FakeSounddevice, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        output = DeviceOutput(1, 48_000, 2, PERIOD)
        output.start(0)
    assert output.callback_kind == PYTHON
    assert "machine code does not work here" in caplog.text
    assert "callback in Python" in caplog.text
    expected = {"samplerate": 48_000, "device": 1, "dtype": "float32", "latency": "low"}
    assert fake.streams[0].settings == expected
    assert fake.streams[0].shape == (PERIOD, 2)
    output.close()


def test_a_device_that_ends_is_reopened_and_time_goes_on(
    fake: FakeSounddevice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    output = DeviceOutput("headphones", 48_000, 2, PERIOD)
    output.start(0)
    for value in (1.0, 2.0):
        output.wait()
        output.write(frame(value))
    for _ in range(3):
        fake.streams[0].call()
    last_ns = output.wait()
    output.write(frame(3.0))
    output.wait()
    output.write(frame(4.0))
    fake.refusal = "Device unavailable [PaErrorCode -9985]"
    fake.streams[0].active = False
    times = [output.wait() for _ in range(5)]
    assert output.status().lost
    assert output.status().underruns == 1
    output.write(frame(5.0))
    assert times[0] > last_ns
    steps = np.diff(times)
    assert abs(steps - PERIOD * 1e9 / 48_000).max() <= 1  # no time is lost, and none won
    until(lambda: fake.restarts > 3)
    fake.names = ("Another", *fake.names)
    tried = fake.restarts
    until(lambda: fake.restarts > tried + 1)  # an attempt that began before is over
    fake.refusal = None
    until(lambda: output.wait() > 0 and not output.status().lost)
    output.write(frame(6.0))
    np.testing.assert_array_equal(fake.streams[-1].call(), frame(6.0).audio)
    assert fake.streams[-1].settings["device"] == 2  # found by name: its number has changed
    assert fake.streams[0].life == ["start", "abort", "close"]
    assert output.status().underruns == 1
    assert caplog.text.count("is gone (its stream has ended)") == 1
    assert caplog.text.count("is back") == 1
    assert [record.levelname for record in caplog.records if "is gone" in record.message] == ["WARNING"]
    output.close()


def test_a_device_that_stops_calling_is_given_up(
    fake: FakeSounddevice, caplog: pytest.LogCaptureFixture
) -> None:
    output = DeviceOutput(None, 48_000, 2, PERIOD)
    output.start(0)
    fake.streams[0].call()
    fake.refusal = "gone"
    for _ in range(10):
        output.wait()
        output.write(frame(1.0))
    assert "it takes no more samples" in caplog.text
    output.close()
    until(lambda: fake.streams[0].life == ["start", "abort", "close"])


def test_closing_plays_out_what_was_taken(fake: FakeSounddevice) -> None:
    output = DeviceOutput(None, 48_000, 2, PERIOD)
    output.start(0)
    for value in (1.0, 2.0):
        output.wait()
        output.write(frame(value))
    closer = threading.Thread(target=output.close)
    closer.start()
    heard = []
    while closer.is_alive():
        heard.append(fake.streams[0].call()[0, 0])
        time.sleep(0.001)
    assert heard[:3] == [1.0, 2.0, 0.0]
    assert not any(heard[2:])
    assert fake.streams[0].life == ["start", "stop", "close"]
    assert output.status().underruns == 0
    assert not output.status().lost
    output.close()
    assert fake.streams[0].life == ["start", "stop", "close"]


def test_closing_lets_a_waiter_go_and_bears_a_device_that_never_calls(fake: FakeSounddevice) -> None:
    output = DeviceOutput(None, 48_000, 2, PERIOD)
    output.start(0)
    for _ in range(2):
        output.wait()
        output.write(frame(1.0))
    waiter = threading.Thread(target=output.wait)
    waiter.start()
    output.close()
    waiter.join(60)
    assert not waiter.is_alive()
    output.write(frame(2.0))


def test_a_device_that_cannot_be_opened_says_so_in_one_line(fake: FakeSounddevice) -> None:
    fake.refusal = "Invalid sample rate [PaErrorCode -9997]"
    output = DeviceOutput("speaker", 1234, 2, PERIOD)
    with pytest.raises(DeviceError) as caught:
        output.start(0)
    assert str(caught.value) == (
        "the device 'Fake Speaker, Fake API' does not take 2 channels of float32 at 1234 Hz:"
        " Invalid sample rate [PaErrorCode -9997]"
    )
    output.close()

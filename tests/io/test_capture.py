import sys
from types import SimpleNamespace
from typing import Self

import numpy as np
import pytest

from plcd.core.frame import Samples
from plcd.io.capture import device_blocks
from plcd.io.outputs.base import DeviceError


class FakePortAudioError(Exception):
    pass


class FakeStream:
    """Two blocks, then the device is unplugged."""

    opened: "FakeStream"

    def __init__(self, **settings: object) -> None:
        if settings["device"] == "missing":
            raise ValueError("No input device matching 'missing'")
        self.settings = settings
        self.blocks = 0
        FakeStream.opened = self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def read(self, frames: int) -> tuple[Samples, bool]:
        self.blocks += 1
        if self.blocks > 2:
            raise FakePortAudioError("Device\nunavailable")
        return np.full((frames, 2), self.blocks, np.float32), False


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(InputStream=FakeStream, PortAudioError=FakePortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", module)


@pytest.mark.usefixtures("portaudio")
def test_blocks_come_until_the_device_fails() -> None:
    blocks = device_blocks("default", 48000, 2, 64)
    assert [next(blocks)[0, 0], next(blocks)[0, 1]] == [1, 2]
    with pytest.raises(DeviceError, match="failed: Device unavailable"):
        next(blocks)
    assert FakeStream.opened.closed


@pytest.mark.usefixtures("portaudio")
@pytest.mark.parametrize(("name", "chosen"), [("default", None), ("3", 3), ("USB", "USB")])
def test_devices_by_number_and_name(name: str, chosen: int | str | None) -> None:
    device_blocks(name, 48000, 2, 64)
    assert FakeStream.opened.settings["device"] == chosen


@pytest.mark.usefixtures("portaudio")
def test_a_missing_device_is_named() -> None:
    with pytest.raises(DeviceError, match=r"'missing'.*--list-devices"):
        device_blocks("missing", 48000, 2, 64)


def test_without_portaudio_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLibrary:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    with pytest.raises(DeviceError, match="libportaudio2"):
        device_blocks("default", 48000, 2, 64)

"""Finding devices, and saying what to do when there is none."""

import importlib
from types import ModuleType

import pytest
from fake_sounddevice import FakeSounddevice

from plcd.io.outputs import portaudio
from plcd.io.outputs.base import DeviceError


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> ModuleType:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(DeviceError, match=r"apt install libportaudio2.*--output null"):
        portaudio.list_devices()


def test_a_device_is_found_by_number_by_part_of_its_name_or_as_the_default() -> None:
    fake = FakeSounddevice()
    assert portaudio.find(fake, 1) == (1, "Fake Headphones, Fake API")
    assert portaudio.find(fake, "head") == (1, "Fake Headphones, Fake API")
    assert portaudio.find(fake, None) == (0, "Fake Speaker, Fake API")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("Fake Speeker", "no output device 'Fake Speeker': there is 'Fake Speaker'"),
        ("xyz", "there is 'Fake Speaker', 'Fake Headphones' (see --list-devices)"),
        ("fake", "several output devices match 'fake'"),
        (7, "no output device 7"),
    ],
)
def test_an_unknown_device_is_told_what_comes_near(device: str | int, message: str) -> None:
    with pytest.raises(DeviceError) as caught:
        portaudio.find(FakeSounddevice(), device)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_any_device_null_is_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSounddevice(())
    with pytest.raises(DeviceError, match="--output null"):
        portaudio.find(fake, None)
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    assert "no audio devices" in portaudio.list_devices()


def test_restarting_bears_a_restart_that_failed_before() -> None:
    fake = FakeSounddevice()
    for _ in range(3):
        portaudio.restart(fake)
    assert fake.restarts == 3

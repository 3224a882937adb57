"""A sound device's input, block by block."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from plcd.core.frame import Samples
from plcd.io.outputs.base import DeviceError


def device_blocks(device: str, rate: int, channels: int, frames: int) -> Iterator[Samples]:
    """What a PortAudio input hears, in blocks of ``frames``, shape ``(frames, channels)``, without end.

    ``device``: ``default``, a number or a part of the name. It is opened by this call, and closed with the
    iterator. Raises DeviceError.
    """
    sounddevice = _import_sounddevice()
    chosen = None if device == "default" else int(device) if device.isdecimal() else device
    try:
        stream = sounddevice.InputStream(
            device=chosen, samplerate=rate, channels=channels, dtype="float32", blocksize=frames
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(
            f"cannot record from {device!r} at {rate} Hz with {channels} channels ({_reason(error)}): "
            "plcd --list-devices shows what there is"
        ) from None
    return _recorded(stream, frames, sounddevice.PortAudioError)


def _recorded(stream: Any, frames: int, failure: type[Exception]) -> Iterator[Samples]:
    try:
        with stream:
            while True:
                yield stream.read(frames)[0]
    except failure as error:
        raise DeviceError(f"the sound device has failed: {_reason(error)}") from None


def _import_sounddevice() -> ModuleType:
    """Only here, since the import fails where the PortAudio library is missing."""
    try:
        import sounddevice
    except OSError:
        raise DeviceError(
            "sound devices need the PortAudio library: install it "
            "(Debian, Ubuntu: apt-get install libportaudio2; macOS: brew install portaudio), or send a file"
        ) from None
    module: ModuleType = sounddevice
    return module


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())

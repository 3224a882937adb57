"""PortAudio through sounddevice, imported only when a device is asked for."""

import contextlib
import difflib
import importlib
from typing import Any

from plcd.io.outputs.base import DeviceError

INSTALL = (
    "install PortAudio (apt install libportaudio2; brew install portaudio; pip install sounddevice)"
    " or choose --output null or --output file:PATH"
)


def load() -> Any:
    """The module ``sounddevice``. Raises DeviceError if it or the library below it is missing."""
    try:
        return importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        raise DeviceError(f"audio devices cannot be used ({error}): {INSTALL}") from error
    except Exception as error:  # PortAudioError, a class of the module that did not load
        raise DeviceError(f"PortAudio does not start ({error}): try --output null or file:PATH") from error


def list_devices() -> str:
    """Every device with its number, channels and host API, one a line; ``>`` marks the defaults. Raises DeviceError."""
    sounddevice = load()
    try:
        devices = sounddevice.query_devices()
    except sounddevice.PortAudioError as error:
        raise DeviceError(f"the audio devices cannot be listed: {error}") from error
    return str(devices) if len(devices) else "no audio devices (is a sound server running?)"


def find(sounddevice: Any, device: str | int | None) -> tuple[int, str]:
    """Number and full name (``NAME, HOST API``) of an output device, matched as sounddevice does: number, or parts of
    the full name in any case. None is the default. Raises DeviceError, naming what comes near."""
    try:
        info = sounddevice.query_devices(device, kind="output")
        host = sounddevice.query_hostapis(info["hostapi"])["name"]
    except (ValueError, sounddevice.PortAudioError) as error:
        raise DeviceError(_explain(sounddevice, device, error)) from error
    return int(info["index"]), f"{info['name']}, {host}"


def restart(sounddevice: Any) -> None:
    """Make PortAudio look for devices again; every open stream of the process ends. Raises DeviceError."""
    with contextlib.suppress(sounddevice.PortAudioError):  # not running: an earlier restart failed half-way
        sounddevice._terminate()
    try:
        sounddevice._initialize()
    except (sounddevice.PortAudioError, AttributeError) as error:
        raise DeviceError(f"PortAudio does not start again: {error}") from error


def _explain(sounddevice: Any, device: str | int | None, error: Exception) -> str:
    try:
        names = [str(info["name"]) for info in sounddevice.query_devices() if info["max_output_channels"] > 0]
    except sounddevice.PortAudioError:
        names = []
    if not names:
        return "no audio output device (is a sound server running?): try --output null or file:PATH"
    if device is None:
        return f"no default output device: choose --output DEVICE ({_quoted(names[:3])}; see --list-devices)"
    several = str(error).startswith("Multiple")
    if several:
        return f"several output devices match {device!r}: use more of the name, or its number (see --list-devices)"
    near = difflib.get_close_matches(str(device), names, n=3, cutoff=0.4) or names[:3]
    return f"no output device {device!r}: there is {_quoted(near)} (see --list-devices)"


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)

"""Stands in for the module ``sounddevice``: one device whose life the test holds in its hands."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


class FakePortAudioError(Exception):
    """As the module's own: not an OSError."""


class FakeStream:
    """Calls back when the test says ``call``."""

    latency = 0.0

    def __init__(self, callback: Callable[..., None], channels: int, blocksize: int, **settings: Any) -> None:
        self.callback = callback
        self.shape = (blocksize, channels)
        self.settings = settings
        self.active = False
        self.life: list[str] = []
        self.moment = 0

    def start(self) -> None:
        self.active = True
        self.life.append("start")

    def stop(self) -> None:
        self.life.append("stop")

    def abort(self) -> None:
        self.life.append("abort")

    def close(self) -> None:
        self.active = False
        self.life.append("close")

    def call(self) -> NDArray[np.float32]:
        """One callback; what it gave."""
        sound = np.full(self.shape, np.nan, np.float32)
        self.moment += 1
        self.callback(sound.data, len(sound), SimpleNamespace(currentTime=self.moment), None)
        return sound


class FakeSounddevice:
    """Without ``_StreamBase``: a version whose private class has gone."""

    PortAudioError = FakePortAudioError

    def __init__(self, names: tuple[str, ...] = ("Fake Speaker", "Fake Headphones")) -> None:
        self.names = names
        self.streams: list[FakeStream] = []
        self.refusal: str | None = None
        self.restarts = 0

    def query_devices(self, device: str | int | None = None, kind: str | None = None) -> Any:
        infos = [
            {"name": name, "index": index, "hostapi": 0, "max_output_channels": 2}
            for index, name in enumerate(self.names)
        ]
        if kind is None:
            return infos
        if device is None or isinstance(device, int):
            if (device or 0) >= len(infos):
                raise FakePortAudioError("Error querying device -1")
            return infos[device or 0]
        found = [info for info in infos if device.split(",")[0].lower() in str(info["name"]).lower()]
        if len(found) != 1:
            raise ValueError("Multiple output devices" if found else "No output device matching")
        return found[0]

    def query_hostapis(self, _index: int) -> dict[str, str]:
        return {"name": "Fake API"}

    def RawOutputStream(self, **settings: Any) -> FakeStream:  # noqa: N802
        if self.refusal is not None:
            raise FakePortAudioError(f"Error opening RawOutputStream: {self.refusal}")
        self.streams.append(FakeStream(**settings))
        return self.streams[-1]

    def _terminate(self) -> None:
        self.restarts += 1
        if self.restarts == 2:
            raise FakePortAudioError("PortAudio not initialized")

    def _initialize(self) -> None:
        pass

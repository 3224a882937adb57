"""What goes out by itself: a page's figures ten times a second, and sound to those who listen in."""

import asyncio
import json
import struct
from collections.abc import Callable

from aiohttp import web

from plcd.core.frame import Samples
from plcd.io.http.audience import Audience
from plcd.io.http.connections import Connections
from plcd.io.http.history import INTERVAL_S, History
from plcd.io.http.spectrum import Spectrum
from plcd.io.tap import Tap

LISTENERS = 4
WATCHERS = 8

PUMP_S = 0.025
"""How much audio goes into one message to listeners."""

LISTENER_QUEUE = 40
"""Messages, a second of them: what a browser may be behind before it misses some."""

WATCHER_QUEUE = 20

SOUND_HEADER = struct.Struct("<II")
"""Of each message to listeners: rate and channels. Float32 follows, channels interleaved, little-endian."""


class Feeds:
    """Two audiences, one daemon."""

    def __init__(self, snapshot: Callable[[], dict[str, object]], tap: Tap, connections: Connections) -> None:
        self.watchers = Audience(WATCHERS, WATCHER_QUEUE, "watch", connections, self._counted)
        self.listeners = Audience(LISTENERS, LISTENER_QUEUE, "listen in", connections, self._counted)
        self._snapshot = snapshot
        self._tap = tap
        self._history = History()
        self._spectrum: Spectrum | None = None
        self._somebody = asyncio.Event()

    async def live(self, request: web.Request) -> web.WebSocketResponse:
        """The last minute, then figures as they come."""
        return await self.watchers.admit(request, json.dumps({"history": self._history.points}))

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        """What is played."""
        return await self.listeners.admit(request)

    async def report(self) -> None:
        """Note each new snapshot, and tell watchers. Runs until it is cancelled."""
        while True:
            snapshot = self._snapshot()
            point = self._history.note(snapshot)
            if point is not None and len(self.watchers):
                spectrum = None
                if self._spectrum is not None:
                    spectrum = {"rate": self._spectrum.rate, "levels_db": self._spectrum.levels_db()}
                self.watchers.tell(json.dumps({"stats": snapshot, "point": point, "spectrum": spectrum}))
            await asyncio.sleep(INTERVAL_S)

    async def pump(self) -> None:
        """Pass on what is played while somebody is there. Runs until it is cancelled."""
        while True:
            await self._somebody.wait()
            audio, rate = self._tap.take(), self._tap.rate
            if audio is not None and rate is not None:
                self._hear(audio, rate)
            await asyncio.sleep(PUMP_S)

    async def close(self) -> None:
        """Send everybody away."""
        self._tap.wanted = False
        await asyncio.gather(self.watchers.close(), self.listeners.close())

    def _hear(self, audio: Samples, rate: int) -> None:
        if self._spectrum is None or self._spectrum.rate != rate:
            self._spectrum = Spectrum(rate)
        self._spectrum.hear(audio)
        header = SOUND_HEADER.pack(rate, audio.shape[1])
        self.listeners.tell(header + audio.astype("<f4", copy=False).tobytes())

    def _counted(self) -> None:
        """Somebody came or left."""
        self._tap.wanted = bool(len(self.watchers) or len(self.listeners))
        if self._tap.wanted:
            self._somebody.set()
        else:
            self._somebody.clear()
            self._spectrum = None

"""What the control socket may ask of a running engine, done between two of its frames."""

import asyncio
import logging
import queue
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from plcd.core.depth import Depth
from plcd.core.engine_config import parse_noise, parse_predictor
from plcd.core.mixer import Mixer
from plcd.core.warm import warm
from plcd.io.control_errors import ControlError
from plcd.io.engine_thread import EngineThread
from plcd.io.gains import parse_db
from plcd.io.recorder import Recorder, safe_recording_path

log = logging.getLogger("plcd.control")

T = TypeVar("T")


class Commands:
    """Commands by name. ``record_dir``: the only folder that recordings started from afar may go to."""

    def __init__(self, thread: EngineThread, record_dir: Path | None) -> None:
        self._thread = thread
        self._record_dir = record_dir
        self._handlers = {
            "set_depth": self._set_depth,
            "set_predictor": self._set_predictor,
            "set_noise": self._set_noise,
            "set_gain": self._set_gain,
            "start_recording": self._start_recording,
            "stop_recording": self._stop_recording,
        }

    async def obey(self, name: str, arguments: dict[str, object]) -> dict[str, object]:
        """What the asker gets to know. Raises ControlError."""
        handler = self._handlers.get(name)
        if handler is None:
            raise ControlError(f"unknown command {name!r}")
        reply = await handler(arguments)
        log.info("control: %s %s", name, " ".join(map(str, arguments.values())))
        return reply

    async def _set_depth(self, arguments: dict[str, object]) -> dict[str, object]:
        depth = _parsed(Depth.parse, arguments["depth"])
        await self._between_frames(lambda thread: thread.engine.set_depth(depth))
        return {"depth": str(depth)}

    async def _set_predictor(self, arguments: dict[str, object]) -> dict[str, object]:
        predictor = _parsed(parse_predictor, arguments["predictor"])
        if predictor is not None:
            await asyncio.to_thread(warm, predictor)
        await self._between_frames(lambda thread: thread.engine.set_predictor(predictor))
        return {"predictor": "auto" if predictor is None else str(predictor)}

    async def _set_noise(self, arguments: dict[str, object]) -> dict[str, object]:
        noise = _parsed(parse_noise, arguments["noise"])
        await self._between_frames(lambda thread: thread.engine.set_noise(noise))
        return {"noise": noise}

    async def _set_gain(self, arguments: dict[str, object]) -> dict[str, object]:
        peer, factor = str(arguments["peer"]), _parsed(parse_db, arguments["gain"])

        def change(thread: EngineThread) -> None:
            if not isinstance(thread.engine, Mixer):
                raise ControlError("gains are for the peers of a mix: start the daemon with --mix")
            try:
                thread.engine.set_gain(int(peer), factor)
            except (KeyError, ValueError):
                raise ControlError(f"no peer {peer!r}: the stats list them by number") from None

        await self._between_frames(change)
        return {"peer": peer, "gain": arguments["gain"]}

    async def _start_recording(self, arguments: dict[str, object]) -> dict[str, object]:
        folder = self._record_dir
        if folder is None:
            raise ControlError("recording over control needs --record-dir DIR when the daemon starts")
        path = _parsed(lambda name: safe_recording_path(folder, name), arguments["path"])

        def begin(thread: EngineThread) -> None:
            if thread.recorder is not None:
                raise ControlError("a recording is running: stop it first")
            if thread.format is None:
                raise ControlError("nothing to record yet: no stream, and no --rate and --channels")
            packet = thread.engine.config.packet
            thread.recorder = Recorder(path, *thread.format, packet, exclusive=True)

        await self._between_frames(begin)
        return {"path": str(path)}

    async def _stop_recording(self, arguments: dict[str, object]) -> dict[str, object]:
        def end(thread: EngineThread) -> Recorder:
            recorder, thread.recorder = thread.recorder, None
            if recorder is None:
                raise ControlError("no recording is running")
            return recorder

        recorder = await self._between_frames(end)
        await asyncio.to_thread(recorder.close)
        return {"recording": recorder.status()}

    async def _between_frames(self, action: Callable[[EngineThread], T]) -> T:
        try:
            return await asyncio.wrap_future(self._thread.submit(action))
        except queue.Full:
            raise ControlError("too many commands wait: try again") from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise ControlError("the daemon is stopping") from None
        except (OSError, ValueError) as error:
            raise ControlError(str(error)) from error


def _parsed(parse: Callable[[str], T], value: object) -> T:
    try:
        return parse(str(value))
    except (ValueError, OSError) as error:
        raise ControlError(str(error)) from error

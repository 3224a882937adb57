"""The engine's thread: alone owns the engine, paced by the output.

Theory of operation. Until a format is known there is no output and the thread sleeps until datagrams come. Once there is
one it opens the output, and from then on each turn is: wait for the output to want a frame, take in what
arrived, obey commands, pull the frame, hand it to the output and the recorder, note the time it took, and with what
time is left make fits for the losses in sight.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from plcd.core.engine import Engine
from plcd.core.format_bridge import FormatBridge
from plcd.core.frame import Origin, PlayedFrame
from plcd.core.mixer import Mixer
from plcd.io import snapshot
from plcd.io.advice import Advice
from plcd.io.ahead import Ahead
from plcd.io.command_queue import CommandQueue
from plcd.io.intake import Intake
from plcd.io.outputs.base import DeviceError, Output
from plcd.io.peer_recorders import PeerRecorders
from plcd.io.peer_session import PeerSession
from plcd.io.priority import raise_priority
from plcd.io.recorder import Recorder
from plcd.io.resampling import SampleRateConverter
from plcd.io.session_file import SessionFile
from plcd.io.tap import Tap
from plcd.io.timing import Durations
from plcd.io.udp import UdpReceiver
from plcd.neural.runner import DEADLINE_SHARE, Runner
from plcd.wire.formats import Formats

log = logging.getLogger("plcd.engine")

SNAPSHOT_NS = 100_000_000
IDLE_SNAPSHOT_S = 0.5
"""How often the snapshot is renewed while there is nothing to play."""

T = TypeVar("T")


@dataclass
class Tallies:
    """What the engine thread counts beside the engine itself."""

    missed_deadlines: int = 0
    conceal: Durations = field(default_factory=Durations)
    frame: Durations = field(default_factory=Durations)


class EngineThread:
    """Runs ``engine``. ``make_output(rate, channels)`` gives an unstarted output; ``on_failure`` is called from
    this thread, once, if it cannot go on.
    """

    def __init__(
        self,
        engine: Engine | Mixer,
        formats: Formats,
        make_output: Callable[[int, int], Output],
        on_failure: Callable[[Exception], None],
        make_recorder: Callable[[int, int], Recorder] | None = None,
        runner: Runner | None = None,
        model_failure: str | None = None,
        record_peers: Path | None = None,
    ) -> None:
        self.engine = engine
        self.tallies = Tallies()
        self.intake = Intake(formats)
        self.runner = runner
        self.model_failure = model_failure
        """Why there is no network although there should be."""
        self.ahead = Ahead(engine.config.budget, runner=runner)
        self.output: Output | None = None
        self.bridge: FormatBridge | None = None
        """Keeps the format that the output was opened with; where there are several peers each has its own."""
        self.format: tuple[int, int] | None = None
        """The output's rate and channels."""
        self.recorder: Recorder | None = None
        self.peer_recorders: PeerRecorders | None = None
        self.receiver: UdpReceiver | None = None
        self.session: PeerSession | None = None
        self.capture: SessionFile | None = None
        self.tap = Tap()
        self._started = time.monotonic()
        self.snapshot = snapshot.take(self, self._started)
        """The newest state, at most :data:`SNAPSHOT_NS` old while frames are played. Replaced, never changed."""
        self._make_output = make_output
        self._make_recorder = make_recorder
        self._record_peers = record_peers
        self._on_failure = on_failure
        self._snapshot_ns = 0
        self._advice = Advice()
        self._commands: CommandQueue[EngineThread] = CommandQueue()
        self._data = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plcd-engine", daemon=True)

    def start(self, receiver: UdpReceiver) -> None:
        """Begin to take datagrams from ``receiver``."""
        self.receiver = receiver
        self._thread.start()

    def wake(self) -> None:
        """Datagrams were queued. Any thread."""
        self._data.set()

    def accepted(self) -> tuple[str, int] | None:
        """The one address that packets are taken from, if there is one. Any thread; a moment old."""
        if isinstance(self.engine, Mixer):
            return None
        stream = self.engine.newest_stream
        return stream.source[:2] if stream is not None else None

    def heard_ns(self) -> int:
        """When the newest packet of the one stream that plays came (monotonic). Any thread; a moment old."""
        return 0 if isinstance(self.engine, Mixer) else self.engine.heard_ns

    def mixes(self, address: tuple[str, int]) -> bool:
        """Whether it is the address of one of several peers. Any thread; a moment old."""
        return isinstance(self.engine, Mixer) and address in self.engine.addresses

    def submit(self, action: Callable[["EngineThread"], T]) -> "Future[T]":
        """Run ``action`` between two frames. Any thread. Raises queue.Full."""
        future = self._commands.submit(action)
        self._data.set()
        return future

    def stop(self) -> None:
        """Fade out, flush, close output and recording; returns when that is done."""
        self._stop.set()
        self._data.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        for step in (self._play, self._close):
            try:
                step()
            except Exception as error:
                if not isinstance(error, DeviceError):
                    log.exception("the engine failed")
                self._on_failure(error)

    def _play(self) -> None:
        self._await_format()
        while not self._stop.is_set():
            self._turn()
        self._finish()

    def _await_format(self) -> None:
        """Sleep until the output's format is known, then open the output at the stream's start."""
        while self.engine.rate is None or self.engine.channels is None:
            self._data.wait(IDLE_SNAPSHOT_S)
            self._data.clear()
            if self._stop.is_set():
                return
            self._take_in()
            self._commands.run(self)
            self.take_snapshot()
        self.format = self.engine.rate, self.engine.channels
        self.tap.rate = self.engine.rate
        if isinstance(self.engine, Engine):
            self.bridge = FormatBridge(self.engine, *self.format, SampleRateConverter)
        output = self._make_output(*self.format)
        if self.runner is not None and isinstance(self.engine, Mixer):
            self.runner.serve(*self.format, self.engine.config.packet)
        if self._make_recorder is not None:
            try:
                self.recorder = self._make_recorder(self.engine.rate, self.engine.channels)
            except (OSError, ValueError) as error:
                log.error("recording not started: %s", error)
        if self._record_peers is not None:
            self.peer_recorders = PeerRecorders(
                self._record_peers, self.engine.rate, self.engine.config.packet
            )
        stream = self.engine.lead.stream
        output.start(time.monotonic_ns() if stream is None else stream.start_ns)
        self.output = output
        on_device = bool(output.status().device_ms)
        raise_priority(quiet=not on_device)
        if on_device and self.runner is not None:
            self.runner.on_its_thread(raise_priority)

    def _turn(self) -> None:
        assert self.output is not None
        now_ns = self.output.wait()
        self._take_in()
        self._commands.run(self)
        self._deliver(now_ns, self.output)
        self.ahead.run(self.engine.engines, now_ns)
        if now_ns - self._snapshot_ns >= SNAPSHOT_NS:
            self._snapshot_ns = now_ns
            self.take_snapshot()

    def take_snapshot(self) -> dict[str, object]:
        """Bring the snapshot up to date. On the engine's thread only."""
        self.snapshot = snapshot.take(self, self._started)
        self._advice.look(self.snapshot, self.engine.depth.auto is not None)
        return self.snapshot

    def _take_in(self) -> None:
        assert self.receiver is not None
        self.intake.take_in(self.receiver, self.engine)
        stream = self.engine.newest_stream if isinstance(self.engine, Engine) else None
        if self.runner is not None and stream is not None:
            self.runner.serve(stream.format.rate, stream.format.channels, self.engine.config.packet)

    def _deliver(self, now_ns: int, output: Output, fade: bool = False) -> None:
        """Pull the frame asked for at ``now_ns`` and pass it on."""
        if self.runner is not None:
            assert self.engine.rate is not None
            frame_ns = self.engine.config.packet * 1_000_000_000 // self.engine.rate
            self.runner.urgent, self.runner.until_ns = True, now_ns + round(DEADLINE_SHARE * frame_ns)
        started_ns = time.perf_counter_ns()
        frame = (self.bridge or self.engine).pull(now_ns)
        took_ns = time.perf_counter_ns() - started_ns
        self.tallies.frame.add(took_ns)
        if frame.holes:
            self.tallies.conceal.add(took_ns)
            assert self.engine.rate is not None
            if took_ns * self.engine.rate > self.engine.config.packet * 1_000_000_000:
                self.tallies.missed_deadlines += 1
        if fade:
            frame = _faded(frame)
        output.write(frame)
        if self.recorder is not None:
            self.recorder.write(frame)
        if self.peer_recorders is not None and isinstance(self.engine, Mixer):
            self.peer_recorders.write(self.engine.peers)
        if self.tap.wanted:
            self.tap.write(frame.audio)

    def _finish(self) -> None:
        """One last frame that fades to silence."""
        if self.output is not None:
            now_ns = self.output.wait()
            self._take_in()
            self._deliver(now_ns, self.output, fade=True)

    def _close(self) -> None:
        self._commands.cancel()
        if self.recorder is not None:
            self.recorder.close()
        if self.peer_recorders is not None:
            self.peer_recorders.close()
        if self.output is not None:
            self.output.close()


def _faded(frame: PlayedFrame) -> PlayedFrame:
    if frame.origin is Origin.IDLE:
        return frame
    gain = np.linspace(1.0, 0.0, frame.audio.shape[0], dtype=np.float32)[:, None]
    return PlayedFrame(frame.audio * gain, frame.origin, frame.holes)

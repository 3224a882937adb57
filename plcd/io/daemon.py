"""The daemon: socket, engine thread and control, from start to a clean end."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.core.ensemble import BEST
from plcd.core.mixer import DEFAULT_PEERS, Mixer
from plcd.core.packet import StreamFormat
from plcd.core.refiner import Refiner
from plcd.core.warm import warm
from plcd.io.allow_list import AllowList, IpNetwork
from plcd.io.caller import CallError
from plcd.io.commands import Commands
from plcd.io.control import ControlServer
from plcd.io.control_endpoint import ControlEndpoint, default_endpoint
from plcd.io.engine_thread import EngineThread
from plcd.io.gains import PeerGain, gain_of
from plcd.io.jacktrip_client import HubError
from plcd.io.outputs.base import Output
from plcd.io.peer_session import PeerConfig, PeerSession
from plcd.io.recorder import Recorder, sidecar_path
from plcd.io.resampling import SampleRateConverter
from plcd.io.service import ServiceManager
from plcd.io.session_file import SessionFile
from plcd.io.speed import measure_pair_s
from plcd.io.srtp import Unprotector
from plcd.io.srtp_key import SrtpKey
from plcd.io.udp import LARGEST, UdpReceiver, bind
from plcd.io.unused import unused
from plcd.neural.network import Network
from plcd.neural.runner import Runner
from plcd.wire.formats import Formats

if TYPE_CHECKING:
    from plcd.io.http.server import HttpServer

log = logging.getLogger("plcd")
engine_log = logging.getLogger("plcd.engine")

SWITCH_INTERVAL_S = 0.0005
"""How long the event loop may keep the interpreter from the engine's thread; Python's 5 ms are half a packet's time."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class AddressError(Exception):
    """The address cannot be bound. The message says what to do."""


@dataclass(frozen=True, slots=True)
class MixConfig:
    """How several peers are heard at once."""

    max_peers: int = DEFAULT_PEERS
    gains: tuple[PeerGain, ...] = ()
    record_peers: Path | None = None
    """Where each is recorded by itself."""


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """What to run; everything in it has been checked."""

    host: str
    """Empty: every interface."""
    port: int
    """0: one the system chooses."""
    make_output: Callable[[int, int], Output]
    """(rate, channels) to an output that was not started."""
    warm_output: Callable[[], None] = lambda: None
    """Compiles what the output needs."""
    engine: EngineConfig = field(default_factory=EngineConfig)
    rtp_map: Mapping[int, StreamFormat] = field(default_factory=dict)
    format: str = "auto"
    """One of :data:`plcd.wire.formats.FORMATS`."""
    peers: PeerConfig = field(default_factory=PeerConfig)
    allow: tuple[IpNetwork, ...] = ()
    """Whose packets are heard; empty: everybody's."""
    srtp: SrtpKey | None = None
    """Hear SRTP under this key, and nothing else; ``format`` is ``rtp`` then."""
    control: ControlEndpoint | None = None
    control_by_port: bool = True
    """Where ``control`` is None: make one named after the UDP port."""
    control_keys: Path | None = None
    http: tuple[str, int] | None = None
    """Loopback address and port of the page and the metrics; port 0: one the system chooses."""
    record: Path | None = None
    record_dir: Path | None = None
    capture: Path | None = None
    """Write every datagram there, as it came; where there is a file already, beside it."""
    anonymous: bool = False
    """Without the senders' addresses."""
    mix: MixConfig | None = None
    """Hear several peers at once."""
    model: Network[Any] | None = None
    model_failure: str | None = None
    """Why there is none although there should be."""


class Daemon:
    """Runs once. Implements :class:`plcd.io.control.Controllable`."""

    def __init__(self, config: DaemonConfig) -> None:
        self.config = config
        self._runner = Runner(config.model) if config.model is not None else None
        engine = make_engine(config.engine, config.mix, self._runner)
        self._failure: Exception | None = None
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = EngineThread(
            engine,
            Formats(config.rtp_map, config.format, config.engine.rate),
            config.make_output,
            self._failed,
            self._first_recorder if config.record else None,
            self._runner,
            config.model_failure,
            config.mix.record_peers if config.mix else None,
        )
        if config.model_failure is not None:
            log.warning(config.model_failure)
        if config.srtp is not None:
            self._thread.intake.unprotector = Unprotector(config.srtp, several=config.mix is not None)
            log.info("SRTP: only packets under the shared key are heard (%s)", config.srtp.profile)
        self._commands = Commands(self._thread, config.record_dir)

    async def run(self, ready: Callable[[str], None]) -> None:
        """Listen until told to stop. ``ready`` gets the bound address once packets are taken.

        Raises AddressError, ControlAddressError, ControlEndpointError, SessionFileError, DeviceError, or whatever made the
        engine fail.
        """
        sock = bind_or_say(self.config.host, self.config.port)
        host, port = sock.getsockname()[:2]
        control = http = None
        manager = ServiceManager()
        session = PeerSession(self.config.peers, sock, AllowList(self.config.allow).permits)
        try:
            endpoint = self.config.control
            if endpoint is None and self.config.control_by_port:
                endpoint = default_endpoint(port)
            if endpoint is not None:
                control = ControlServer(endpoint, self, self.config.control_keys)
                await control.open()
            if self.config.http is not None:
                http = await self._open_http(*self.config.http)
            manager.tell("STATUS=compiling")
            warm(self.config.engine.predictor or BEST)
            self.config.warm_output()
            SampleRateConverter(48_000, 1)  # loads the library before it is in anybody's way
            if self._runner is not None:
                self._runner.warm()
            self._thread.engine.pair_s = measure_pair_s()
            if self.config.capture is not None:
                path = unused(self.config.capture)
                self._thread.capture = SessionFile(path, (host, port), self.config.anonymous)
                log.info("capture: every datagram goes to %s", path)
            gc.collect()
            gc.freeze()
            await _open(session, port)
        except BaseException:
            if self._thread.capture is not None:
                self._thread.capture.close()
            await session.close()
            if http is not None:
                await http.close()
            if control is not None:
                await control.close()
            sock.close()
            manager.close()
            raise
        capture = self._thread.capture
        _discard_backlog(sock)
        receiver = UdpReceiver(
            sock,
            self._thread.accepted,
            self._thread.wake,
            session.heard if self.config.srtp is None else None,  # else what proved authentic
            session.allows,
            capture.write if capture is not None else None,
            self._thread.mixes,
            self._thread.heard_ns,
        )
        self._thread.session = session
        if self._thread.intake.unprotector is not None:
            self._thread.intake.unprotector.ours = session.ours
            self._thread.intake.on_authentic = session.heard_elsewhere
        self._catch_signals()
        self._thread.start(receiver)
        session.start()
        ready(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        manager.tell("READY=1")
        informing = asyncio.create_task(manager.keep_informed(self.snapshot), name="service manager")
        await self._ended.wait()
        informing.cancel()
        manager.tell("STOPPING=1", "STATUS=stopping")
        await session.close()
        await asyncio.to_thread(self._thread.stop)
        if self._runner is not None:
            await asyncio.to_thread(self._runner.close)
        receiver.close()
        if capture is not None:
            await asyncio.to_thread(capture.close)
        if http is not None:
            await http.close()
        if control is not None:
            await control.close()
        manager.close()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End soon and in order. From the loop's thread."""
        self._ended.set()

    def snapshot(self) -> dict[str, object]:
        """The newest state; see docs/control.md."""
        return self._thread.snapshot

    async def command(self, name: str, arguments: dict[str, object]) -> dict[str, object]:
        """Obey one command of the control socket. Raises ControlError."""
        if name == "shutdown":
            log.info("control: shutdown")
            self._loop.call_later(0.05, self.stop)  # after the answer is out
            return {}
        return await self._commands.obey(name, arguments)

    def _first_recorder(self, rate: int, channels: int) -> Recorder:
        assert self.config.record is not None
        path = unused(self.config.record, sidecar_path)
        if path != self.config.record:
            log.info("%s is there already: recording to %s", self.config.record, path)
        return Recorder(path, rate, channels, self.config.engine.packet)

    def _failed(self, error: Exception) -> None:
        """Called on the engine's thread."""
        self._failure = self._failure or error
        self._loop.call_soon_threadsafe(self.stop)

    async def _open_http(self, host: str, port: int) -> "HttpServer":
        """Raises AddressError."""
        from plcd.io.http.server import HttpServer  # only who asks for it waits for its packages

        http = HttpServer(host, port, self.snapshot, self._thread.tap)
        try:
            await http.open()
        except OSError as error:
            await http.close()
            raise AddressError(
                f"cannot serve HTTP on {http.address}: {error.strerror or error}; choose another port"
            ) from error
        return http

    def _catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._loop.add_signal_handler(number, self.stop)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: self._loop.call_soon_threadsafe(self.stop))


def run(config: DaemonConfig, ready: Callable[[str], None]) -> None:
    """Run a daemon to its end on an event loop of its own; raises as :meth:`Daemon.run`."""

    async def main() -> None:
        await Daemon(config).run(ready)

    if sys.platform == "win32":
        log.info("no uvloop on Windows: the standard event loop is used")
        factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop
    else:
        import uvloop

        factory = uvloop.new_event_loop
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())


def bind_or_say(host: str, port: int) -> socket.socket:
    """As :func:`plcd.io.udp.bind`; raises AddressError."""
    try:
        return bind(host, port)
    except UnicodeError:  # what has no form in the domain name system, such as an empty label
        raise AddressError(f"cannot listen on {host!r}: not a host name; choose another address") from None
    except OSError as error:
        where = f"{host or 'every interface'} port {port}"
        taken = error.errno == errno.EADDRINUSE
        remedy = "another program listens there: choose another port" if taken else "choose another address"
        raise AddressError(f"cannot listen on {where}: {error.strerror or error}; {remedy}") from error


async def _open(session: PeerSession, port: int) -> None:
    try:
        await session.open()
    except (HubError, CallError) as error:
        raise AddressError(str(error)) from None
    except OSError as error:
        raise AddressError(
            f"cannot listen on TCP port {port} for JackTrip clients: {error.strerror or error}; choose another port"
        ) from error


def _discard_backlog(sock: socket.socket) -> None:
    """Forget what came before plcd was ready: its arrival times say nothing of the network."""
    with contextlib.suppress(BlockingIOError, InterruptedError):
        for _ in range(100_000):
            sock.recv(LARGEST)


def make_engine(config: EngineConfig, mix: MixConfig | None, refiner: Refiner | None) -> Engine | Mixer:
    """What plays, live or replayed: one stream, or with ``mix`` several."""
    if mix is None:
        return Engine(config, log_of_the_engine, refiner, SampleRateConverter)
    return Mixer(
        config,
        mix.max_peers,
        log_of_the_engine,
        refiner,
        SampleRateConverter,
        lambda source: gain_of(source, mix.gains),
    )


def log_of_the_engine(level: str, message: str) -> None:
    """What an engine has to say, into the log."""
    engine_log.log(_LEVELS[level], message)

"""Real sound servers without sound hardware, for tests: found, or installed where root and apt are there."""

import contextlib
import ctypes.util
import functools
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from apt_packages import provide

PULSE_PACKAGES = ("libportaudio2", "pulseaudio", "pulseaudio-utils", "libasound2-plugins")
JACK_PACKAGES = ("libportaudio2", "jackd2")
SINK = "plcd_test"
START_S = 60.0


class UnavailableError(Exception):
    """There can be no such server here; says why."""


class PulseServer:
    """PulseAudio with a null sink of float32 whose monitor gives, sample for sample, what was played."""

    def __init__(self, folder: Path, rate: int = 44_100, channels: int = 2) -> None:
        """Its home and socket go below ``folder``. Raises UnavailableError."""
        _need(("pulseaudio", "parec", "pactl"), PULSE_PACKAGES)
        self.rate = rate
        self.channels = channels
        # Sockets have short names only, and test folders long ones.
        self._runtime = tempfile.TemporaryDirectory(prefix="plcd-")
        self._socket = Path(self._runtime.name) / "pulse.sock"
        home = folder / "home"
        home.mkdir()
        (home / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": self._runtime.name,
            "XDG_CONFIG_HOME": str(home),
            "PULSE_SERVER": f"unix:{self._socket}",
            "JACK_NO_START_SERVER": "1",
        }
        self._log = folder / "pulseaudio.log"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run the server and wait until it answers. Raises UnavailableError if it does not."""
        self._socket.unlink(missing_ok=True)
        sink = (
            f"module-null-sink sink_name={SINK} rate={self.rate} channels={self.channels}"
            " format=float32le norewinds=1"  # with rewinds each new stream stalls for 1.7 s
        )
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
                    *("--realtime=no", "--high-priority=no"),
                    *("-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"),
                    *("-L", sink),
                ],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        _wait_for(lambda: self._socket.exists() and self._answers(), self._server, self._log)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def stop(self) -> None:
        """End it and remove its traces."""
        self.kill()
        self._runtime.cleanup()

    @contextlib.contextmanager
    def record(self, path: Path) -> Iterator[None]:
        """Record the monitor to ``path``: raw float32, interleaved."""
        command = ["parec", "-d", f"{SINK}.monitor", "--format=float32le", f"--rate={self.rate}"]
        command += [f"--channels={self.channels}", "--latency-msec=10", "--raw"]
        with path.open("wb") as file:
            recorder = subprocess.Popen(command, env=self.environment, stdout=file)
            try:
                _wait_for(lambda: path.stat().st_size > 0, recorder, self._log)
                yield
                time.sleep(0.5)  # what has been played is on its way
            finally:
                recorder.terminate()
                recorder.wait()

    def _answers(self) -> bool:
        command = ["pactl", "list", "short", "sinks"]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False)
        return SINK.encode() in done.stdout


@contextlib.contextmanager
def jack_environment(folder: Path, period: int) -> Iterator[dict[str, str]]:
    """A running jackd with a dummy device; the environment in which its clients find it. Raises UnavailableError."""
    _need(("jackd", "jack_lsp"), JACK_PACKAGES)
    name = f"plcd-{uuid.uuid4().hex[:8]}"
    environment = {
        **os.environ,
        "JACK_DEFAULT_SERVER": name,
        "JACK_NO_START_SERVER": "1",
        "HOME": str(folder),
    }
    log = folder / "jackd.log"
    options = ["-d", "dummy", "-r", "44100", "-p", str(period), "-C", "2", "-P", "2"]

    def answers() -> bool:
        done = subprocess.run(["jack_lsp", "-s", name], env=environment, capture_output=True, check=False)
        return b"system:playback_1" in done.stdout

    with log.open("wb") as file:
        server = subprocess.Popen(
            ["jackd", "-r", "-n", name, *options], env=environment, stdout=file, stderr=file
        )
    try:
        _wait_for(answers, server, log)
        yield environment
    finally:
        server.terminate()
        server.wait()


def _need(programs: tuple[str, ...], packages: tuple[str, ...]) -> None:
    """Have ``programs`` and PortAudio, installing ``packages`` if need be. Raises UnavailableError."""
    trouble = _provide(programs, packages)
    if trouble:
        raise UnavailableError(trouble)


@functools.cache
def _provide(programs: tuple[str, ...], packages: tuple[str, ...]) -> str:
    """Why there is none, or nothing; tried once."""
    return provide(lambda: _present(programs), packages, "sound server")


def _present(programs: tuple[str, ...]) -> bool:
    plugin = any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so"))
    found = all(map(shutil.which, programs)) and ctypes.util.find_library("portaudio") is not None
    return found and (plugin or "pulseaudio" not in programs)


def _wait_for(ready: Callable[[], bool], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not ready():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            last = log.read_text(errors="replace").strip().splitlines()[-3:] if log.exists() else []
            raise UnavailableError(f"{server.args!r} does not come up: {' / '.join(last)}")
        time.sleep(0.05)

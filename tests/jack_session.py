"""Real JackTrip and zita-njbridge on a jackd without sound hardware: found, or installed where root and apt-get are there."""

import contextlib
import functools
import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from apt_packages import provide
from soundserver import UnavailableError, jack_environment

from plcd.core.frame import Samples

PROGRAMS = ("jackd", "jack_connect", "jack_rec", "jack_simple_client", "jacktrip", "zita-j2n")
PACKAGES = ("jackd2", "jacktrip", "zita-njbridge")
PERIOD = 512
PATIENCE_S = 30.0
CALL_S = 5.0
"""For a call that is answered at once or never."""
TONE_SAMPLES = 200
"""The period of the tone that jack_simple_client plays."""


class JackSession:
    """A running jackd with a tone in it, ``tone:output1``."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = {**environment, "QT_QPA_PLATFORM": "offscreen"}
        self._folder = folder
        self.server = environment["JACK_DEFAULT_SERVER"]

    @contextlib.contextmanager
    def running(self, *command: str, name: str = "") -> Iterator["subprocess.Popen[bytes]"]:
        """``command`` as a client of this jackd; ended as Ctrl-C would end it. ``name``: for :meth:`said`, else the program's."""
        log = self._folder / f"{name or command[0]}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(command, env=self.environment, stdout=file, stderr=file)
        try:
            yield process
        finally:
            process.send_signal(2)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()

    def said(self, program: str) -> str:
        """What a program has said so far."""
        return (self._folder / f"{program}.log").read_text(errors="replace")

    def feed(self, *ports: str) -> None:
        """Connect the tone to ``ports``, as soon as they are there."""
        for port in ports:
            deadline = time.monotonic() + PATIENCE_S
            while not self._connect("tone:output1", port):
                assert time.monotonic() < deadline, f"no port {port}, but: {self._ports()}"
                time.sleep(0.05)

    def record(self, path: Path, port: str, seconds: float) -> None:
        """So long of what ``port`` gives, as a WAV file."""
        command = ("jack_rec", "-f", str(path), "-d", f"{seconds:.0f}", "-b", "16", port)
        assert self._call(*command, patience_s=seconds + PATIENCE_S) == 0, self._ports()

    def link(self, source: str, sink: str) -> None:
        """Connect two ports."""
        assert self._connect(source, sink), self._ports()

    def _connect(self, source: str, sink: str) -> bool:
        """Whether they are connected now. jack_connect may wait for a graph that was connected already, for ever."""
        return self._call("jack_connect", source, sink) == 0 or sink in self._peers(source)

    def _peers(self, port: str) -> set[str]:
        """What ``port`` is connected to."""
        _, found, rest = f"\n{self._ports()}".partition(f"\n{port}\n")
        peers = itertools.takewhile(lambda line: line.startswith(" "), rest.splitlines()) if found else ()
        return {line.strip() for line in peers}

    def _ports(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                ["jack_lsp", "-c"],
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=CALL_S,
            ).stdout
        return "jackd does not answer"

    def _call(self, *command: str, patience_s: float = CALL_S) -> int:
        """Its exit code; where it does not end, one that is none."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(
                command, env=self.environment, capture_output=True, check=False, timeout=patience_s
            ).returncode
        return -1


@functools.cache
def _trouble() -> str:
    return provide(lambda: all(map(shutil.which, PROGRAMS)), PACKAGES, "JackTrip")


@contextlib.contextmanager
def jack_session(folder: Path) -> Iterator[JackSession]:
    """Raises UnavailableError where there can be none."""
    if _trouble():
        raise UnavailableError(_trouble())
    with jack_environment(folder, PERIOD) as environment:
        session = JackSession(environment, folder)
        with session.running("jack_simple_client", "tone", environment["JACK_DEFAULT_SERVER"]):
            yield session


def share_of_tone(audio: Samples, channel: int = 0, period: int = TONE_SAMPLES) -> float:
    """Of the windows that hold the tone and nothing else: jackd may skip a period on a busy machine, so not of the whole."""
    window = 10 * period
    count = len(audio) // window
    pieces = audio[: count * window, channel].reshape(count, window).astype(np.float64)
    spectra = np.abs(np.fft.rfft(pieces)) ** 2
    good = spectra[:, 10] > 0.9999 * np.maximum(spectra.sum(1), 1e-3)
    return float(np.mean(good))

"""A daemon that systemd would have started: what it tells, when, and when it falls silent."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import PATIENCE_S, QUICK, RATE, Source, music, running

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux'")]

HANGING = """
import sys, time
from plcd.core.engine_config import EngineConfig, parse_predictor
from plcd.io.daemon import DaemonConfig, run
from plcd.io.outputs.timer import TimerOutput

class Hanging(TimerOutput):
    frames = 0

    def wait(self):
        self.frames += 1
        if self.frames == 40:
            print("hangs", file=sys.stderr, flush=True)
            time.sleep(3600)
        return super().wait()

config = DaemonConfig(
    "127.0.0.1", 0, lambda rate, channels: Hanging(rate, 512), control_by_port=False,
    engine=EngineConfig(predictor=parse_predictor("burg:32/256")),
)
run(config, lambda address: print(address, file=sys.stderr, flush=True))
"""
"""A daemon whose output's driver never returns from the fortieth frame."""


@pytest.fixture(params=["path", "abstract"])
def notify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The socket, and how NOTIFY_SOCKET names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = str(tmp_path / "notify") if request.param == "path" else f"@plcd-test-{os.getpid()}"
        sock.bind(name.replace("@", "\0"))
        sock.settimeout(PATIENCE_S)
        yield sock, name


def lines(sock: socket.socket) -> list[str]:
    return sock.recv(4096).decode().splitlines()


def until(sock: socket.socket, line: str) -> list[str]:
    """All lines up to the message that has this one, or one that begins so."""
    found: list[str] = []
    while not any(each.startswith(line) for each in found):
        found += lines(sock)
    return found


def test_from_ready_to_stopping(notify: tuple[socket.socket, str]) -> None:
    sock, name = notify
    environment = {**os.environ, "NOTIFY_SOCKET": name, "WATCHDOG_USEC": "600000"}
    with running("--output", "null", *QUICK, env=environment) as daemon:
        assert until(sock, "READY=1") == ["STATUS=compiling", "READY=1"]
        first = until(sock, "WATCHDOG=1")
        assert "STATUS=waiting" in [*first, *until(sock, "WATCHDOG=1")]
        with Source(daemon.address) as source:
            source.stream(music(1.5))
            assert "STATUS=playing: " in "\n".join(until(sock, "STATUS=playing"))
        for _ in range(3):
            until(sock, "WATCHDOG=1")
        daemon.process.send_signal(signal.SIGTERM)
        told = until(sock, "STOPPING=1")
        assert "READY=1" not in told
        daemon.finish()
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                assert "WATCHDOG=1" not in lines(sock)


def test_a_hanging_engine_gives_no_sign_of_life(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(PATIENCE_S)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", HANGING], env=environment, stderr=subprocess.PIPE, text=True
            )
        )
        stack.callback(process.kill)
        until(sock, "READY=1")
        until(sock, "WATCHDOG=1")
        until(sock, "WATCHDOG=1")
        assert process.stderr is not None
        host, port = process.stderr.readline().strip().rsplit(":", 1)
        source = stack.enter_context(Source((host, int(port))))
        source.stream(music(40 * 512 / RATE + 1))
        assert process.stderr.readline() == "hangs\n"
        time.sleep(0.5)  # what was under way
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                lines(sock)
        time.sleep(1.0)  # ten turns
        with pytest.raises(BlockingIOError):
            lines(sock)
        assert process.poll() is None


def test_one_that_cannot_be_reached_is_no_reason_to_fail() -> None:
    environment = {**os.environ, "NOTIFY_SOCKET": "/nowhere/notify"}
    with running("--output", "null", *QUICK, env=environment) as daemon:
        assert "NOTIFY_SOCKET /nowhere/notify: No such file or directory" in daemon.finish()

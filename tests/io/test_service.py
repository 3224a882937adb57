"""What a service manager is told, over a real socket of the kind systemd names."""

import asyncio
import contextlib
import copy
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plcd.core.engine import Engine
from plcd.core.engine_config import EngineConfig
from plcd.io.engine_thread import EngineThread
from plcd.io.outputs.timer import TimerOutput
from plcd.io.service import ServiceManager, status
from plcd.wire.formats import Formats

pytestmark = [pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd is Linux'")]


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(10)
        yield sock


def environment(sock: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": sock.getsockname(), **more}


def snapshot() -> dict[str, Any]:
    engine = Engine(EngineConfig(), lambda level, message: None)
    thread = EngineThread(
        engine, Formats({}, "auto"), lambda rate, _: TimerOutput(rate, 512), lambda error: None
    )
    return dict(thread.snapshot)


def test_each_message_is_one_datagram_of_lines(manager_socket: socket.socket) -> None:
    manager = ServiceManager(environment(manager_socket))
    manager.tell("READY=1", "STATUS=well")
    assert manager_socket.recv(1000) == b"READY=1\nSTATUS=well"
    manager.tell()
    manager.close()
    manager.tell("STOPPING=1")
    manager_socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager_socket.recv(1000)


@pytest.mark.parametrize("name", ["", "relative", "vsock:2:1234", "/nowhere/at/all", "@plcd-nobody-is-there"])
def test_where_nobody_listens_nothing_happens(name: str) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": name})
    manager.tell("READY=1")
    asyncio.run(manager.keep_informed(dict))
    manager.close()


def test_a_manager_that_goes_or_does_not_read_holds_nobody_up(manager_socket: socket.socket) -> None:
    manager = ServiceManager(environment(manager_socket))
    for _ in range(5000):  # far more than the socket's queue
        manager.tell("STATUS=" + "x" * 1000)
    manager_socket.close()
    manager.tell("READY=1")
    manager.close()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_patience(given: dict[str, str], expected: float | None) -> None:
    assert ServiceManager(given).watchdog_s == expected


def test_signs_of_life_are_given_for_news_alone(manager_socket: socket.socket) -> None:
    """A snapshot that stays the same object is a thread that does nothing."""
    current = snapshot()
    manager = ServiceManager(environment(manager_socket, WATCHDOG_USEC="30000"))
    manager_socket.setblocking(False)

    def received() -> list[str]:
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found += manager_socket.recv(1000).decode().splitlines()
        return found

    async def main() -> None:
        nonlocal current
        informing = asyncio.create_task(manager.keep_informed(lambda: current))
        while (lines := received()) == []:
            await asyncio.sleep(0.005)
        assert lines == ["WATCHDOG=1", "STATUS=waiting"]
        for _ in range(3):
            current = copy.copy(current)
            while (lines := received()) == []:
                await asyncio.sleep(0.005)
            assert lines == ["WATCHDOG=1"]
        await asyncio.sleep(0.3)  # thirty turns without news
        assert received() == []
        current = {**current, "state": "idle"}
        while (lines := received()) == []:
            await asyncio.sleep(0.005)
        assert lines == ["WATCHDOG=1", "STATUS=idle"]
        informing.cancel()

    asyncio.run(main())
    manager.close()


def test_the_status_says_who_and_how() -> None:
    playing = snapshot()
    playing["state"] = "playing"
    playing["source"] = {"address": "192.0.2.7:5004", "format": "L16/44100/1"}
    playing["packets"] = {"lost": 3, "expected": 200}
    playing["buffer"] = {"latency_ms": 56.6}
    assert status(playing) == "playing: 192.0.2.7:5004, L16/44100/1, 1.5 % lost, latency 57 ms"
    playing["packets"] = {"lost": 0, "expected": 0}
    assert "0.0 % lost" in status(playing)

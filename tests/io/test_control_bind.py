"""Opening and closing the control sockets: permissions, and what may stand in the way."""

import socket
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from control_harness import Station, serving

from plcd.io.control import ControlServer
from plcd.io.control_client import ControlClient
from plcd.io.control_endpoint import ControlEndpoint, named_endpoint
from plcd.io.control_errors import ControlAddressError, ControlEndpointError


@pytest.fixture
def endpoint(tmp_path: Path) -> ControlEndpoint:
    return named_endpoint(f"ipc://{tmp_path}/c.sock")


def test_sockets_are_private_from_the_start_and_gone_at_the_end(endpoint: ControlEndpoint) -> None:
    stop = threading.Event()
    modes: set[int] = set()

    def watch() -> None:
        while not stop.is_set():
            for path in endpoint.socket_files:
                with suppress(FileNotFoundError):
                    modes.add(stat.S_IMODE(path.stat().st_mode))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with serving(endpoint, Station()):
            assert all(path.is_socket() for path in endpoint.socket_files)
            while not modes:
                time.sleep(0.001)
    finally:
        stop.set()
        watcher.join()
    assert modes == {0o600}
    assert not any(path.exists() for path in endpoint.socket_files)


def test_a_dead_daemons_socket_is_replaced(endpoint: ControlEndpoint) -> None:
    for path in endpoint.socket_files:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
    with serving(endpoint, Station()), ControlClient(endpoint) as client:
        assert client.request("stats")["ok"]


def test_a_living_daemons_socket_is_not(endpoint: ControlEndpoint) -> None:
    with serving(endpoint, Station()), ControlClient(endpoint) as client:
        with pytest.raises(ControlAddressError, match="another daemon"), serving(endpoint, Station()):
            pass
        assert client.request("stats")["ok"]


def test_a_file_in_the_way_stays(endpoint: ControlEndpoint) -> None:
    file = endpoint.socket_files[1]
    file.write_text("mine")
    with pytest.raises(ControlAddressError, match="not a socket"), serving(endpoint, Station()):
        pass
    assert file.read_text() == "mine"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    endpoint = named_endpoint(f"ipc://{tmp_path}/no/c.sock")
    with pytest.raises(ControlAddressError, match="there is no directory"), serving(endpoint, Station()):
        pass


def test_tcp_serves_on_loopback_and_says_when_the_port_is_taken(free_pair: int) -> None:
    endpoint = named_endpoint(f"tcp://localhost:{free_pair}")
    with serving(endpoint, Station()), ControlClient(endpoint) as client:
        assert client.request("stats")["ok"]
        assert client.next_snapshot(3.0) is not None
        with pytest.raises(ControlAddressError, match="in use"), serving(endpoint, Station()):
            pass


@pytest.fixture
def free_pair() -> int:
    """A TCP port of loopback that is free together with the next one."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise AssertionError("no two free ports side by side")


def test_beyond_this_machine_needs_keys() -> None:
    with pytest.raises(ControlEndpointError, match="--control-keys"):
        ControlServer(named_endpoint("tcp://*:9100"), Station())

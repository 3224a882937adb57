"""CURVE: who gets in, who does not, and the files that decide it."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from control_harness import Station, serving

from plcd.io.control import ControlServer
from plcd.io.control_client import ControlClient
from plcd.io.control_endpoint import ControlEndpoint, named_endpoint
from plcd.io.control_errors import ControlEndpointError, ControlUnavailableError
from plcd.io.control_keys import create_keys, load_client_keys, load_server_keys


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def strangers_keys(tmp_path: Path, keys: Path) -> Path:
    """Keys the daemon does not know, with the daemon's public key."""
    other = tmp_path / "other"
    create_keys(other)
    (other / "server.key").write_bytes((keys / "server.key").read_bytes())
    return other


@pytest.fixture(params=["tcp", "ipc"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> ControlEndpoint:
    if request.param == "ipc":
        return named_endpoint(f"ipc://{tmp_path}/c.sock")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = min(probe.getsockname()[1], 65_000)
    return named_endpoint(f"tcp://0.0.0.0:{port}")


@pytest.fixture
def server(endpoint: ControlEndpoint, keys: Path) -> Iterator[ControlServer]:
    with serving(endpoint, Station(), keys) as open_server:
        yield open_server


@pytest.fixture
def target(endpoint: ControlEndpoint) -> ControlEndpoint:
    """Where a client finds the server."""
    return named_endpoint(str(endpoint).replace("0.0.0.0", "127.0.0.1"))


def test_an_authorised_client_asks_and_follows(
    server: ControlServer, target: ControlEndpoint, keys: Path
) -> None:
    with ControlClient(target, keys) as client:
        assert client.request("stats")["ok"]
        assert client.next_snapshot(3.0) is not None


def test_a_stranger_gets_nothing_and_does_no_harm(
    server: ControlServer, target: ControlEndpoint, keys: Path, strangers_keys: Path
) -> None:
    with ControlClient(target, strangers_keys, timeout_s=0.7) as stranger:
        with pytest.raises(ControlUnavailableError, match="does not accept these keys"):
            stranger.request("shutdown")
        assert stranger.next_snapshot(0.5) is None
    assert server.requests == 0
    with ControlClient(target, keys) as client:
        assert client.request("stats")["ok"]


def test_without_keys_nothing_is_answered(server: ControlServer, target: ControlEndpoint) -> None:
    with zmq.Context() as context, context.socket(zmq.REQ) as plain:
        plain.linger = 0
        plain.rcvtimeo = 500
        plain.connect(target.requests)
        plain.send(json.dumps({"command": "shutdown"}).encode())
        with pytest.raises(zmq.Again):
            plain.recv()
    assert server.requests == 0


def test_a_client_without_keys_is_told_of_them(server: ControlServer, target: ControlEndpoint) -> None:
    with (
        ControlClient(target, timeout_s=0.5) as client,
        pytest.raises(ControlUnavailableError, match="no daemon answers at") as caught,
    ):
        client.request("stats")
    assert ("--control-keys" in str(caught.value)) == (target.path is None), "over the network only"


def test_a_client_can_be_added_while_the_daemon_runs(
    server: ControlServer, target: ControlEndpoint, keys: Path, strangers_keys: Path
) -> None:
    (keys / "clients" / "friend.key").write_bytes((strangers_keys / "clients" / "client.key").read_bytes())
    with ControlClient(target, strangers_keys) as client:
        assert client.request("stats")["ok"]


def test_key_files_are_private(keys: Path) -> None:
    files = [path for path in keys.rglob("*") if path.is_file()]
    assert {str(path.relative_to(keys)) for path in files} == {
        "server.key",
        "server.key_secret",
        "client.key_secret",
        "clients/client.key",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (keys, keys / "clients")} == {0o700}


@pytest.mark.parametrize("survivor", ["server.key_secret", "client.key_secret", "clients/client.key"])
def test_keys_are_never_overwritten(keys: Path, survivor: str) -> None:
    before = (keys / survivor).read_bytes()
    for path in [path for path in keys.rglob("*") if path.is_file() and path != keys / survivor]:
        path.unlink()
    with pytest.raises(ControlEndpointError, match="never overwritten"):
        create_keys(keys)
    assert [path for path in keys.rglob("*") if path.is_file()] == [keys / survivor]
    assert (keys / survivor).read_bytes() == before


def test_a_secret_that_others_can_read_is_refused(keys: Path) -> None:
    (keys / "server.key_secret").chmod(0o640)
    with pytest.raises(ControlEndpointError, match="chmod 600"):
        load_server_keys(keys)


def test_a_missing_directory_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ControlEndpointError, match="plcd keys"):
        load_server_keys(tmp_path / "nowhere")
    with pytest.raises(ControlEndpointError, match="plcd keys"):
        load_client_keys(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b'public-key = "short"\n', b'public-key = "' + b"\x7f" * 40 + b'"\n', b"public-key\n"],
)
def test_a_broken_key_file_is_named(keys: Path, content: bytes, endpoint: ControlEndpoint) -> None:
    (keys / "clients" / "broken.key").write_bytes(content)
    with pytest.raises(ControlEndpointError, match=r"broken\.key"):
        ControlServer(endpoint, Station(), keys)


def test_a_daemon_that_nobody_may_control_is_refused(keys: Path, endpoint: ControlEndpoint) -> None:
    (keys / "clients" / "client.key").unlink()
    with pytest.raises(ControlEndpointError, match="no client is authorised"):
        ControlServer(endpoint, Station(), keys)

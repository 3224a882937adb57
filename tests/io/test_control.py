"""The request socket and the feed, through real ZeroMQ sockets."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from control_harness import Station, serving
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.io import control
from plcd.io.control import MESSAGE_LIMIT_BYTES, SCHEMA, ControlServer
from plcd.io.control_client import ControlClient
from plcd.io.control_endpoint import ControlEndpoint, named_endpoint
from plcd.io.control_errors import ControlError, ControlUnavailableError
from plcd.io.control_requests import ARGUMENTS, REQUEST_LIMIT_BYTES, parse_request


@pytest.fixture
def endpoint(tmp_path: Path) -> ControlEndpoint:
    return named_endpoint(f"ipc://{tmp_path}/c.sock")


@pytest.fixture
def station() -> Station:
    return Station()


@pytest.fixture
def server(endpoint: ControlEndpoint, station: Station) -> Iterator[ControlServer]:
    with serving(endpoint, station) as open_server:
        yield open_server


@pytest.fixture
def client(server: ControlServer) -> Iterator[ControlClient]:
    with ControlClient(server.endpoint) as open_client:
        yield open_client


@pytest.fixture
def raw(server: ControlServer) -> Iterator["zmq.Socket[bytes]"]:
    """A request socket that sends whatever it is told to."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    raw_socket = context.socket(zmq.REQ)
    raw_socket.rcvtimeo = 3000
    raw_socket.linger = 0
    raw_socket.connect(server.endpoint.requests)
    yield raw_socket
    context.destroy(linger=0)


def ask(raw: "zmq.Socket[bytes]", *parts: bytes) -> dict[str, Any]:
    raw.send_multipart(parts)
    reply = json.loads(raw.recv())
    assert isinstance(reply, dict)
    return reply


def test_stats_are_the_snapshot_with_its_schema(client: ControlClient, server: ControlServer) -> None:
    reply = client.request("stats")
    assert reply["stats"] == {"schema": SCHEMA, "state": "playing", "uptime_s": 1.5}
    assert reply["control"] == {"requests": 1, "refused": 0}


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "stats"])
def test_a_command_reaches_the_daemon_with_its_arguments(
    client: ControlClient, station: Station, name: str
) -> None:
    arguments = dict.fromkeys(ARGUMENTS[name], "40ms")
    reply = client.request(name, **arguments)
    assert reply == {"ok": True, "depth_ms": 40.0} if name == "set_depth" else {"ok": True}
    assert station.asked == [(name, arguments)]


def test_the_daemons_refusal_reaches_the_asker(client: ControlClient, server: ControlServer) -> None:
    with pytest.raises(ControlError, match="the depth must be 1 to 2000 ms"):
        client.request("set_depth", depth="-1")
    assert server.refused == 1


def test_an_exception_in_the_daemon_is_answered_and_serving_goes_on(client: ControlClient) -> None:
    with pytest.raises(ControlError, match="internal error"):
        client.request("set_depth", depth="break")
    assert client.request("stats")["ok"]


def test_a_command_that_hangs_is_given_up(client: ControlClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "COMMAND_TIMEOUT_S", 0.2)
    with pytest.raises(ControlError, match=r"no result within 0\.2 s"):
        client.request("set_depth", depth="hang")
    assert client.request("stats")["ok"]


def test_closing_waits_for_no_command(endpoint: ControlEndpoint, station: Station) -> None:
    with serving(endpoint, station), ControlClient(endpoint, timeout_s=0.3) as client:
        with pytest.raises(ControlUnavailableError):
            client.request("set_depth", depth="stubborn")
        begin = time.monotonic()
    assert time.monotonic() - begin < 2.0


def test_a_snapshot_that_is_not_json_is_answered(client: ControlClient, station: Station) -> None:
    station.state["level_ms"] = float("nan")
    with pytest.raises(ControlError, match="internal error"):
        client.request("stats")
    assert client.next_snapshot(0.5) is None
    del station.state["level_ms"]
    assert client.request("stats")["ok"]
    assert client.next_snapshot(2.0) is not None


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((b"",), "JSON object"),
        ((b"\xff\xfe\x00",), "JSON object"),
        ((b"[" * 10_000,), "JSON object"),
        ((b"9" * 10_000,), "JSON object"),
        ((b"[]",), "names its command"),
        ((b'{"command": 1}',), "names its command"),
        ((b'{"command": "reboot"}',), "unknown command 'reboot'"),
        ((b'{"command": "set_depth"}',), "'depth'"),
        ((b'{"command": "set_depth", "depth": 4}',), "must be a string"),
        ((b'{"command": "shutdown", "now": true}',), "no arguments"),
        ((b'{"command": "stats"}', b"more"), "one message part"),
        ((b" " * (REQUEST_LIMIT_BYTES + 1),), "at most"),
    ],
)
def test_garbage_is_answered(
    raw: "zmq.Socket[bytes]", server: ControlServer, parts: tuple[bytes, ...], reason: str
) -> None:
    reply = ask(raw, *parts)
    assert reply["ok"] is False
    assert reason in reply["error"]
    assert server.refused == 1
    assert ask(raw, b'{"command": "stats"}')["ok"] is True


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
@settings(max_examples=300)
def test_any_bytes_are_a_request_or_the_one_error(parts: list[bytes]) -> None:
    try:
        name, arguments = parse_request(parts)
    except ControlError:
        return
    assert set(arguments) == set(ARGUMENTS[name])


def test_what_exceeds_the_message_limit_is_dropped_and_others_are_served(
    raw: "zmq.Socket[bytes]", client: ControlClient, server: ControlServer
) -> None:
    raw.send(b" " * (MESSAGE_LIMIT_BYTES + 1))
    with pytest.raises(zmq.Again):
        raw.recv()
    assert client.request("stats")["control"] == {"requests": 1, "refused": 0}


def test_an_asker_that_leaves_before_its_reply_does_no_harm(
    server: ControlServer, client: ControlClient
) -> None:
    for _ in range(20):
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 100
            dealer.connect(server.endpoint.requests)
            for _ in range(50):
                dealer.send_multipart([b"", b'{"command": "stats"}'])
    assert client.request("stats")["ok"]


def test_raw_bytes_on_the_socket_do_no_harm(server: ControlServer, client: ControlClient) -> None:
    for path in server.endpoint.socket_files:
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(path))
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
    assert client.request("stats")["ok"]


def test_snapshots_are_made_only_while_somebody_subscribes(
    server: ControlServer, station: Station, client: ControlClient
) -> None:
    time.sleep(0.3)
    assert station.snapshots == 0
    first = client.next_snapshot(3.0)
    assert first == {"schema": SCHEMA, "state": "playing", "uptime_s": 1.5}
    with ControlClient(server.endpoint) as second:
        assert second.next_snapshot(3.0) == first
    begin = station.snapshots
    time.sleep(1.0)
    assert 7 <= station.snapshots - begin <= 11
    client.close()
    time.sleep(0.3)
    seen = station.snapshots
    time.sleep(0.4)
    assert station.snapshots == seen


def test_the_feed_is_followed_across_a_restart(endpoint: ControlEndpoint) -> None:
    with ControlClient(endpoint) as client:
        with serving(endpoint, Station()):
            assert client.next_snapshot(3.0) is not None
        client.next_snapshot(0.1)
        assert client.next_snapshot(0.3) is None
        with serving(endpoint, Station()):
            assert client.next_snapshot(3.0) is not None
            assert client.request("stats")["ok"]


def test_nobody_there_is_said_in_time(endpoint: ControlEndpoint) -> None:
    with ControlClient(endpoint, timeout_s=0.3) as client:
        begin = time.monotonic()
        with pytest.raises(ControlUnavailableError, match="no daemon answers at"):
            client.request("stats")
        assert time.monotonic() - begin < 1.0
        assert client.next_snapshot(0.1) is None

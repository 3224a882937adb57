"""Reading endpoints, the private directory of the default ones, and finding running daemons."""

import os
import socket
import stat
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import platformdirs
import pytest
from control_harness import Station, serving

from plcd.io.control_endpoint import default_endpoint, find_daemons, parse_endpoint
from plcd.io.control_errors import ControlAddressError, ControlEndpointError
from plcd.io.runtime_dir import runtime_dir


def test_none_is_no_endpoint() -> None:
    assert parse_endpoint("none") is None


@pytest.mark.parametrize(
    ("text", "requests", "feed", "loopback"),
    [
        ("ipc:///run/p.sock", "ipc:///run/p.sock", "ipc:///run/p.sock.feed", True),
        ("tcp://127.0.0.1:9100", "tcp://127.0.0.1:9100", "tcp://127.0.0.1:9101", True),
        ("tcp://127.8.0.1:1", "tcp://127.8.0.1:1", "tcp://127.8.0.1:2", True),
        ("tcp://localhost:9100", "tcp://127.0.0.1:9100", "tcp://127.0.0.1:9101", True),
        ("tcp://[::1]:9100", "tcp://[::1]:9100", "tcp://[::1]:9101", True),
        ("tcp://*:9100", "tcp://0.0.0.0:9100", "tcp://0.0.0.0:9101", False),
        ("tcp://0.0.0.0:9100", "tcp://0.0.0.0:9100", "tcp://0.0.0.0:9101", False),
        ("tcp://[::]:9100", "tcp://[::]:9100", "tcp://[::]:9101", False),
        ("tcp://192.0.2.7:65534", "tcp://192.0.2.7:65534", "tcp://192.0.2.7:65535", False),
    ],
)
def test_both_addresses_come_from_one(text: str, requests: str, feed: str, loopback: bool) -> None:
    endpoint = parse_endpoint(text)
    assert endpoint is not None
    assert (endpoint.requests, endpoint.feed, endpoint.loopback) == (requests, feed, loopback)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot read"),
        ("9100", "cannot read"),
        ("udp://127.0.0.1:9100", "cannot read"),
        ("tcp://127.0.0.1", "cannot read"),
        ("tcp://127.0.0.1:x", "cannot read"),
        ("tcp://127.0.0.1:65535", "1 to 65534"),
        ("tcp://127.0.0.1:0", "1 to 65534"),
        ("tcp://no.such.host.invalid:9100", "cannot find the host"),
        ("ipc://relative/p.sock", "absolute"),
        ("ipc://", "absolute"),
        ("ipc:///" + "x" * 120, "too long"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, reason: str) -> None:
    with pytest.raises(ControlEndpointError, match=reason):
        parse_endpoint(text)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session with a runtime directory of its own."""
    home = tmp_path / "run"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return home


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_RUNTIME_DIR is Linux's")
def test_the_default_place_is_the_sessions_and_private(session: Path) -> None:
    endpoint = default_endpoint(9000)
    assert endpoint.path == session / "plcd" / "plcd-9000.sock"
    assert stat.S_IMODE(endpoint.path.parent.stat().st_mode) == 0o700


def test_without_a_session_a_private_directory_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_runtime_dir", lambda *_, **__: "/nonexistent/plcd")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    made = runtime_dir()
    assert made == tmp_path / f"plcd-{os.getuid()}"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert runtime_dir() == made


@pytest.mark.parametrize("obstacle", ["open", "link", "file"])
def test_a_place_that_is_not_private_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    monkeypatch.setattr(platformdirs, "user_runtime_dir", lambda *_, **__: "/nonexistent/plcd")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    place = tmp_path / f"plcd-{os.getuid()}"
    if obstacle == "open":
        place.mkdir()
        place.chmod(0o755)
    elif obstacle == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.touch()
    with pytest.raises(ControlAddressError, match=str(place)):
        runtime_dir()


def test_running_daemons_are_found_and_dead_ones_are_not(session: Path) -> None:
    assert find_daemons() == []
    with ExitStack() as running:
        for port in (10_000, 9000):
            running.enter_context(serving(default_endpoint(port), Station()))
        dead = default_endpoint(9001).path
        assert dead is not None
        with socket.socket(socket.AF_UNIX) as corpse:
            corpse.bind(str(dead))
        assert find_daemons() == [default_endpoint(9000), default_endpoint(10_000)]
    assert find_daemons() == []

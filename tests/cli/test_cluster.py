"""What is said where there is no cluster to be had."""

import socket
import sys

import pytest

from plcd.cli.cluster import dask_pool
from plcd.cli.errors import CliError, ExitCode


def _told(address: str) -> CliError:
    with pytest.raises(CliError) as error, dask_pool(address):
        pass
    assert "\n" not in error.value.message
    return error.value


def test_missing_dask_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    error = _told("127.0.0.1:8786")
    assert "pip install distributed" in error.message
    assert error.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("address", ["nowhere", "tcp://host", "host:99999", ""])
def test_an_address_that_is_none_is_said(address: str) -> None:
    pytest.importorskip("distributed")
    error = _told(address)
    assert "HOST:PORT" in error.message
    assert error.exit_code == ExitCode.ADDRESS


def test_an_address_where_nothing_listens_is_said() -> None:
    pytest.importorskip("distributed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = _told(f"tcp://127.0.0.1:{port}")
    assert "no Dask scheduler answers" in error.message
    assert error.exit_code == ExitCode.ADDRESS

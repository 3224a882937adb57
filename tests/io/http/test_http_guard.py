"""Which Host and Origin headers are let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.io.http.address import is_loopback
from plcd.io.http.guard import Guard

GUARD = Guard("127.0.0.1", 8080)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080", "[::1]:8080"])
@pytest.mark.parametrize("origin", [None, "http://localhost:8080", "http://127.0.0.1:8080"])
def test_this_machine_is_let_through(host: str, origin: str | None) -> None:
    assert GUARD.refusal([host], [] if origin is None else [origin]) is None


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["127.0.0.1"],
        ["localhost"],
        ["localhost:8081"],
        ["localhost:80800"],
        ["evil.example:8080"],
        ["localhost.evil.example:8080"],
        ["evil.example", "localhost:8080"],
        ["localhost:8080", "localhost:8080"],
        ["localhost:8080, evil.example"],
        ["user@localhost:8080"],
        ["192.0.2.1:8080"],
        ["0.0.0.0:8080"],
        ["127.0.0.2:8080"],
    ],
)
def test_other_hosts_are_refused(hosts: list[str]) -> None:
    refusal = GUARD.refusal(hosts, [])
    assert refusal is not None
    assert "127.0.0.1:8080" in refusal
    assert "\n" not in refusal


@pytest.mark.parametrize(
    "origins",
    [
        [""],
        ["null"],
        ["http://localhost"],
        ["http://localhost:8081"],
        ["https://localhost:8080"],
        ["http://evil.example"],
        ["http://localhost:8080.evil.example"],
        ["http://localhost:8080", "http://localhost:8080"],
        ["http://localhost:8080/"],
    ],
)
def test_other_origins_are_refused(origins: list[str]) -> None:
    refusal = GUARD.refusal(["localhost:8080"], origins)
    assert refusal is not None
    assert "own page" in refusal


def test_port_80_goes_without_saying() -> None:
    assert Guard("127.0.0.1", 80).refusal(["localhost"], ["http://localhost"]) is None


def test_the_address_that_is_bound_is_a_name_too() -> None:
    assert Guard("127.0.0.2", 8080).refusal(["127.0.0.2:8080"], []) is None
    assert Guard("::1", 8080).refusal(["[::1]:8080"], ["http://[::1]:8080"]) is None


@given(st.lists(st.text(max_size=300), max_size=3), st.lists(st.text(max_size=300), max_size=3))
def test_whatever_comes_is_judged_in_one_short_line(hosts: list[str], origins: list[str]) -> None:
    refusal = GUARD.refusal(hosts, origins)
    assert refusal is None or (len(refusal) < 1500 and len(refusal.splitlines()) == 1)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected

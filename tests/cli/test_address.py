import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.cli.address import parse_address, parse_http, parse_hub
from plcd.cli.errors import CliError, ExitCode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9000", ("127.0.0.1", 9000)),
        ("studio.example:5004", ("studio.example", 5004)),
        (":9000", ("", 9000)),
        ("[::1]:9000", ("::1", 9000)),
        ("[fe80::1%eth0]:9000", ("fe80::1%eth0", 9000)),
        ("localhost:0", ("localhost", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "HOST:PORT"),
        ("9000", "HOST:PORT"),
        ("host", "HOST:PORT"),
        ("host:", "HOST:PORT"),
        ("host:http", "HOST:PORT"),
        ("host:-1", "HOST:PORT"),
        ("host:65536", "65535"),
        ("::1:9000", "brackets"),
        ("::1", "brackets"),
        ("[]:9000", "HOST:PORT"),
        ("[::1]", "HOST:PORT"),
    ],
)
def test_errors_say_how_to_write_it(text: str, complaint: str) -> None:
    with pytest.raises(CliError, match=complaint) as caught:
        parse_address(text)
    assert caught.value.exit_code is ExitCode.ADDRESS


@given(st.text(max_size=30))
def test_any_text_gives_an_address_or_the_one_error(text: str) -> None:
    try:
        _, port = parse_address(text)
    except CliError:
        return
    assert 0 <= port <= 65535


@pytest.mark.parametrize(
    ("text", "hub"),
    [
        ("hub.example", ("hub.example", 4464)),
        ("192.0.2.1:5000", ("192.0.2.1", 5000)),
        ("::1", ("::1", 4464)),
        ("[::1]", ("::1", 4464)),
        ("[::1]:5000", ("::1", 5000)),
    ],
)
def test_hubs(text: str, hub: tuple[str, int]) -> None:
    assert parse_hub(text) == hub


@pytest.mark.parametrize("text", ["", ":4464", "hub:", "hub:0", "hub:70000"])
def test_no_hubs(text: str) -> None:
    with pytest.raises(CliError) as caught:
        parse_hub(text)
    assert caught.value.exit_code == ExitCode.ADDRESS


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("8080", ("127.0.0.1", 8080)),
        ("0", ("127.0.0.1", 0)),
        ("localhost:8080", ("127.0.0.1", 8080)),
        ("127.0.0.2:8080", ("127.0.0.2", 8080)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_http_on_this_machine(text: str, place: tuple[str, int]) -> None:
    assert parse_http(text) == place


@pytest.mark.parametrize(
    "text",
    [":8080", "0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "studio.example:8080", "localhost.example:8080"],
)
def test_http_beyond_this_machine_is_refused(text: str) -> None:
    with pytest.raises(CliError, match=r"this one alone, write 8080 or 127\.0\.0\.1:8080") as caught:
        parse_http(text)
    assert caught.value.exit_code is ExitCode.ADDRESS


@pytest.mark.parametrize("text", ["", "http", "-1", "70000", "127.0.0.1", "::1"])
def test_http_that_cannot_be_read(text: str) -> None:
    with pytest.raises(CliError) as caught:
        parse_http(text)
    assert caught.value.exit_code is ExitCode.ADDRESS

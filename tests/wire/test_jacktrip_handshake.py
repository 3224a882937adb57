import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.jacktrip_handshake import AUTH_NOT_REQUIRED, answer, is_auth, name_of, number, port_of, request


def test_a_request_is_a_port_and_a_name() -> None:
    data = request(4470, "alice")
    assert data == bytes.fromhex("76110000") + b"alice" + bytes(59)
    assert number(data[:4]) == 4470
    assert name_of(data[4:]) == "alice"


def test_an_answer_is_a_port() -> None:
    assert answer(61002) == bytes.fromhex("4aee0000")
    assert port_of(answer(61002)) == 61002


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_codes_are_told_in_words(code: int) -> None:
    data = (code << 16).to_bytes(4, "little")
    assert is_auth(number(data))
    with pytest.raises(ValueError, match="it "):
        port_of(data)
    assert is_auth(number(AUTH_NOT_REQUIRED))


@pytest.mark.parametrize("value", [0, -1, 1 << 20])
def test_no_port(value: int) -> None:
    with pytest.raises(ValueError, match="no port"):
        port_of(value.to_bytes(4, "little", signed=True))


@given(st.text(max_size=100))
def test_any_name_fits_and_is_shown_in_one_line(name: str) -> None:
    data = request(1, name)
    assert len(data) == 68
    assert data[-1] == 0
    assert name_of(data[4:]).isprintable()


@given(st.binary(min_size=64, max_size=64))
def test_any_bytes_of_a_name_are_shown(data: bytes) -> None:
    assert name_of(data).isprintable()

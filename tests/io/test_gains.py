import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import SourceId
from plcd.io.gains import PeerGain, gain_of, parse_db, parse_gain


@pytest.mark.parametrize(
    ("text", "host", "port", "factor"),
    [
        ("192.0.2.7=-6", "192.0.2.7", None, 10 ** (-6 / 20)),
        ("192.0.2.7:4464=+6dB", "192.0.2.7", 4464, 10 ** (6 / 20)),
        ("2001:DB8::7=0", "2001:db8::7", None, 1.0),
        ("[2001:db8::7]:4464=-20", "2001:db8::7", 4464, 0.1),
    ],
)
def test_readable(text: str, host: str, port: int | None, factor: float) -> None:
    gain = parse_gain(text)
    assert gain[:2] == (host, port)
    assert gain.factor == pytest.approx(factor)


@pytest.mark.parametrize(
    "text", ["-6", "=-6", "studio=-6", "192.0.2.7=", "192.0.2.7=loud", "192.0.2.7=-61", "192.0.2.7=nan"]
)
def test_unreadable_ones_say_what_is_wanted(text: str) -> None:
    with pytest.raises(ValueError, match="gain"):
        parse_gain(text)


@given(st.text())
def test_anything_is_read_or_refused(text: str) -> None:
    """Nothing else is raised."""
    for read in (parse_gain, parse_db):
        with contextlib.suppress(ValueError):
            assert read(text)


def test_a_port_is_named_before_a_host() -> None:
    gains = [PeerGain("192.0.2.7", None, 0.5), PeerGain("192.0.2.7", 4464, 0.25)]
    assert gain_of(SourceId("192.0.2.7", 4464, 0), gains) == 0.25
    assert gain_of(SourceId("192.0.2.7", 4465, 9), gains) == 0.5
    assert gain_of(SourceId("192.0.2.8", 4464, 0), gains) == 1.0

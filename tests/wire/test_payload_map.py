import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import StreamFormat
from plcd.wire.payload_map import STATIC, parse_rtp_map


def test_static_types() -> None:
    assert STATIC == {10: ("L16", 44100, 2), 11: ("L16", 44100, 1)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("96=L24/48000/2", (96, ("L24", 48000, 2))),
        ("127=L16/44100", (127, ("L16", 44100, 1))),
        (" 100=l16/8000/64 ", (100, ("L16", 8000, 64))),
    ],
)
def test_maps_as_in_sdp(text: str, expected: tuple[int, StreamFormat]) -> None:
    assert parse_rtp_map(text) == expected


@given(
    st.integers(96, 127),
    st.sampled_from(["L16", "L24"]),
    st.integers(8000, 192_000),
    st.integers(1, 64),
)
def test_a_format_reads_back_as_it_prints(number: int, encoding: str, rate: int, channels: int) -> None:
    stream = StreamFormat(encoding, rate, channels)
    assert parse_rtp_map(f"{number}={stream}") == (number, stream)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "write it as"),
        ("L24/48000/2", "write it as"),
        ("96=", "write it as"),
        ("96=L24", "write it as"),
        ("96=L24/48000/2/1", "write it as"),
        ("96=L24/-48000/2", "write it as"),
        ("96=L24/4²/2", "write it as"),
        ("96=L24/48000/" + "9" * 5000, "write it as"),
        ("11=L16/44100/1", "96 to 127"),
        ("128=L16/44100/1", "96 to 127"),
        ("96=OPUS/48000/2", "L16 and L24"),
        ("96=L16/7999/2", "8000 to 192000"),
        ("96=L16/192001/2", "8000 to 192000"),
        ("96=L16/48000/0", "1 to 64"),
        ("96=L16/48000/65", "1 to 64"),
    ],
)
def test_errors_name_the_limit(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_rtp_map(text)


@given(st.text(max_size=30))
def test_any_text_gives_a_map_or_a_value_error(text: str) -> None:
    try:
        number, stream = parse_rtp_map(text)
    except ValueError:
        return
    assert 96 <= number <= 127
    assert stream.encoding in ("L16", "L24")

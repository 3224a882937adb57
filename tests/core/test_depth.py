import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.depth import DEFAULT_DEPTH, MAX_DEPTH_MS, MAX_DEPTH_PACKETS, Depth


@pytest.mark.parametrize(
    ("spec", "depth"),
    [
        ("40ms", Depth()),
        (" 12.5 MS ", Depth(ms=12.5)),
        ("0ms", Depth(ms=0.0)),
        ("2000ms", Depth(ms=2000.0)),
        ("4", Depth(ms=None, packets=4)),
        ("0", Depth(ms=None, packets=0)),
        ("1000", Depth(ms=None, packets=1000)),
        ("auto", Depth(auto=(0.0, 250.0))),
        ("AUTO:5-80", Depth(auto=(5.0, 80.0))),
        ("auto:0.5ms-20ms", Depth(ms=20.0, auto=(0.5, 20.0))),
        ("auto:60 ms-80 ms", Depth(ms=60.0, auto=(60.0, 80.0))),
    ],
)
def test_reading(spec: str, depth: Depth) -> None:
    assert Depth.parse(spec) == depth
    assert Depth.parse(str(depth)) == depth


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("", "40ms"),
        ("ms", "40ms"),
        ("4.5", "whole number of packets"),
        ("-1ms", "40ms"),
        ("-4", "40ms"),
        ("1s", "40ms"),
        ("nan", "40ms"),
        ("1e3ms", "40ms"),
        ("2001ms", "at most 2000ms"),
        ("9" * 400 + "ms", "at most 2000ms"),
        ("1001", "at most 1000 packets"),
        ("auto:", "auto:5-80"),
        ("auto:5", "auto:5-80"),
        ("auto:80-5", "MIN below MAX"),
        ("auto:5-5", "MIN below MAX"),
        ("auto:5-2001", "at most 2000"),
    ],
)
def test_what_is_wrong_is_said(spec: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        Depth.parse(spec)


def test_the_default() -> None:
    assert Depth() == DEFAULT_DEPTH
    assert str(DEFAULT_DEPTH) == "40ms"
    assert DEFAULT_DEPTH.samples(44_100, 512) == 1764


@given(
    st.integers(8000, 192_000),
    st.integers(1, 8192),
    st.integers(0, MAX_DEPTH_PACKETS),
    st.floats(0, MAX_DEPTH_MS),
)
def test_a_depth_in_samples(rate: int, packet: int, packets: int, ms: float) -> None:
    longest = round(MAX_DEPTH_MS * rate / 1000)
    assert Depth(ms=None, packets=packets).samples(rate, packet) == min(packets * packet, longest)
    assert abs(Depth(ms=ms).samples(rate, packet) - ms * rate / 1000) <= 0.5
    assert Depth(ms=ms).samples(rate, packet) <= longest

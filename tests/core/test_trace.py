import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.trace import TraceError, check_length, format_trace, parse_trace

flag_lists = st.lists(st.booleans(), max_size=50)


@given(flag_lists)
def test_text_and_back(flags: list[bool]) -> None:
    assert parse_trace(format_trace(np.array(flags, np.bool_))).tolist() == flags


@given(flag_lists, st.data())
def test_line_ends_of_the_challenge_and_of_other_systems(flags: list[bool], data: st.DataObject) -> None:
    lines = [f"{flag:d}" + data.draw(st.sampled_from(["\n", " \n", "\r\n", " \r\n"])) for flag in flags]
    text = "".join(lines)
    assert parse_trace(text).tolist() == flags
    assert parse_trace(text.removesuffix("\n")).tolist() == flags


def test_the_format() -> None:
    assert format_trace(np.array([False, True])) == "0\n1\n"
    assert parse_trace("").shape == (0,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("0\n2\n", 2),
        ("0\n\n1\n", 2),
        ("0\n1\n\n", 3),
        (" 0\n", 1),
        ("0  \n", 1),
        ("0\n01\n", 2),
        ("0 1", 1),
        ("0\n1\x85", 2),
        ("x" * 1000, 1),
    ],
)
def test_errors_name_the_line(text: str, line: int) -> None:
    with pytest.raises(TraceError, match=f"^line {line}: ") as caught:
        parse_trace(text)
    assert len(str(caught.value)) < 80


@given(st.text(max_size=20))
def test_any_text_gives_flags_or_a_trace_error(text: str) -> None:
    try:
        flags = parse_trace(text)
    except TraceError:
        return
    assert flags.dtype == np.bool_


@pytest.mark.parametrize(
    ("lines", "samples"), [(2, 1024), (2, 1025), (3, 1025), (2, 1535), (3, 1535), (0, 0), (0, 1)]
)
def test_lengths_that_fit(lines: int, samples: int) -> None:
    check_length(np.zeros(lines, np.bool_), samples, 512)


@pytest.mark.parametrize(
    ("lines", "samples", "expected"),
    [(1, 1024, "need 2"), (3, 1024, "need 2"), (1, 1025, "need 2 or 3"), (4, 1025, "need 2 or 3")],
)
def test_lengths_that_do_not_fit_state_both_counts(lines: int, samples: int, expected: str) -> None:
    with pytest.raises(TraceError, match=rf"has {lines} lines.*{expected}$"):
        check_length(np.zeros(lines, np.bool_), samples, 512)

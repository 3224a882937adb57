import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.positions import SEQUENCE_BITS, TIMESTAMP_BITS, difference, unwrap

widths = st.sampled_from([SEQUENCE_BITS, TIMESTAMP_BITS])
absolutes = st.integers(0, 2**70)


@given(widths, absolutes, st.data())
def test_what_is_near_is_found_whatever_was_cut_off(bits: int, near: int, data: st.DataObject) -> None:
    half = 1 << (bits - 1)
    ahead = data.draw(st.integers(-half, half - 1))
    absolute = near + ahead
    assert unwrap(absolute % 2**bits, near, bits) == absolute
    assert difference(absolute % 2**bits, near % 2**bits, bits) == ahead


@given(widths, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_a_difference_lies_the_short_way_round(bits: int, one: int, other: int) -> None:
    one, other = one % 2**bits, other % 2**bits
    ahead = difference(one, other, bits)
    assert -(2 ** (bits - 1)) <= ahead < 2 ** (bits - 1)
    assert (other + ahead) % 2**bits == one
    if abs(ahead) != 2 ** (bits - 1):
        assert difference(other, one, bits) == -ahead


@pytest.mark.parametrize("bits", [SEQUENCE_BITS, TIMESTAMP_BITS])
def test_counters_run_on_through_their_wraps(bits: int) -> None:
    last = (1 << bits) - 1
    assert difference(0, last, bits) == 1
    assert difference(last, 0, bits) == -1
    assert difference(1 << (bits - 1), 0, bits) == -(1 << (bits - 1))
    position = 5
    step = (1 << bits) // 3
    for _ in range(10):
        position += step
        assert unwrap(position & last, position - step, bits) == position


def test_positions_beyond_the_reach_of_a_float_stay_exact() -> None:
    near = 2**63 + 1
    assert unwrap((near + 1) % 2**32, near, TIMESTAMP_BITS) == near + 1
    assert unwrap((near - 1) % 2**32, near, TIMESTAMP_BITS) == near - 1

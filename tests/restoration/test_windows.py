"""Which gaps share a window, and what a window holds."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plcd.restoration.gap_lists import merged
from plcd.restoration.restorer import Reach
from plcd.restoration.windows import grouped, longer_than

SPANS = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 120)), max_size=40)


@given(SPANS, st.integers(1, 150), st.integers(0, 600))
def test_every_gap_that_is_not_too_long_is_in_one_group(
    spans: list[tuple[int, int]], longest: int, together: int
) -> None:
    gaps = merged(np.array([(start, start + length) for start, length in spans], np.int64), 2000)
    groups = list(grouped(gaps, Reach(10, 20, longest, together)))
    short = [tuple(gap) for gap in gaps.tolist() if gap[1] - gap[0] <= longest]
    assert [gap for group in groups for gap in group.gaps] == short
    assert len(longer_than(gaps, longest)) == len(gaps) - len(short)
    for group in groups:
        assert len(group.gaps) == 1 or group.stop - group.start <= together
        assert group.missing == sum(stop - start for start, stop in group.gaps)
        assert group.window(Reach(10, 20, longest), 2000) == (
            max(0, group.start - 10),
            min(2000, group.stop + 20),
        )
    for one, other in pairwise(groups):
        assert other.gaps[0][1] - one.start > together  # it would not have fitted

"""Lists of gaps: merged, cut to the file, turned into masks."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plcd.restoration.gap_lists import mask_of, merged, of_trace, restored_name
from plcd.restoration.restorer import runs_of

SAMPLES = 400
SPANS = st.lists(st.tuples(st.integers(-50, 500), st.integers(-20, 120)), max_size=30)


def flags_of(spans: list[tuple[int, int]]) -> list[bool]:
    """The slow way."""
    flags = [False] * SAMPLES
    for start, length in spans:
        for place in range(max(0, start), min(SAMPLES, start + length)):
            flags[place] = True
    return flags


@given(SPANS)
def test_merged_gaps_cover_the_same_samples_in_order_and_apart(spans: list[tuple[int, int]]) -> None:
    gaps = merged(np.array([(start, start + length) for start, length in spans], np.int64), SAMPLES)
    assert (gaps[:, 1] > gaps[:, 0]).all()
    assert (gaps[1:, 0] > gaps[:-1, 1]).all()
    assert mask_of(gaps, 0, SAMPLES).tolist() == flags_of(spans)
    assert runs_of(mask_of(gaps, 0, SAMPLES)) == [tuple(gap) for gap in gaps.tolist()]
    np.testing.assert_array_equal(merged(gaps, SAMPLES), gaps)


@given(SPANS, st.integers(0, SAMPLES), st.integers(0, SAMPLES))
def test_a_mask_of_a_part_is_the_part_of_the_mask(spans: list[tuple[int, int]], one: int, other: int) -> None:
    gaps = merged(np.array([(start, start + length) for start, length in spans], np.int64), SAMPLES)
    start, stop = sorted((one, other))
    assert mask_of(gaps, start, stop).tolist() == flags_of(spans)[start:stop]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 9), st.integers(0, 8))
def test_a_trace_gives_its_lost_packets(flags: list[bool], packet: int, short: int) -> None:
    samples = max(0, len(flags) * packet - min(short, packet - 1))
    gaps = of_trace(np.array(flags, np.bool_), packet, samples)
    assert mask_of(gaps, 0, samples).tolist() == np.repeat(flags, packet).tolist()[:samples]


def test_names_of_outputs() -> None:
    assert restored_name(Path("a/take.1.wav")) == Path("a/take.1.restored.wav")
    assert restored_name(Path("take.flac"), "preview") == Path("take.preview.flac")

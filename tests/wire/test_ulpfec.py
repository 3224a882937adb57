import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import build as rtp
from plcd.wire.ulpfec import MAX_GROUP, MAX_HEADER_BYTES, build, parse, rebuild


def packet(number: int, payload: bytes, timestamp: int = 0, marker: bool = False) -> bytes:
    return rtp(payload, payload_type=11, sequence=number, timestamp=timestamp, ssrc=7, marker=marker)


def test_the_example_of_the_rfc() -> None:
    """RFC 5109 section 10.1: packets 8 to 11 with lengths 200, 140, 100 and 340, one parity packet over all."""
    made = [
        rtp(bytes(200), payload_type=11, sequence=8, timestamp=3, ssrc=2),
        rtp(bytes(140), payload_type=18, sequence=9, timestamp=5, ssrc=2),
        rtp(bytes(100), payload_type=11, sequence=10, timestamp=7, ssrc=2),
        rtp(bytes(340), payload_type=18, sequence=11, timestamp=9, ssrc=2),
    ]
    payload = build(made)
    assert payload[:14].hex() == "0000" + "0008" + "00000008" + "0174" + "0154" + "f000"
    assert len(payload) == 14 + 340


packets = st.lists(
    st.tuples(st.binary(max_size=60), st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 4)),
    min_size=1,
    max_size=12,
)


@given(packets, st.integers(0, 65535), st.integers(0, 11))
def test_any_one_of_a_group_can_be_rebuilt(
    fields: list[tuple[bytes, int, bool, int]], first: int, which: int
) -> None:
    """Of packets of any lengths and flags, at numbers with gaps between them that may wrap."""
    number, group = first, {}
    for payload, timestamp, marker, step in fields:
        group[number % 65536] = rtp(
            payload,
            payload_type=96,
            sequence=number,
            timestamp=timestamp,
            ssrc=7,
            marker=marker,
            csrcs=(1, 2) if step == 3 else (),
            padding=4 if step == 4 else 0,
        )
        number += step
    if number - first - step >= MAX_GROUP:
        with pytest.raises(ValueError, match="48"):
            build(list(group.values()))
        return
    parity = parse(build(list(group.values())))
    assert parity.numbers == set(group)
    missing = list(group)[which % len(group)]
    others = [datagram for number, datagram in group.items() if number != missing]
    assert rebuild(parity, others, missing, 7) == group[missing]


def test_parity_of_one_level_that_protects_less_than_all_is_of_no_use() -> None:
    """A sender may protect only the front of its packets; half a packet is none."""
    payload = bytearray(build([packet(1, b"abcdef"), packet(2, b"ghijkl")]))
    payload[10:12] = (4).to_bytes(2, "big")
    assert rebuild(parse(bytes(payload)), [packet(2, b"ghijkl")], 1, 7) is None


def test_what_is_no_parity() -> None:
    good = build([packet(1, b"abcd"), packet(2, b"efgh")])
    for bad in (b"", good[:13], good[:-1], b"\x80" + good[1:], good[:12] + b"\0\0" + good[14:]):
        with pytest.raises(WireError) as caught:
            parse(bad)
        assert caught.value.reason is Reason.PARITY


@given(st.binary(max_size=200), st.lists(st.binary(min_size=12, max_size=100), max_size=5))
def test_any_bytes_are_bounded(payload: bytes, others: list[bytes]) -> None:
    parity = None
    with contextlib.suppress(WireError):
        parity = parse(payload)
    if parity is None:
        return
    assert 1 <= len(parity.numbers) <= MAX_GROUP
    rebuilt = rebuild(parity, others, 5, 6)
    assert rebuilt is None or 12 <= len(rebuilt) <= 12 + len(payload)


def test_the_longest_headers() -> None:
    group = [packet(number, b"x") for number in range(MAX_GROUP)]
    assert len(build(group)) == MAX_HEADER_BYTES + 1

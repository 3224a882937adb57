import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.errors import Reason, WireError
from plcd.wire.red import MAX_BLOCK_BYTES, MAX_BLOCKS, Block, Repeater, parse


def rejection(payload: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        parse(payload)
    assert caught.value.reason is Reason.RED_LENGTH
    return caught.value


def test_the_rfcs_own_layout() -> None:
    """RFC 2198 section 5: two copies, PT 7 and 5, and the packet's own PT 3."""
    heads = bytes([0x80 | 7]) + (500 << 10 | 4).to_bytes(3, "big")
    heads += bytes([0x80 | 5]) + (160 << 10 | 3).to_bytes(3, "big") + bytes([3])
    payload = heads + b"aaaabbbown"
    blocks = parse(payload)
    assert blocks == (Block(7, 500, 9, 13), Block(5, 160, 13, 16), Block(3, 0, 16, 19))
    assert [payload[block.start : block.stop] for block in blocks] == [b"aaaa", b"bbb", b"own"]


def test_what_runs_past_the_end_is_refused() -> None:
    rejection(b"")
    rejection(b"\x80")
    rejection(b"\x80\0\0\0")
    rejection(bytes([0x80, 0, 0, 5, 3]) + b"four")
    rejection(b"\x80\0\0\0" * (MAX_BLOCKS + 1) + b"\x0b")
    assert parse(b"\x80\0\0\0" * MAX_BLOCKS + b"\x0b") == (Block(11, 0, 257, 257),)


@given(st.binary(max_size=3000))
def test_any_bytes_give_blocks_within_them_or_the_one_error(payload: bytes) -> None:
    blocks: tuple[Block, ...] = ()
    with contextlib.suppress(WireError):
        blocks = parse(payload)
    if not blocks:
        rejection(payload)
        return
    assert blocks[-1].offset == 0
    assert blocks[-1].stop == len(payload)
    for one, two in pairwise(blocks):
        assert 0 < one.start < one.stop <= two.start


@given(st.integers(0, 4), st.sampled_from([2, 4, 6, 9, 128]), st.data())
def test_each_packet_repeats_those_before_it(copies: int, frame_bytes: int, data: st.DataObject) -> None:
    """Every copied byte lies where its block's timestamp says, however long the copies are."""
    longest = min(14_000 // frame_bytes, 3000)
    sizes = data.draw(st.lists(st.integers(1, longest), min_size=1, max_size=8))
    repeater = Repeater(copies, 96, frame_bytes)
    stream = b""
    for number, size in enumerate(sizes):
        start = len(stream) // frame_bytes
        audio = bytes((number * 37 + i) % 251 for i in range(size * frame_bytes))
        payload = repeater.payload(audio, start)
        stream += audio
        *earlier, own = parse(payload)
        assert payload[own.start :] == audio
        assert own.payload_type == 96
        copied = 0
        for block in earlier:
            assert len(payload[block.start : block.stop]) <= MAX_BLOCK_BYTES
            at = (start - block.offset) * frame_bytes
            assert payload[block.start : block.stop] == stream[at : at + block.stop - block.start]
            copied += block.stop - block.start
        assert copied == sum(sizes[max(0, number - copies) : number]) * frame_bytes
        assert len(payload) <= repeater.size(max(sizes))


def test_limits_of_the_format() -> None:
    assert Repeater(1, 11, 2).size(512) == 2 * 1024 + 2 * 4 + 1
    with pytest.raises(ValueError, match="16383"):
        Repeater(32, 11, 2).size(512)
    with pytest.raises(ValueError, match="blocks"):
        Repeater(16, 11, 192).size(64)

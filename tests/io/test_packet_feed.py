import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plcd.io.packet_feed import MOST_PACKETS, PacketFeed


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20))
def test_blocks_of_any_size_come_out_whole(sizes: list[int], samples: int) -> None:
    feed = PacketFeed(samples, 2)
    audio = np.arange(2 * sum(sizes), dtype=np.float32).reshape(-1, 2)
    taken = []
    start = 0
    for size in sizes:
        feed.add(audio[start : start + size])
        start += size
        while (packet := feed.take()) is not None:
            taken.append(packet)
    assert all(packet.shape == (samples, 2) for packet in taken)
    assert len(taken) == len(audio) // samples
    if taken and not feed.dropped:
        np.testing.assert_array_equal(np.concatenate(taken), audio[: len(taken) * samples])


def test_channels_are_brought_to_the_peers() -> None:
    feed = PacketFeed(1, 2)
    for block in ([[1.0]], [[1.0, 2.0, 3.0]]):
        feed.add(np.array(block, np.float32))
    wider = PacketFeed(1, 3)
    wider.add(np.array([[1.0, 2.0]], np.float32))
    assert [packet.tolist() for packet in (feed.take(), feed.take(), wider.take()) if packet is not None] == [
        [[1.0, 1.0]],
        [[1.0, 2.0]],
        [[1.0, 2.0, 0.0]],
    ]


def test_what_nobody_takes_is_dropped_the_oldest_first() -> None:
    feed = PacketFeed(1, 1)
    feed.add(np.arange(MOST_PACKETS + 5, dtype=np.float32)[:, None])
    assert feed.dropped == 5
    assert feed.take() == np.array([[5.0]])

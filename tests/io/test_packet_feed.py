import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.io.packet_feed import MOST_PACKETS, PacketFeed

RATE = 48000


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20))
def test_blocks_of_any_size_come_out_whole(sizes: list[int], samples: int) -> None:
    feed = PacketFeed(samples, 2, RATE)
    audio = np.arange(2 * sum(sizes), dtype=np.float32).reshape(-1, 2)
    taken = []
    start = 0
    for size in sizes:
        feed.add(audio[start : start + size], RATE)
        start += size
        while (packet := feed.take()) is not None:
            taken.append(packet)
    assert all(packet.shape == (samples, 2) for packet in taken)
    assert len(taken) == len(audio) // samples
    if taken and not feed.dropped:
        np.testing.assert_array_equal(np.concatenate(taken), audio[: len(taken) * samples])


def test_channels_are_brought_to_the_peers() -> None:
    feed = PacketFeed(1, 2, RATE)
    for block in ([[1.0]], [[1.0, 2.0, 3.0]]):
        feed.add(np.array(block, np.float32), RATE)
    wider = PacketFeed(1, 3, RATE)
    wider.add(np.array([[1.0, 2.0]], np.float32), RATE)
    assert [packet.tolist() for packet in (feed.take(), feed.take(), wider.take()) if packet is not None] == [
        [[1.0, 1.0]],
        [[1.0, 2.0]],
        [[1.0, 2.0, 0.0]],
    ]


def test_what_nobody_takes_is_dropped_the_oldest_first() -> None:
    feed = PacketFeed(1, 1, RATE)
    feed.add(np.arange(MOST_PACKETS + 5, dtype=np.float32)[:, None], RATE)
    assert feed.dropped == 5
    assert feed.take() == np.array([[5.0]])


@pytest.mark.parametrize(("given_hz", "wanted_hz"), [(44100, 48000), (48000, 44100), (96000, 44100)])
def test_other_rates_are_resampled(given_hz: int, wanted_hz: int) -> None:
    """A tone keeps its pitch and level, in blocks of changing sizes."""
    feed = PacketFeed(64, 2, wanted_hz)
    time = np.arange(given_hz) / given_hz
    tone = (0.5 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)[:, None]
    taken = []
    start = 0
    while start < len(tone):
        size = 100 + start % 37
        feed.add(tone[start : start + size], given_hz)
        start += size
        while (packet := feed.take()) is not None:
            taken.append(packet)
    heard = np.concatenate(taken)
    assert len(heard) == pytest.approx(wanted_hz, abs=200)
    middle = heard[len(heard) // 4 :][: wanted_hz // 2, 0]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))) / len(middle) * 4
    assert spectrum.argmax() == 500
    assert spectrum[500] == pytest.approx(0.5, rel=0.01)
    assert np.delete(spectrum, range(495, 506)).max() < 1e-4


def test_a_rate_that_changes_is_followed() -> None:
    feed = PacketFeed(100, 1, RATE)
    for rate in (RATE, 24000, RATE):
        feed.add(np.ones((rate // 10, 1), np.float32), rate)
    taken = 0
    while (packet := feed.take()) is not None:
        taken += len(packet)
    assert taken + feed.dropped * 100 == pytest.approx(3 * RATE / 10, abs=300)

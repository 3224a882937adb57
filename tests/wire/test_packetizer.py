import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.packet import StreamFormat
from plcd.wire.depacketizer import Depacketizer
from plcd.wire.packetizer import Packetizer, choose_payload_type, reblock

MONO = StreamFormat("L16", 44100, 1)


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 8))
def test_any_blocks_become_full_packets_and_a_short_last_one(lengths: list[int], packet: int) -> None:
    audio = np.arange(sum(lengths), dtype=np.float32).reshape(-1, 1)
    blocks = np.split(audio, np.cumsum(lengths)[:-1])
    packets = list(reblock(iter(blocks), packet))
    assert all(len(samples) == packet for samples in packets[:-1])
    assert all(1 <= len(samples) <= packet for samples in packets)
    assert np.array_equal(np.concatenate([np.zeros((0, 1), np.float32), *packets]), audio)


def test_a_packet_comes_as_soon_as_it_is_full() -> None:
    taken = []

    def blocks() -> "object":
        for index in range(3):
            taken.append(index)
            yield np.zeros((4, 1), np.float32)

    packets = reblock(blocks(), 4)  # type: ignore[arg-type]
    next(packets)
    assert taken == [0]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (MONO, 11),
        (StreamFormat("L16", 44100, 2), 10),
        (StreamFormat("L16", 48000, 1), 96),
        (StreamFormat("L24", 44100, 1), 96),
        (StreamFormat("L16", 44100, 3), 96),
    ],
)
def test_the_payload_type_is_static_where_there_is_one(stream: StreamFormat, expected: int) -> None:
    assert choose_payload_type(stream) == expected


def test_packets_are_numbered_across_both_wraps() -> None:
    packetizer = Packetizer(MONO, 11, 5, sequence=0xFFFF, timestamp=0xFFFF_FFFE)
    depacketizer = Depacketizer({})
    samples = np.array([[0.5], [-0.5], [0.25]], np.float32)
    first, second = (depacketizer.parse(packetizer.packet(samples), "a", 1) for _ in range(2))
    assert (first.sequence, first.timestamp) == (0xFFFF, 0xFFFF_FFFE)
    assert (second.sequence, second.timestamp) == (0, 1)
    assert first.source.stream == 5
    assert np.array_equal(second.samples, samples)


@pytest.mark.parametrize(
    ("stream", "payload_type", "ssrc", "complaint"),
    [
        (MONO, 10, 0, "use 11"),
        (MONO, 12, 0, "use 11"),
        (StreamFormat("L24", 48000, 1), 11, 0, "use 96"),
        (StreamFormat("L8", 44100, 1), 96, 0, "encoding"),
        (MONO, 11, -1, "SSRC"),
        (MONO, 11, 1 << 32, "SSRC"),
    ],
)
def test_what_cannot_be_sent(stream: StreamFormat, payload_type: int, ssrc: int, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Packetizer(stream, payload_type, ssrc)

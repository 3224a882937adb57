import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.pcm import CODECS, decode_l16, decode_l24, encode_l16, encode_l24


@pytest.mark.parametrize("name", CODECS)
@given(data=st.data(), channels=st.integers(1, 5))
def test_bytes_survive_exactly(name: str, data: st.DataObject, channels: int) -> None:
    codec = CODECS[name]
    frames = data.draw(st.integers(1, 8))
    size = frames * channels * codec.width
    payload = data.draw(st.binary(min_size=size, max_size=size))
    samples = codec.decode(payload, channels)
    assert samples.shape == (frames, channels)
    assert samples.dtype == np.float32
    assert codec.encode(samples) == payload


def test_every_16_bit_value_is_exact() -> None:
    integers = np.arange(-32768, 32768)
    samples = decode_l16(integers.astype(">i2").tobytes(), 1)
    assert np.array_equal(samples[:, 0].astype(np.float64), integers / 32768)


@pytest.mark.parametrize("integer", [-(1 << 23), -1, 0, 1, 0x123456, (1 << 23) - 1])
def test_24_bit_values_are_exact(integer: int) -> None:
    payload = integer.to_bytes(3, "big", signed=True)
    assert decode_l24(payload, 1)[0, 0] == integer / (1 << 23)
    assert encode_l24(np.array([[integer / (1 << 23)]], np.float32)) == payload


def test_channels_are_interleaved() -> None:
    assert decode_l16(bytes.fromhex("0001 0002 0003 0004"), 2).tolist() == [
        [1 / 32768, 2 / 32768],
        [3 / 32768, 4 / 32768],
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, 32767), (-1.0, -32768), (9.0, 32767), (-np.inf, -32768), (np.inf, 32767), (np.nan, 0)],
)
def test_what_exceeds_full_scale_is_clipped(value: float, expected: int) -> None:
    samples = np.array([[value]], np.float32)
    assert encode_l16(samples) == expected.to_bytes(2, "big", signed=True)


def test_encoding_rounds_to_the_nearest_and_leaves_its_input_alone() -> None:
    samples = np.array([[0.6 / 32768], [-0.6 / 32768], [0.4 / 32768]], np.float32)
    before = samples.copy()
    assert np.frombuffer(encode_l16(samples), ">i2").tolist() == [1, -1, 0]
    assert np.array_equal(samples, before)


def test_decoded_samples_are_the_callers_own() -> None:
    assert all(codec.decode(bytes(6), 1).flags.writeable for codec in CODECS.values())

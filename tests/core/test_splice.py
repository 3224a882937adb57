import numpy as np
import pytest

from plcd.core.splice import differences_db, longest_good


def tone(count: int, period: float, channels: int = 1) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    wave = 0.3 * np.sin(2 * np.pi * np.arange(count) / period)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_periodic_tone_matches_itself_a_period_on(channels: int) -> None:
    music = tone(1000, 100.0, channels)
    differences = differences_db(music[:256], music, 0.045)
    assert differences.size == 1000 - 256 + 1
    assert differences[[0, 100, 200, 700]].max() < -60
    assert differences[50] == pytest.approx(10 * np.log10(4 * 0.045 / 0.045), abs=0.3)


def test_they_are_the_differences() -> None:
    rng = np.random.default_rng(1)
    one, many = (rng.standard_normal((n, 2)).astype(np.float32) for n in (20, 50))
    expected = [10 * np.log10(np.mean((one - many[k : k + 20]) ** 2) / 0.5) for k in range(31)]
    np.testing.assert_allclose(differences_db(one, many, 0.5), expected, atol=1e-4)


def test_in_silence_everything_matches() -> None:
    silence = np.full((400, 1), 1e-6, dtype=np.float32)
    assert differences_db(silence[:256], -silence, 0.0).max() < -30


def test_the_longest_that_is_good_is_taken() -> None:
    differences = np.array([-90.0, -90.0, -5.0, -31.0, -40.0, -29.0])
    assert longest_good(differences, 1, -30.0) == 4
    assert longest_good(differences, 1, -35.0) == 4
    assert longest_good(differences, 5, -30.0) is None
    assert longest_good(differences, 1, -80.0) == 1

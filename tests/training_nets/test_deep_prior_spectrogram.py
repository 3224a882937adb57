"""Frames of a clip: there and back, and which of them a gap spoils."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from plcd.restoration.deep_prior.spectrogram import Frames, filled  # noqa: E402


@pytest.mark.parametrize(("rate", "size"), [(8000, 1024), (16_000, 2048), (44_100, 4096), (48_000, 8192)])
def test_frames_last_about_as_long_at_any_rate(rate: int, size: int) -> None:
    assert Frames.at(rate, 3 * rate).size == size


@pytest.mark.parametrize("samples", [1, 40, 256, 1000, 4096])
def test_a_clip_comes_back(samples: int) -> None:
    clip = np.random.default_rng(1).standard_normal(samples)
    # Without what lies at half the rate, which is not kept.
    clip = np.convolve(clip, np.hanning(9) / 4, "same")
    frames = Frames(samples, 256)
    parts = frames.forward(clip)
    assert parts.shape == (2, 128, frames.count)
    assert frames.count % 16 == 0
    inside = slice(64, -64) if samples > 256 else slice(0, 0)
    np.testing.assert_allclose(frames.clip(parts)[inside], clip[inside], atol=2e-3)


def test_a_frame_is_present_where_none_of_its_samples_is_missing() -> None:
    frames = Frames(3000, 256)
    missing = np.zeros(3000, bool)
    missing[1000:1100] = missing[2990:] = True
    present = frames.present(missing)
    for index in range(frames.used):
        centre = index * frames.hop
        places = np.arange(centre - 127, centre + 128)
        places = np.abs(places)
        places = np.where(places > 2999, 2 * 2999 - places, places)
        assert present[index] == (not missing[places].any()), index
    assert not present[frames.used :].any()


def test_what_is_known_stays_and_the_gap_begins_where_it_ends() -> None:
    rate = 16_000
    time = np.arange(4000) / rate
    clip = np.sin(2 * np.pi * 100 * time)
    missing = np.zeros(4000, bool)
    missing[:200] = missing[1000:1800] = True
    out = filled(clip, missing, clip + 0.3, rate)
    np.testing.assert_array_equal(out[~missing], clip[~missing])
    assert np.abs(np.diff(out)).max() < 0.06
    np.testing.assert_allclose(out[1100:1700], clip[1100:1700] + 0.3)
    np.testing.assert_allclose(out[:150], clip[:150] + 0.3)

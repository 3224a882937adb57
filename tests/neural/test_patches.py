"""Pictures of sound: their size, their level, and straight lines through them."""

import numpy as np
import pytest

from plcd.neural.patches import BINS, FRAMES, HOP, PATCH, RATE, SIZE, between, picture, spectra


def test_a_patch_is_half_a_second_of_128_bins_and_128_frames() -> None:
    assert (RATE, SIZE, HOP, BINS, FRAMES) == (16_000, 256, 64, 128, 128)
    assert picture(np.zeros(PATCH)).shape == (128, 128)
    assert FRAMES * HOP / RATE == 0.512
    assert spectra(np.zeros(SIZE)).shape == (129, 1)


def test_a_sine_of_full_scale_has_one_in_its_bin() -> None:
    wave = np.sin(2 * np.pi * 20 * RATE / SIZE * np.arange(PATCH) / RATE)
    found = picture(wave)
    assert found[20] == pytest.approx(np.ones(FRAMES), abs=1e-9)
    assert found[25:].max() < 1e-9


def test_a_frame_begins_where_it_says() -> None:
    wave = np.zeros(PATCH)
    wave[10 * HOP + SIZE // 2] = 1.0
    loudest = picture(wave).sum(axis=0)
    assert int(np.argmax(loudest)) == 10
    assert np.flatnonzero(loudest).tolist() == [9, 10, 11]


def test_lines_go_from_one_known_frame_to_the_next_and_are_held_at_the_ends() -> None:
    magnitude = np.array([[5.0, 1.0, 9.0, 9.0, 9.0, 5.0, 2.0, 7.0]])
    deleted = np.array([True, False, True, True, True, False, False, True])
    assert between(magnitude, deleted).tolist() == [[1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 2.0, 2.0]]
    assert between(magnitude, np.zeros(8, np.bool_)).tolist() == magnitude.tolist()
    assert between(magnitude, np.ones(8, np.bool_)).tolist() == magnitude.tolist()

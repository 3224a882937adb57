"""What stands around the network: bands, phases, pictures of any length."""

import numpy as np
import pytest
from damaged import music
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.neural.patches import BINS, FRAMES, HOP, SIZE, Picture, spectra
from plcd.restoration.bands import Band
from plcd.restoration.errors import RestorationError
from plcd.restoration.res_u_net.mixing import MOST, OVER_S, rebuilt
from plcd.restoration.res_u_net.phases import fill, griffin_lim, inverse, with_magnitude
from plcd.restoration.res_u_net.pictures import frames_over, repaired, samples_under


class Same:
    """Repairs nothing."""

    def __init__(self) -> None:
        self.shown: list[Picture] = []

    def repair(self, damaged: Picture) -> Picture:
        self.shown.append(damaged.copy())
        return damaged


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000, 44_101, 192_000])
def test_what_lies_below_8_khz_goes_down_and_up_unchanged(rate: int) -> None:
    time = np.arange(rate // 4) / rate
    low = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.cos(2 * np.pi * 5000 * time)
    high = 0.2 * np.sin(2 * np.pi * 10_000 * time) if rate > 20_000 else 0 * time
    band = Band(time.size, rate)
    down = band.down(low + high)
    assert down.shape == (band.size,)
    inner = slice(band.size // 8, -band.size // 8)
    at_16 = np.arange(band.size) / 16_000
    wanted = 0.3 * np.sin(2 * np.pi * 440 * at_16) + 0.1 * np.cos(2 * np.pi * 5000 * at_16)
    assert down[inner] == pytest.approx(wanted[inner], abs=2e-3)
    inner = slice(time.size // 8, -time.size // 8)
    assert band.up(down)[inner] == pytest.approx(low[inner], abs=3e-3)


@given(st.integers(1, 3000), st.sampled_from([16_000, 44_100, 48_000]))
@settings(deadline=None, max_examples=25)
def test_any_length_has_its_size_at_16_khz(samples: int, rate: int) -> None:
    band = Band(samples, rate)
    low = band.down(music(samples, rate=rate)[:, 0])
    assert low.shape == (-(-samples * 16_000 // rate),)
    assert band.up(low).shape == (samples,)


def test_slower_than_16_khz_is_told() -> None:
    with pytest.raises(RestorationError, match="works from 16000 Hz up, not at 8000 Hz"):
        Band(100, 8000)


def test_spectra_go_back_to_their_wave() -> None:
    wave = music(SIZE + 40 * HOP)[:, 0]
    inner = slice(SIZE, -SIZE)
    assert inverse(spectra(wave))[inner] == pytest.approx(wave[inner], abs=1e-12)


def test_filling_changes_what_is_missing_alone_and_comes_nearer_to_the_magnitudes() -> None:
    truth = music(8192)[:, 0]
    missing = np.zeros(truth.size, np.bool_)
    missing[4000:4400] = True
    given_ = np.where(missing, 0.0, truth)
    touched = frames_over(missing)
    wanted = np.abs(spectra(truth))[:, touched]

    def distance(wave: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
        return float(np.sum((np.abs(spectra(wave))[:, touched] - wanted) ** 2))

    once, often = (fill(given_, missing, touched, wanted, rounds) for rounds in (1, 64))
    for made in (once, often):
        assert np.array_equal(made[~missing], truth[~missing])
    assert distance(often) < distance(once) < distance(given_)
    assert distance(often) < 0.25 * distance(given_)
    assert np.array_equal(fill(truth, missing, touched, wanted, 3)[~missing], truth[~missing])
    nothing = np.zeros_like(touched)
    assert np.array_equal(fill(given_, missing, nothing, wanted[:, :0], 3), given_)


def test_magnitudes_that_are_a_waves_own_stay_its_own() -> None:
    wave = music(4096)[:, 0]
    found = spectra(wave)
    made = griffin_lim(np.abs(found), found, 8)
    inner = slice(4 * SIZE, -4 * SIZE)
    assert made[inner] == pytest.approx(wave[inner], abs=1e-4)
    empty = with_magnitude(0 * found, np.abs(found))
    assert np.allclose(empty, np.abs(found))


def test_frames_and_samples_know_each_other() -> None:
    missing = np.zeros(20 * HOP, np.bool_)
    missing[10 * HOP] = True
    touched = frames_over(missing)
    assert np.flatnonzero(touched).tolist() == [7, 8, 9, 10]
    under = samples_under(touched)
    assert under.size == missing.size
    assert np.flatnonzero(under)[[0, -1]].tolist() == [7 * HOP, 10 * HOP + SIZE - 1]


@pytest.mark.parametrize("frames", [1, 63, 64, 128, 129, 500])
def test_a_picture_of_any_length_goes_through_patches_that_overlap(frames: int) -> None:
    shown = np.random.default_rng(0).uniform(0, 1, (BINS, frames))
    network = Same()
    assert repaired(network, shown) == pytest.approx(shown, abs=1e-12)
    assert {one.shape for one in network.shown} == {(BINS, FRAMES)}
    assert len(network.shown) == -(-frames // 64) + 1


def test_near_its_edges_the_filling_speaks_deep_inside_the_networks_levels() -> None:
    truth = music(16_000)[:, 0]
    lost = np.zeros(truth.size, np.bool_)
    lost[6000:10_000] = True
    touched = frames_over(lost)
    filled = np.where(lost, 0.3 * truth, truth)
    wanted = np.abs(spectra(truth))[:BINS, touched]
    made = rebuilt(filled, lost, touched, wanted, 8)
    assert np.array_equal(made[~lost], truth[~lost])
    over = round(OVER_S * 16_000)
    deep, edge = slice(6000 + over, 10_000 - over), slice(6000, 6000 + over // 8)
    assert np.sum(made[deep] ** 2) > 0.7 * np.sum(truth[deep] ** 2)
    assert np.sum(made[edge] ** 2) < 0.3 * np.sum(truth[edge] ** 2)
    assert rebuilt(filled, lost, touched, np.abs(spectra(filled))[:BINS, touched], 8) == pytest.approx(
        filled, abs=1e-6
    )
    quiet = rebuilt(filled, lost, touched, 0 * wanted, 8)
    assert np.sum(quiet[deep] ** 2) == pytest.approx(np.sum(filled[deep] ** 2) / MOST**2, rel=0.2)
    everything = np.ones_like(lost)
    assert np.isfinite(
        rebuilt(filled, everything, frames_over(everything), np.abs(spectra(truth))[:BINS], 2)
    ).all()

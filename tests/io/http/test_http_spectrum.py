"""The spectrum that the page shows: levels and places of tones."""

import numpy as np
import pytest

from plcd.io.http.spectrum import BANDS, FLOOR_DB, WINDOW, Spectrum, band_edges_hz


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 192_000])
@pytest.mark.parametrize(("hz", "gain"), [(440.0, 1.0), (3000.0, 0.1)])
def test_a_tone_is_where_it_belongs_at_its_level(rate: int, hz: float, gain: float) -> None:
    spectrum = Spectrum(rate)
    tone = gain * np.sin(2 * np.pi * hz * np.arange(2 * WINDOW) / rate)
    for start in range(0, tone.size, 100):  # however it is cut
        spectrum.hear(np.repeat(tone[start : start + 100, None], 2, axis=1).astype(np.float32))
    levels = spectrum.levels_db()
    edges = band_edges_hz(rate)
    assert len(levels) == BANDS
    strongest = int(np.argmax(levels))
    near = 2 * rate / WINDOW  # a bin to either side
    assert edges[strongest] - near <= hz <= edges[strongest + 1] + near
    assert levels[strongest] == pytest.approx(
        20 * np.log10(gain), abs=2
    )  # between two bins 1.4 dB are missing
    assert levels[-1] < levels[strongest] - 60


def test_silence_is_the_floor() -> None:
    assert set(Spectrum(44100).levels_db()) == {FLOOR_DB}


def test_one_long_piece_is_as_good_as_many() -> None:
    noise = np.random.default_rng(1).standard_normal((3 * WINDOW, 1)).astype(np.float32)
    whole, pieces = Spectrum(44100), Spectrum(44100)
    whole.hear(noise)
    for start in range(0, len(noise), 512):
        pieces.hear(noise[start : start + 512])
    assert whole.levels_db() == pieces.levels_db()

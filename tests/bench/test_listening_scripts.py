"""The listening page's scripts one by one, in a real browser, against other implementations."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_tab import Tab, open_tab
from headless_browser import Browser
from listening_items import plan_of
from scipy import stats

TEMPLATE = Path(__file__).resolve().parents[2] / "bench" / "comparison" / "listening" / "template"

pytestmark = [pytest.mark.timeout(900)]  # a browser may have to be installed first


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Tab]:
    with open_tab(browser) as tab:
        yield tab


def run(tab: Tab, script: str, expression: str) -> Any:
    """An expression's value with a script of the page before it."""
    return tab.evaluate(
        f"(() => {{ {(TEMPLATE / script).read_text(encoding='utf-8')}; return {expression}; }})()"
    )


def test_the_shuffling_is_the_published_one(tab: Tab) -> None:
    seeds = [0, 1, 42, 2**31, 2**32 - 1]
    got = run(tab, "shuffle.js", f"{seeds}.map((seed) => makePlan(seed, 7, 9))")
    assert got == [dict(zip(("clips", "stimuli"), plan_of(seed, 7, 9), strict=True)) for seed in seeds]


def test_every_recording_comes_to_every_place_as_often() -> None:
    """Of 6000 seeds: the counts of 6 recordings at 6 places are binomial, 1000 with a deviation of 29."""
    counts = Counter(
        (place, recording)
        for seed in range(6000)
        for place, recording in enumerate(plan_of(seed, 1, 6)[1][0])
    )
    assert len(counts) == 36
    assert all(abs(count - 1000) < 5 * 29 for count in counts.values())


def test_students_t(tab: Tab) -> None:
    degrees = [*range(1, 60), 100, 1000]
    got = run(tab, "results.js", f"{degrees}.map(studentT)")
    np.testing.assert_allclose(np.array(got), stats.t.ppf(0.975, degrees), rtol=1e-4)


def test_means_and_intervals(tab: Tab) -> None:
    values = [93, 71, 88, 100, 64]
    got = run(tab, "results.js", f"meanOf({values})")
    half = stats.t.ppf(0.975, 4) * stats.sem(values)
    assert got == pytest.approx({"mean": 83.2, "half": half}, rel=1e-4)
    assert run(tab, "results.js", "meanOf([50])") == {"mean": 50, "half": None}


def test_csv_survives_any_text(tab: Tab) -> None:
    columns = ["listener", "seed", "clip", "order", "label", "system", "rating", "seconds_listened", "plays"]
    texts = ['Ann "B", C', "two\nlines", "Zoë", "=1+1", "-3"]
    rows = [dict.fromkeys(columns, text) for text in texts]
    text = run(tab, "results.js", f"csvOf({json.dumps(rows)})")
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [list(row.values()) for row in read] == [[t] * 9 for t in [*texts[:3], "'=1+1", "'-3"]]
    assert list(read[0]) == columns


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        ([90, 100, 95], ["The hidden reference was rated 90 or more in every clip.", False]),
        ([89] + [100] * 6, ["below 90 in 1 of 7 clips (c0). Up to 15 %", False]),
        ([89] + [100] * 5, ["below 90 in 1 of 6 clips (c0). That is more than 15 %", True]),
        ([10], ["below 90 in 1 of 1 clip (c0). That is more than 15 %", True]),
    ],
)
def test_post_screening(tab: Tab, ratings: list[int], expected: list[object]) -> None:
    rows = [{"system": "reference", "clip": f"c{i}", "rating": rating} for i, rating in enumerate(ratings)]
    rows += [{"system": "zero", "clip": "c0", "rating": 0}]
    text, outside = run(tab, "results.js", f"screen({json.dumps(rows)}, 'reference')")
    assert str(expected[0]) in text
    assert outside is expected[1]


def test_the_fft_is_one(tab: Tab) -> None:
    signal = np.random.default_rng(3).standard_normal(64).tolist()
    script = f"(() => {{ const re = {signal}, im = re.map(() => 0); fft(re, im); return [re, im]; }})()"
    real, imaginary = np.array(run(tab, "spectrogram.js", script))
    np.testing.assert_allclose(real + 1j * imaginary, np.fft.fft(signal), atol=1e-9)


def test_a_full_scale_tone_has_no_decibels_at_its_frequency(tab: Tab) -> None:
    """3 kHz at 44.1 kHz, in the left channel of two: half of it, -6 dB. Rows go from 16 kHz down to 0."""
    left = np.sin(2 * np.pi * 3000 / 44_100 * np.arange(44_100)).round(6).tolist()
    buffer = (
        f"{{ sampleRate: 44100, numberOfChannels: 2, left: {left},"
        " getChannelData(c) { return c ? this.left.map(() => 0) : this.left; } }"
    )
    rows = np.array(run(tab, "spectrogram.js", f"Array.from(levels({buffer}, 0.2, 0.8))")).reshape(160, 480)
    loudest = rows.mean(axis=1).argmax()
    assert loudest == pytest.approx(160 * (1 - 3000 / 16_000), abs=1)
    np.testing.assert_allclose(rows[loudest], -6.02, atol=1.5)  # the Hann window between two bins: 1.42 dB
    assert rows[:100].max() < -100

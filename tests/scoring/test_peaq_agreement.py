"""The grade against an independent implementation of the basic version, on every pair of bench/data/peaq."""

import csv
from pathlib import Path

import numpy as np
import soundfile

from plcd.scoring.peaq.model import peaq_basic

PAIRS = Path(__file__).parents[2] / "bench" / "data" / "peaq"


def _grade(reference: str, degraded: str) -> float:
    one, rate = soundfile.read(PAIRS / reference, always_2d=True)
    other, _ = soundfile.read(PAIRS / degraded, always_2d=True)
    assert rate == 48_000
    return peaq_basic(one, other).odg


def test_grades_agree_with_an_independent_implementation() -> None:
    with (PAIRS / "odg.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 42
    expected = np.array([float(row["odg_basic"]) for row in rows])
    found = np.array([_grade(row["reference"], row["degraded"]) for row in rows])
    apart = np.abs(found - expected)
    assert np.mean(apart) < 0.005, "measured: 0.002; asked for: 0.15"
    assert np.corrcoef(found, expected)[0, 1] > 0.9999
    worst = int(np.argmax(apart))
    assert apart[worst] < 0.02, rows[worst]["degraded"]

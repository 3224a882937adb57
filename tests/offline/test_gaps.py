"""Gaps and their measures, on audio whose figures are known."""

import numpy as np
import pytest

from plcd.offline.gaps import Gap, Take, examples, find_gaps, snr_db


def _take(lost: list[tuple[int, int]], factor: float = 0.9, samples: int = 1000) -> Take:
    """Stereo noise; in the gaps the concealed audio is the original times ``factor``."""
    original = np.random.default_rng(0).uniform(-0.5, 0.5, (samples, 2)).astype(np.float32)
    flags = np.zeros(samples, bool)
    for start, length in lost:
        flags[start : start + length] = True
    damaged, concealed = original.copy(), original.copy()
    damaged[flags] = 0
    concealed[flags] *= np.float32(factor)
    return Take(44_100, original, damaged, concealed, flags)


def test_gaps_are_the_runs_of_lost_samples_with_their_snr() -> None:
    take = _take([(0, 10), (500, 64), (900, 100)])
    gaps = find_gaps(take)
    assert [(gap.start, gap.length) for gap in gaps] == [(0, 10), (500, 64), (900, 100)]
    for gap in gaps:
        assert gap.snr_db == pytest.approx(20, abs=0.01)
        assert gap.energy_db == pytest.approx(20 * np.log10(0.9), abs=0.01)
    assert find_gaps(_take([])) == []


def test_snr_of_silence_equality_and_nothing() -> None:
    audio = np.ones((5, 1), np.float32)
    assert snr_db(audio, np.zeros_like(audio)) == 0
    assert snr_db(audio, audio) == np.inf
    assert np.isnan(snr_db(np.zeros_like(audio), audio))


def _gap(start: int, length: int, snr: float, level: float = -20) -> Gap:
    return Gap(start, length, snr, 0.0, level)


def test_examples_are_the_longest_the_median_and_the_worst_once_each() -> None:
    gaps = [
        _gap(0, 512, 20),
        _gap(1, 512, 9),
        _gap(2, 2048, 1),
        _gap(3, 512, 3),
        _gap(4, 512, 10),
        _gap(5, 2048, 0, -30),
    ]
    assert [example.gap.start for example in examples(gaps)] == [2, 1, 5]
    assert [example.gap.start for example in examples(gaps[:2])] == [0, 1]
    assert examples([]) == []


def test_quiet_gaps_are_no_examples() -> None:
    assert examples([_gap(0, 512, -3, level=-80), _gap(1, 512, float("nan"), level=float("-inf"))]) == []


def test_a_take_refuses_audio_of_different_shapes() -> None:
    take = _take([])
    with pytest.raises(ValueError, match="one shape"):
        Take(44_100, take.original, take.damaged[:-1], take.concealed, take.lost)
    with pytest.raises(ValueError, match="flag"):
        Take(44_100, take.original, take.damaged, take.concealed, take.lost[:-1])

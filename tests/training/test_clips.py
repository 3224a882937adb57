"""Clips: the same for the same number, at the right rate, as loud and as high as drawn."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from phrases import RATE, phrase, write_phrases

from plcd.training.data.clips import Clips, resample
from plcd.training.data.collection import Recording, find_recordings
from plcd.training.errors import TrainingError


def clips_of(folder: Path, seconds: float = 0.8, **settings: object) -> Clips:
    return Clips(tuple(find_recordings([(folder, 1.0)], 0.5, print)), RATE, seconds, **settings)  # type: ignore[arg-type]


def test_a_clip_follows_from_its_generator_alone(tmp_path: Path) -> None:
    clips = clips_of(write_phrases(tmp_path, 3, 2.0), gain_db=(-12.0, 6.0))
    first, again, other = (clips.draw(np.random.default_rng(seed), print) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == (round(0.8 * RATE),)
    assert first.dtype == np.float32


def test_without_changes_a_clip_is_a_stretch_of_the_file(tmp_path: Path) -> None:
    write_phrases(tmp_path, 1, 2.0)
    whole, _ = soundfile.read(tmp_path / "take00.flac", dtype="float32")
    clip = clips_of(tmp_path).draw(np.random.default_rng(5), print)
    starts = np.flatnonzero(whole == clip[0])
    assert any(np.array_equal(whole[start : start + clip.size], clip) for start in starts)


def test_gain_is_drawn_and_never_clips(tmp_path: Path) -> None:
    clips = clips_of(write_phrases(tmp_path, 1, 2.0), gain_db=(-30.0, 60.0))
    peaks = [float(np.max(np.abs(clips.draw(np.random.default_rng(seed), print)))) for seed in range(30)]
    assert max(peaks) <= 0.9801
    assert min(peaks) < 0.1


def test_each_channel_of_a_stereo_file_comes_up(tmp_path: Path) -> None:
    both = np.stack((np.full(RATE, 0.5), np.full(RATE, -0.25)), axis=1)
    soundfile.write(tmp_path / "a.wav", both, RATE)
    clips = clips_of(tmp_path)
    values = {round(float(clips.draw(np.random.default_rng(seed), print)[7]), 2) for seed in range(20)}
    assert values == {0.5, -0.25}


def test_a_short_recording_is_followed_by_zeros(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", phrase(0, 0.6), RATE)
    clip = clips_of(tmp_path, 1.0).draw(np.random.default_rng(0), print)
    assert clip.size == RATE
    assert np.any(clip[: round(0.55 * RATE)])
    assert not np.any(clip[round(0.6 * RATE) :])


def test_recordings_are_drawn_by_length_times_weight(tmp_path: Path) -> None:
    for name, value, seconds in (("a", 0.1, 1.0), ("b", 0.2, 3.0), ("c", 0.4, 1.0)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(round(seconds * RATE), value), RATE)
    weights = {"a": 1.0, "b": 1.0, "c": 4.0}
    recordings = tuple(
        Recording(r.path, r.rate, 1, r.start, r.stop, weights[r.path.stem])
        for r in find_recordings([(tmp_path, 1.0)], 0.5, print)
    )
    clips = Clips(recordings, RATE, 0.1)
    drawn = [round(float(clips.draw(np.random.default_rng(seed), print)[0]), 1) for seed in range(800)]
    shares = [drawn.count(value) / 800 for value in (0.1, 0.2, 0.4)]
    assert shares == pytest.approx([1 / 8, 3 / 8, 4 / 8], abs=0.05)


def test_a_file_that_breaks_later_is_told_and_another_is_taken(tmp_path: Path) -> None:
    clips = clips_of(write_phrases(tmp_path, 2, 1.0))
    (tmp_path / "take00.flac").write_bytes(b"gone")
    said: list[str] = []
    for seed in range(12):
        assert np.any(clips.draw(np.random.default_rng(seed), said.append))
    assert said
    assert all("take00.flac" in line and line.endswith("another one is taken") for line in said)
    (tmp_path / "take01.flac").write_bytes(b"gone too")
    with pytest.raises(TrainingError, match="no clip could be cut from 2 recordings"):
        clips.draw(np.random.default_rng(0), said.append)


def test_other_rates_and_pitch_keep_their_tones(tmp_path: Path) -> None:
    pytest.importorskip("soxr", reason="resampling is the training environment's")
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2 * 48_000) / 48_000)
    soundfile.write(tmp_path / "a.wav", tone, 48_000)
    plain = clips_of(tmp_path).draw(np.random.default_rng(0), print)
    assert loudest_hz(plain) == pytest.approx(1000, abs=2)
    bent = [
        loudest_hz(clips_of(tmp_path, pitch_cents=200.0).draw(np.random.default_rng(s), print))
        for s in range(12)
    ]
    assert min(bent) < 960
    assert max(bent) > 1040
    assert all(1000 * 2 ** (-2 / 12) - 3 < hz < 1000 * 2 ** (2 / 12) + 3 for hz in bent)


def test_an_equal_rate_needs_no_resampler() -> None:
    samples = phrase(0, 0.1)
    assert resample(samples, 44_100, 44_100) is samples


def loudest_hz(clip: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    spectrum = np.abs(np.fft.rfft(clip * np.hanning(clip.size)))
    return float(np.argmax(spectrum)) * RATE / clip.size

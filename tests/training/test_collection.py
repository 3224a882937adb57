"""Which recordings are taken, which are turned away and with what words, and on which side they end."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from phrases import RATE, phrase, write_phrases

from plcd.training.data.collection import find_recordings, parse_source, split
from plcd.training.errors import TrainingError


def found(folder: Path, said: list[str] | None = None) -> list[str]:
    recordings = find_recordings([(folder, 1.0)], 0.5, (said if said is not None else []).append)
    return [recording.path.name for recording in recordings]


def test_wav_flac_and_ogg_of_any_rate_and_channels_are_found_in_all_folders(tmp_path: Path) -> None:
    write_phrases(tmp_path / "deep" / "deeper", 4, 1.0)
    soundfile.write(tmp_path / "a.ogg", phrase(1, 1.0, 96_000), 96_000)
    (tmp_path / "notes.txt").write_text("no audio")
    (tmp_path / ".hidden.wav").write_text("no audio")
    said: list[str] = []
    assert found(tmp_path, said) == ["a.ogg", "take00.flac", "take01.flac", "take02.flac", "take03.wav"]
    assert said == []


def test_what_teaches_nothing_is_turned_away_with_one_line_each(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "good.wav", phrase(0, 1.0), RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "slow.wav", phrase(0, 1.0, 8000), 8000)
    soundfile.write(tmp_path / "short.wav", phrase(0, 0.3), RATE)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.flac").write_text("this is no audio")
    soundfile.write(tmp_path / "cut.flac", phrase(0, 3.0), RATE)
    whole = (tmp_path / "cut.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 3])
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan, np.float32), RATE, subtype="FLOAT")
    said: list[str] = []
    assert found(tmp_path, said) == ["good.wav"]
    lines = {Path(line.split(":")[0]).name: line for line in said}
    assert len(said) == 7
    for name, reason in (
        ("silent.wav", "is silent"),
        ("slow.wav", "8000 Hz is too slow to learn from"),
        ("short.wav", "0.30 s is too short"),
        ("empty.wav", "is empty"),
        ("text.flac", "is not audio"),
        ("cut.flac", ""),
        ("nan.wav", "holds NaN or infinity"),
    ):
        assert reason in lines[name]
        assert lines[name].endswith("; skipped")
        assert "\n" not in lines[name]


def test_music_between_long_silences_is_not_silent(tmp_path: Path) -> None:
    quiet = np.zeros(30 * RATE, np.float32)
    quiet[5 * RATE : 6 * RATE] = phrase(0, 1.0)
    soundfile.write(tmp_path / "a.flac", quiet, RATE)
    assert found(tmp_path) == ["a.flac"]


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="it holds no WAV, FLAC or OGG files"):
        found(tmp_path)
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    with pytest.raises(TrainingError, match="all 1 audio files were turned away"):
        found(tmp_path)
    with pytest.raises(TrainingError, match="no such folder"):
        found(tmp_path / "missing")


def test_a_file_reached_twice_counts_once(tmp_path: Path) -> None:
    write_phrases(tmp_path / "a", 2, 1.0)
    recordings = find_recordings([(tmp_path, 1.0), (tmp_path / "a", 5.0)], 0.5, print)
    assert [recording.weight for recording in recordings] == [1.0, 1.0]


def test_a_folder_may_carry_a_weight(tmp_path: Path) -> None:
    (tmp_path / "x=2").mkdir()
    assert parse_source("notes=0.2") == (Path("notes"), 0.2)
    assert parse_source("notes") == (Path("notes"), 1.0)
    assert parse_source(str(tmp_path / "x=2")) == (tmp_path / "x=2", 1.0)
    for text in ("notes=much", "notes=0", "notes=-1", "notes=nan"):
        with pytest.raises(TrainingError, match="notes="):
            parse_source(text)


def test_a_recording_keeps_its_side_wherever_it_lies_and_whatever_is_added(tmp_path: Path) -> None:
    write_phrases(tmp_path / "one", 12, 0.6)
    write_phrases(tmp_path / "two", 20, 0.6)
    sides = []
    for folder in ("one", "two"):
        parts = split(find_recordings([(tmp_path / folder, 1.0)], 0.5, print), 0.3)
        assert parts.train
        assert parts.validation
        assert not set(parts.train) & set(parts.validation)
        sides.append({recording.path.stem for recording in parts.validation})
    assert sides[0] == {name for name in sides[1] if int(name[4:]) < 12}


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5])
def test_both_sides_have_something_even_of_few_files(tmp_path: Path, share: float) -> None:
    write_phrases(tmp_path, 2, 0.6)
    parts = split(find_recordings([(tmp_path, 1.0)], 0.5, print), share)
    assert len(parts.train) == len(parts.validation) == 1
    assert parts.train != parts.validation


def test_a_single_file_is_cut(tmp_path: Path) -> None:
    write_phrases(tmp_path, 1, 2.0)
    parts = split(find_recordings([(tmp_path, 1.0)], 0.5, print), 0.1)
    (train,), (validation,) = parts.train, parts.validation
    assert train.stop == validation.start
    assert validation.seconds == pytest.approx(0.2)


def test_files_of_one_stem_still_give_two_sides(tmp_path: Path) -> None:
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "take.wav", phrase(0, 1.0), RATE)
    parts = split(find_recordings([(tmp_path, 1.0)], 0.5, print), 0.1)
    assert len(parts.train) + len(parts.validation) == 3
    assert parts.train
    assert parts.validation

"""``plcd synth`` with the real FluidSynth."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from apt_packages import provide
from test_midi import END, NOTES, TEMPO, song

SOUNDS = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


def synth(*args: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = None if path is None else {"PATH": path}
    command = [sys.executable, "-m", "plcd", "synth", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture
def sounds() -> Path:
    missing = provide(
        lambda: shutil.which("fluidsynth") is not None and SOUNDS.is_file(),
        ("fluidsynth", "fluid-soundfont-gm"),
        "FluidSynth",
    )
    if missing:
        pytest.skip(missing)
    return SOUNDS


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    folder = tmp_path / "midi"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.mid").write_bytes(song(TEMPO + NOTES * 4 + END))
    (folder / "deep" / "two.MID").write_bytes(song(TEMPO + b"\x00\xc0\x28" + NOTES * 2 + END))
    return folder


def test_every_file_becomes_music_once(midi: Path, sounds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (midi / "bad.mid").write_bytes(b"MThd nonsense")
    ended = synth(midi, "--soundfont", sounds, "-o", out)
    assert ended.returncode == 3
    assert "2 rendered, 0 there before, 1 failed" in ended.stdout
    assert "bad.mid: " in ended.stderr
    assert sorted(path.name for path in out.iterdir()) == ["deep_two.flac", "one.flac"]
    audio, rate = soundfile.read(out / "one.flac", always_2d=True)
    assert rate == 44_100
    assert audio.shape[1] == 1
    assert 1.5 < audio.shape[0] / rate < 10
    assert np.max(np.abs(audio)) == pytest.approx(0.9, abs=0.01)
    (midi / "bad.mid").unlink()
    (out / "one.flac").unlink()
    again = synth(midi, "--soundfont", sounds, "-o", out)
    assert (again.returncode, again.stdout.split(":")[0]) == (0, "1 rendered, 1 there before, 0 failed")
    assert np.array_equal(soundfile.read(out / "one.flac", always_2d=True)[0], audio)


def test_variants_differ_and_repeat(midi: Path, sounds: Path, tmp_path: Path) -> None:
    for out in ("a", "b"):
        assert (
            synth(midi, "--soundfont", sounds, "-o", tmp_path / out, "--vary", 2, "--jobs", 1).returncode == 0
        )
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["deep_two_v000.flac", "deep_two_v001.flac", "one_v000.flac", "one_v001.flac"]
    read = {(out, name): soundfile.read(tmp_path / out / name)[0] for out in ("a", "b") for name in names}
    assert all(np.array_equal(read["a", name], read["b", name]) for name in names)
    assert not np.array_equal(read["a", names[2]], read["a", names[3]])


def test_what_is_missing_is_said_in_one_line(midi: Path, tmp_path: Path) -> None:
    font = tmp_path / "font.sf2"
    font.write_bytes(b"RIFF\0\0\0\0sfbk")
    text = tmp_path / "text.sf2"
    text.write_text("no font at all")
    (tmp_path / "none").mkdir()
    cases: list[tuple[tuple[object, ...], str | None, str]] = [
        (
            (midi, "--soundfont", font),
            str(tmp_path / "none"),
            "fluidsynth is not installed (Debian/Ubuntu: apt install",
        ),
    ]
    if shutil.which("fluidsynth"):
        cases += [
            ((midi, "--soundfont", text), None, "is not a SoundFont"),
            ((midi, "--soundfont", tmp_path / "gone.sf2"), None, "No such file"),
            ((tmp_path / "none", "--soundfont", font), None, "holds no .mid files"),
            ((tmp_path / "gone", "--soundfont", font), None, "no such folder"),
        ]
    for arguments, path, message in cases:
        ended = synth(*arguments, "-o", tmp_path / "out", path=path)
        assert ended.returncode == 3
        assert message in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert synth(midi, "--soundfont", font, "-o", tmp_path, "--vary", -1).returncode == 2

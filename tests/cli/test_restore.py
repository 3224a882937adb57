"""``plcd restore``: recordings with their sidecars, traces, directories, and what each mistake looks like."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.parser import parse
from plcd.core.frame import Hole, Origin, PlayedFrame
from plcd.io.recorder import Recorder, sidecar_path

RATE = 16_000
PACKET = 128
CROSSFADE = 46
"""2.9 ms: what follows a hole in a recording is no longer what was received."""
Sound = NDArray[np.float32]


def _music(packets: int) -> Sound:
    time_ = np.arange(packets * PACKET) / RATE
    noise = np.random.default_rng(packets).normal(0, 0.01, time_.size)
    return (0.3 * np.sin(1400 * time_) + 0.2 * np.sin(3300 * time_) + noise).astype(np.float32)[:, None]


def _record(path: Path, packets: int = 60, lost: tuple[int, ...] = (10, 11, 30)) -> Sound:
    """A recording with silence for what was lost, and its sidecar; returns what was sent."""
    sound = _music(packets)
    recorder = Recorder(path, RATE, 1, PACKET)
    for number in range(packets):
        frame = sound[number * PACKET : (number + 1) * PACKET].copy()
        if number in lost:
            hole = Hole(0, PACKET, Origin.PREDICTED)
            recorder.write(PlayedFrame(np.zeros_like(frame), Origin.PREDICTED, (hole,)))
        else:
            recorder.write(PlayedFrame(frame, Origin.RECEIVED, ()))
    recorder.close()
    return sound


def _restore(*arguments: object) -> int:
    args = parse(["restore", *map(str, arguments)])
    code = args.run(args)
    assert isinstance(code, int)
    return code


def _fails(*arguments: object) -> tuple[str, int]:
    with pytest.raises(CliError) as caught:
        _restore(*arguments)
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.exit_code


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _read(path: Path) -> Sound:
    sound: Sound = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return sound


def test_a_recording_just_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "session.wav"
    sent = _record(path)
    recorded = path.read_bytes()
    assert _restore(path) == ExitCode.OK
    assert _names(tmp_path) == ["session.restored.wav", "session.wav", "session.wav.json"]
    assert path.read_bytes() == recorded
    restored = _read(tmp_path / "session.restored.wav")
    lost = np.repeat([number in (10, 11, 30) for number in range(60)], PACKET)
    for returned in (12, 31):
        lost[returned * PACKET : returned * PACKET + CROSSFADE] = True
    np.testing.assert_array_equal(restored[~lost], sent[~lost])
    assert np.sum((restored[lost] - sent[lost]) ** 2) < 0.05 * np.sum(sent[lost] ** 2)
    assert capsys.readouterr().out.split()[-4:] == ["2", "0.030", "s", "0"]


def test_a_trace_says_nearly_the_same_as_the_sidecar(tmp_path: Path) -> None:
    _record(tmp_path / "take.wav")
    trace = tmp_path / "take.txt"
    trace.write_text("".join("1\n" if number in (10, 11, 30) else "0\n" for number in range(60)))
    assert _restore(tmp_path / "take.wav", "-o", tmp_path / "a.wav") == ExitCode.OK
    flags = ("--gaps", trace, "--packet", PACKET)
    assert _restore(tmp_path / "take.wav", "-o", tmp_path / "b.wav", *flags) == ExitCode.OK
    assert (
        _restore(tmp_path / "take.wav", "-o", tmp_path / "c.wav", "--gaps", tmp_path, "--packet", PACKET) == 0
    )
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()  # found beside the trace
    one, other = _read(tmp_path / "a.wav"), _read(tmp_path / "b.wav")
    changed = np.flatnonzero((one != other).any(axis=1))
    assert set(changed.tolist()) <= {
        place for first in (10, 30) for place in range(first * PACKET, (first + 3) * PACKET)
    }


def test_auto_lists_what_it_found_or_says_that_there_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _record(tmp_path / "take.wav")
    sidecar_path(tmp_path / "take.wav").unlink()
    assert _restore(tmp_path / "take.wav", "--gaps", "auto", "--packet", PACKET) == ExitCode.OK
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "plcd: take.wav: found 2 gaps",
        "plcd:   at 0.080 s: 16.0 ms, silence",
        "plcd:   at 0.240 s: 8.0 ms, silence",
    ]
    soundfile.write(tmp_path / "whole.wav", _music(60), RATE)
    assert _restore(tmp_path / "whole.wav", "--gaps", "auto") == ExitCode.OK
    assert "whole.wav: nothing to repair: no gaps by auto; no file is written" in capsys.readouterr().err
    assert _names(tmp_path) == ["take.restored.wav", "take.wav", "whole.wav"]


def test_blind_wants_no_list_and_repairs_what_it_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = (60, 61, 62, 63, 64, 65, 66, 67)
    sent = _record(tmp_path / "take.wav", 200, lost)
    sidecar_path(tmp_path / "take.wav").unlink()
    recorded = (tmp_path / "take.wav").read_bytes()
    blind = ("--method", "res-u-net", "--gaps", "blind")
    assert _restore(tmp_path / "take.wav", *blind) == ExitCode.OK
    assert capsys.readouterr().out.split()[-5:-3] == ["take.restored.wav", "–"]
    assert (tmp_path / "take.wav").read_bytes() == recorded
    restored, hole = _read(tmp_path / "take.restored.wav"), slice(60 * PACKET, 68 * PACKET)
    assert restored.shape == sent.shape
    assert np.sum(restored[hole] ** 2) > 0.3 * np.sum(sent[hole] ** 2)
    kept = np.r_[: 50 * PACKET, 80 * PACKET : 200 * PACKET]
    np.testing.assert_array_equal(restored[kept], sent[kept])
    made = (tmp_path / "take.restored.wav").read_bytes()
    assert _restore(tmp_path / "take.wav", *blind) == ExitCode.OK
    assert "is there already, restored like this" in capsys.readouterr().err
    assert (tmp_path / "take.restored.wav").read_bytes() == made
    assert _restore(tmp_path, "-o", tmp_path / "out", *blind) == ExitCode.OK
    assert _names(tmp_path / "out") == ["take.wav"]  # take.restored.wav is an output


def test_a_directory_of_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, lost in (("a.wav", (5,)), ("b.flac", (7, 8)), ("intact.wav", ())):
        _record(folder / name, lost=lost)
    soundfile.write(folder / "stray.wav", _music(3), RATE)
    (folder / "edited.wav.json").write_bytes((folder / "a.wav.json").read_bytes())
    soundfile.write(folder / "edited.wav", _music(60), RATE)
    (folder / ".hidden.wav").write_text("not looked at")
    assert _restore(folder, "-o", tmp_path / "out") == ExitCode.FILE
    assert _names(tmp_path / "out") == ["a.wav", "b.flac"]
    said = capsys.readouterr().err
    for told in (
        "edited.wav.json: belongs to another file",
        "stray.wav: no list of its gaps",
        "intact.wav: nothing to repair",
        "2 of 5 files failed",
    ):
        assert told in said
    assert _restore(folder / "a.wav", folder / "b.flac") == ExitCode.OK
    assert (folder / "a.restored.wav").read_bytes() == (tmp_path / "out" / "a.wav").read_bytes()


def test_a_preview_is_short(tmp_path: Path) -> None:
    _record(tmp_path / "take.wav", 600, (150, 200, 250, 300, 350, 400))
    assert _restore(tmp_path / "take.wav", "--preview") == ExitCode.OK
    assert _names(tmp_path) == ["take.preview.wav", "take.wav", "take.wav.json"]
    seconds = soundfile.info(tmp_path / "take.preview.wav").duration
    assert seconds == pytest.approx(5 * (2 * (2 + PACKET / RATE) + 1.2), abs=0.1)


def test_a_preview_beside_a_restoration_and_what_it_shows(tmp_path: Path) -> None:
    take, out = tmp_path / "take.wav", tmp_path / "out"
    _record(take, 600, (200, 240))
    out.mkdir()
    assert _restore(take, "--preview", "-o", out) == ExitCode.OK
    assert _restore(take, "-o", out) == ExitCode.OK
    assert _names(out) == ["take.preview.wav", "take.wav"]
    was, shown = _read(take), _read(out / "take.preview.wav")
    around, length = RATE, 2 * RATE + PACKET + CROSSFADE
    second = 2 * length + round(0.3 * RATE) + round(0.9 * RATE)
    for gap, place in ((200, 0), (240, second)):  # the first gap lies in what is shown around the second one
        start = gap * PACKET - around
        np.testing.assert_array_equal(shown[place : place + length], was[start : start + length])


@pytest.mark.parametrize(
    ("encoding", "suffix", "held"),
    [("PCM_16", "flac", True), ("PCM_24", "flac", True), ("PCM_32", "flac", False), ("FLOAT", "flac", False)],
)
def test_an_output_holds_the_input_or_is_refused(
    tmp_path: Path, encoding: str, suffix: str, held: bool
) -> None:
    take, out = tmp_path / "take.wav", tmp_path / f"out.{suffix}"
    soundfile.write(take, 4 * _music(60) if encoding == "FLOAT" else _music(60), RATE, encoding)
    arguments = (take, "--gaps", _trace(tmp_path / "t.txt", 60, (10,)), "--packet", PACKET, "-o", out)
    if not held:
        message, code = _fails(*arguments)
        assert f"the input is {encoding}" in message
        assert code == ExitCode.FILE
        assert not out.exists()
        return
    assert _restore(*arguments) == ExitCode.OK
    outside = np.r_[0 : 10 * PACKET, 11 * PACKET : 60 * PACKET]
    np.testing.assert_array_equal(_read(out)[outside], _read(take)[outside])


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_what_a_lossy_file_decodes_to_is_held_beyond_full_scale_too(tmp_path: Path, suffix: str) -> None:
    take, out = tmp_path / f"take.{suffix}", tmp_path / "out.wav"
    soundfile.write(take, np.clip(3 * _music(120), -1, 1), RATE)
    was = _read(take)
    trace = _trace(tmp_path / "t.txt", -(-len(was) // PACKET), (10,))
    assert _restore(take, "--gaps", trace, "--packet", PACKET, "-o", out) == ExitCode.OK
    now, gap = _read(out), np.s_[10 * PACKET : 11 * PACKET]
    assert np.abs(was).max() > 1
    np.testing.assert_allclose(np.delete(now, gap, 0), np.delete(was, gap, 0), atol=1e-6)
    message, code = _fails(take, "--gaps", trace, "--packet", PACKET, "-o", tmp_path / "out.flac")
    assert "in .flac for up to 24 bits" in message
    assert code == ExitCode.FILE


def test_gaps_too_long_stay_and_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _record(tmp_path / "a.wav", 200, (5, *range(50, 110)))
    assert _restore(tmp_path / "a.wav") == ExitCode.OK
    assert capsys.readouterr().out.split()[-4:] == ["1", "0.011", "s", "1"]
    assert not _read(tmp_path / "a.restored.wav")[50 * PACKET : 110 * PACKET].any()
    _record(tmp_path / "b.wav", 200, tuple(range(50, 110)))
    message, code = _fails(tmp_path / "b.wav")
    assert "nothing written: all 1 gaps are longer than the 400 ms" in message
    assert code == ExitCode.FILE
    assert not (tmp_path / "b.restored.wav").exists()


def test_mistakes_are_one_line_with_an_exit_code(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    _record(take)
    _record(tmp_path / "other.wav", 30)
    (tmp_path / "text.wav").write_text("not audio")
    (tmp_path / "short.txt").write_text("0\n1\n")
    (tmp_path / "odd.txt").write_text("0\n2\n")
    (tmp_path / "empty").mkdir()
    soundfile.write(tmp_path / "bare.wav", _music(5), RATE)
    soundfile.write(tmp_path / "take.restored.wav", _music(5), RATE)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(take.read_bytes()[:-200])
    sidecar_path(cut).write_bytes(sidecar_path(take).read_bytes())
    output = tmp_path / "out.wav"
    cases: list[tuple[tuple[object, ...], int, str]] = [
        ((tmp_path / "absent.wav",), 3, "no such file"),
        ((tmp_path / "text.wav",), 3, "is not audio"),
        ((tmp_path / "bare.wav",), 3, "give --gaps SIDECAR, TRACE or auto"),
        ((take, "--gaps", sidecar_path(tmp_path / "other.wav")), 3, "belongs to another file than take.wav"),
        ((cut,), 3, "belongs to another file than cut.wav"),
        ((take, "--gaps", tmp_path / "short.txt"), 3, "2 lines"),
        ((take, "--gaps", tmp_path / "odd.txt"), 3, "line 2"),
        ((take, "--gaps", tmp_path / "absent.json"), 3, "there is no"),
        ((take, "-o", take), 3, "would overwrite the input"),
        ((take, "-o", tmp_path / "no" / "out.wav"), 3, "there is no folder"),
        ((take, "-o", tmp_path / "out.docx"), 3, "no audio container"),
        ((take, "-o", tmp_path / "out.mp3"), 3, "lossy"),
        ((tmp_path / "empty", "-o", tmp_path / "out"), 3, "holds no audio files"),
        ((tmp_path / "empty",), 3, "holds no audio files"),
        ((tmp_path,), 2, "say where the output goes"),
        ((tmp_path, "-o", tmp_path), 2, "is the input directory"),
        ((take, tmp_path / "other.wav", "-o", take), 2, "is a file, but there are several inputs"),
        ((take, take), 2, "would both become"),
        (
            (take, tmp_path / "other.wav", "-o", tmp_path / "new.wav"),
            2,
            "is a file's name, but there are several",
        ),
        ((take, "--method", "magic"), 2, "there are interpolate"),
        ((take, "--packet", "0"), 2, "1 to 65536"),
        ((take, "--steps", "0"), 2, "at least 1"),
        ((take, "--scheduler", "nowhere", "-o", output), 5, "HOST:PORT"),
        (
            (take, "--gaps", "blind"),
            3,
            "interpolate has to know where the gaps are; blind works with res-u-net",
        ),
        ((take, "--gaps", "blind", "--method", "res-u-net", "--preview"), 2, "--preview shows gaps"),
        (
            (take, "--gaps", "blind", "--method", "res-u-net", "--scheduler", "h:1"),
            2,
            "leave out --scheduler",
        ),
        ((take, "--model", "lite"), 2, "--model is for res-u-net, not for interpolate"),
        ((take, "--steps", "5"), 2, "--steps is for deep-prior"),
        ((take, "--device", "cuda"), 2, "--device is for deep-prior"),
        ((take, "--gaps", "auto", "--packet", "8"), 2, "packets of 16 samples or more"),
        ((take, tmp_path / "take.restored.wav"), 2, "take.restored.wav is an input, and would become"),
        ((tmp_path / ("x" * 300 + ".wav"),), 3, "File name too long"),
        ((tmp_path / ("x" * 246 + ".wav"),), 3, "no such file"),
        ((take, "-o", tmp_path / ("x" * 300 + ".wav")), 3, "File name too long"),
        ((take, "-o", tmp_path / "out.flac"), 3, "the input is FLOAT"),
        ((take, "--method", "res-u-net", "--model", "lite"), 3, "no such network for restoring"),
        ((take, "--method", "res-u-net", "--model", take), 3, "take.wav: "),
    ]
    before = _names(tmp_path)
    for arguments, code, told in cases:
        given = arguments if "-o" in arguments or len(arguments) == 1 else (*arguments, "-o", output)
        given = arguments if code == 2 else given
        message, found = _fails(*given)
        assert told in message, arguments
        assert found == code, arguments
    assert _names(tmp_path) == before


def _trace(path: Path, packets: int, lost: tuple[int, ...]) -> Path:
    path.write_text("".join("1\n" if number in lost else "0\n" for number in range(packets)))
    return path


ODD: list[tuple[str, float, str, int, int, tuple[int, ...], str]] = [
    ("clipped", 9.0, "PCM_16", 1, RATE, (10, 30), "sound around 2 gaps is clipped, and stays so"),
    ("silent", 0.0, "PCM_16", 1, RATE, (10, 30), "around 2 gaps there is only silence, so it fills them"),
    ("8-bit", 1.0, "PCM_U8", 1, RATE, (10, 30), ""),
    ("5.1", 1.0, "PCM_24", 6, 48_000, (10, 30), ""),
    ("192-khz", 1.0, "PCM_24", 2, 192_000, (10, 30), ""),
    ("at-the-start", 1.0, "PCM_16", 1, RATE, (0, 1), ""),
    ("at-the-end", 1.0, "PCM_16", 1, RATE, (58, 59), ""),
    ("nothing", 1.0, "PCM_16", 1, RATE, (), "nothing to repair: no gaps by trace.txt; no file is written"),
]


def test_where_all_is_lost_nothing_is_written(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "take.wav", _music(60), RATE)
    trace = _trace(tmp_path / "trace.txt", 60, tuple(range(60)))
    message, code = _fails(tmp_path / "take.wav", "--gaps", trace, "--packet", PACKET)
    assert message.endswith("take.wav: nothing written: all of it is missing, by trace.txt")
    assert code == ExitCode.FILE
    assert _names(tmp_path) == ["take.wav", "trace.txt"]


def test_a_file_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    """A gap is restored before the damage is met; a later run could not go on from there."""
    whole = np.random.default_rng(0).normal(0, 0.1, 3 * RATE)
    soundfile.write(tmp_path / "take.flac", whole, RATE)
    content = (tmp_path / "take.flac").read_bytes()
    (tmp_path / "take.flac").write_bytes(content[: len(content) * 9 // 10])
    trace = _trace(tmp_path / "trace.txt", -(-whole.size // PACKET), (100,))
    message, code = _fails(tmp_path / "take.flac", "--gaps", trace, "--packet", PACKET)
    assert "take.flac: damaged, after 2." in message
    assert code == ExitCode.FILE
    assert _names(tmp_path) == ["take.flac", "trace.txt"]


@pytest.mark.parametrize(
    ("gain", "encoding", "channels", "rate", "lost", "told"),
    [case[1:] for case in ODD],
    ids=[case[0] for case in ODD],
)
def test_recordings_of_every_kind(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    gain: float,
    encoding: str,
    channels: int,
    rate: int,
    lost: tuple[int, ...],
    told: str,
) -> None:
    take, packets = tmp_path / "take.wav", 60 if rate == RATE else 60 * PACKET // 512
    lost = lost if rate == RATE else (5, 10)
    sound = np.clip(gain * np.repeat(_music(60), channels, axis=1), -1, 1)
    soundfile.write(take, sound, rate, encoding)
    before = take.read_bytes()
    trace = _trace(tmp_path / "trace.txt", packets, lost)
    packet = PACKET if rate == RATE else 512
    assert _restore(take, "--gaps", trace, "--packet", packet) == ExitCode.OK
    said = capsys.readouterr().err.splitlines()
    assert said == ([f"plcd: take.wav: {told}"] if told else [])
    assert take.read_bytes() == before
    restored = tmp_path / "take.restored.wav"
    if not lost:
        assert _names(tmp_path) == ["take.wav", "trace.txt"]
        return
    one, other = soundfile.info(take), soundfile.info(restored)
    assert (one.samplerate, one.channels, one.subtype, one.frames) == (
        other.samplerate,
        other.channels,
        other.subtype,
        other.frames,
    )
    was, now = _read(take), _read(restored)
    inside = np.repeat([number in lost for number in range(packets)], packet)[: len(was)]
    np.testing.assert_array_equal(now[~inside], was[~inside])
    assert np.abs(now).max() <= 1.2 * np.abs(was).max()
    assert gain == 0 or now[inside].any()


def test_a_file_that_was_cut_off_is_said_and_restored_as_far_as_it_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = tmp_path / "take.wav"
    _record(take)
    take.write_bytes(take.read_bytes()[: -20 * PACKET])
    assert _restore(take, "--gaps", "auto", "--packet", PACKET) == ExitCode.OK
    assert (
        f"plcd: take.wav: is cut off: {20 * PACKET} bytes fewer than its header says"
        in capsys.readouterr().err
    )
    assert len(_read(tmp_path / "take.restored.wav")) == len(_read(take))
    soundfile.write(tmp_path / "take.flac", _music(600), RATE)
    (tmp_path / "take.flac").write_bytes((tmp_path / "take.flac").read_bytes()[:-2000])
    message, code = _fails(
        tmp_path / "take.flac", "--gaps", _trace(tmp_path / "t.txt", 600, (5,)), "--packet", 128
    )
    assert "take.flac" in message
    assert code == ExitCode.FILE
    assert not (tmp_path / "take.restored.flac").exists()


def test_tags_come_along_and_still_tell_whose_output_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, trace, output = (tmp_path / name for name in ("song.flac", "song.txt", "better.flac"))
    with soundfile.SoundFile(source, "w", RATE, 1) as file:
        file.title, file.comment = "Song", "from the cellar"
        file.write(_music(40))
    trace.write_text("".join(f"{int(number == 20)}\n" for number in range(40)))
    assert _restore(source, "--gaps", trace, "--packet", PACKET, "-o", output) == ExitCode.OK
    with soundfile.SoundFile(output) as file:
        assert file.title == "Song"
        assert file.comment.startswith("from the cellar; restored by plcd")
    capsys.readouterr()
    assert _restore(source, "--gaps", trace, "--packet", PACKET, "-o", output) == ExitCode.OK
    assert "is there already, restored like this" in capsys.readouterr().err


def test_outputs_that_exist_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, lost in (("a.wav", (5,)), ("b.flac", (7, 8))):
        _record(folder / name, lost=lost)
    assert _restore(folder, "-o", out) == ExitCode.OK
    finished = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.iterdir()}
    capsys.readouterr()
    assert (
        _restore(folder, "-o", out) == ExitCode.OK
    )  # a command that was interrupted between two files goes on like this
    said = capsys.readouterr()
    assert said.err.count("is there already, restored like this") == 2
    assert said.out == ""
    assert finished == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.iterdir()}
    assert _restore(folder, "-o", out, "--overwrite") == ExitCode.OK
    for path, (content, changed) in finished.items():
        assert path.read_bytes() == content
        assert path.stat().st_mtime_ns > changed
    other = tmp_path / "mix.wav"
    soundfile.write(other, _music(5), RATE)
    mix = other.read_bytes()
    for arguments in ((), ("--preview",)):
        message, code = _fails(folder / "a.wav", "-o", other, *arguments)
        assert message.endswith(
            "exists already, and is something else (or of a kind without tags): give another output, or --overwrite"
        )
        assert code == ExitCode.FILE
    message, _ = _fails(folder / "b.flac", "-o", out / "a.wav")  # restored, but from another recording
    assert "exists already" in message
    assert other.read_bytes() == mix
    assert _restore(folder / "a.wav", "-o", other, "--overwrite") == ExitCode.OK
    assert other.read_bytes() == (out / "a.wav").read_bytes()
    assert _restore(folder / "a.wav", "--preview") == _restore(folder / "a.wav", "--preview") == ExitCode.OK


@pytest.mark.realtime
def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """As a user does it: the whole command, with the real method."""
    take = tmp_path / "take.wav"
    _record(take, 600, tuple(range(100, 600, 20)))
    command = [sys.executable, "-m", "plcd", "restore", str(take), "-o"]
    journal = tmp_path / "out.wav.partial"
    with subprocess.Popen(
        [*command, str(tmp_path / "out.wav")], stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 90
        while (
            not (journal.exists() and journal.read_bytes().count(b"\n") > 2) and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == ExitCode.RUNTIME
    assert said.count("\n") == 1
    assert "the same command goes on there" in said
    assert journal.exists()
    assert not (tmp_path / "out.wav").exists()
    first = json.loads(journal.read_text().splitlines()[1])
    assert first[:2] == [100 * PACKET, PACKET + CROSSFADE]
    again = subprocess.run([*command, str(tmp_path / "out.wav")], capture_output=True, text=True, check=True)
    assert "were there from an earlier run" in again.stderr
    subprocess.run([*command, str(tmp_path / "whole.wav")], check=True, capture_output=True)
    assert (tmp_path / "out.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()
    assert _names(tmp_path) == ["out.wav", "take.wav", "take.wav.json", "whole.wav"]

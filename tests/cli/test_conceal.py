"""``plcd conceal``: files and directories, and what each mistake looks like."""

import argparse
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from plcd.cli.conceal import add_parser, print_table
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.parser import parse
from plcd.offline.audio_files import AudioInfo
from plcd.offline.conceal import Outcome

PACKET = 320


def _conceal(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="plcd")
    add_parser(parser.add_subparsers())
    flags = ["--packet", str(PACKET), "--predictor", "burg:32/256", "--model", "none"]
    args = parser.parse_args(["conceal", *map(str, arguments), *flags])
    code = args.run(args)
    assert isinstance(code, int)
    return code


def _fails(*arguments: object) -> tuple[str, int]:
    with pytest.raises(CliError) as caught:
        _conceal(*arguments)
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.exit_code


def _make(path: Path, packets: int = 10, extra: int = 7, channels: int = 1) -> NDArray[Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = np.random.default_rng(packets).uniform(-0.5, 0.5, (PACKET * packets + extra, channels))
    soundfile.write(path, audio, 32_000, "PCM_16")
    return np.asarray(soundfile.read(path, dtype="int16", always_2d=True)[0])


def _trace(path: Path, lost: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{digit} \n" for digit in lost))
    return path


def _same_before_the_first_loss(output: Path, original: NDArray[Any], lost: str) -> bool:
    first = (lost + "1").index("1") * PACKET
    written = soundfile.read(output, dtype="int16", always_2d=True)[0]
    assert written.shape == original.shape
    return bool(np.array_equal(written[:first], original[:first]))


def test_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original = _make(tmp_path / "in [1].wav", channels=2)
    trace = _trace(tmp_path / "trace.txt", "0000010110")
    output, damaged = tmp_path / "out.flac", tmp_path / "damaged.wav"
    assert (
        _conceal(tmp_path / "in [1].wav", "--trace", trace, "-o", output, "--damaged", damaged) == ExitCode.OK
    )
    assert _same_before_the_first_loss(output, original, "0000010110")
    assert not soundfile.read(damaged, dtype="int16")[0][PACKET * 5 : PACKET * 6].any()
    captured = capsys.readouterr()
    assert "3 (27.3 %)" in captured.out
    assert captured.err == ""


def test_the_table_leaves_names_whole_beside_long_lists_of_origins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    source = AudioInfo(tmp_path / "in.wav", 44_100, 2, 5_300_000, "WAV", "PCM_16")
    origins = {"predicted": 54_000, "predicted, weaker": 15_000, "interpolated": 7_000, "silent": 5_000}
    outcome = Outcome(source, tmp_path / "chorale_07.wav", "PCM_16", 10_352, 1234, 12, origins)
    print_table([outcome])
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("chorale_07.wav ") for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_file_goes_into_an_output_directory_and_finds_its_trace(tmp_path: Path) -> None:
    original = _make(tmp_path / "take.wav")
    _trace(tmp_path / "traces" / "take.txt", "0001000000")
    (tmp_path / "out").mkdir()
    assert (
        _conceal(tmp_path / "take.wav", "--trace", tmp_path / "traces", "-o", tmp_path / "out") == ExitCode.OK
    )
    assert _same_before_the_first_loss(tmp_path / "out" / "take.wav", original, "0001")


def test_a_directory_with_a_trace_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, traces, output = tmp_path / "in", tmp_path / "traces", tmp_path / "out"
    originals = {name: _make(source / name, packets=n) for name, n in (("a.wav", 9), ("b.flac", 12))}
    (source / "readme.txt").write_text("not audio, not looked at")
    (source / ".hidden.wav").write_text("not looked at")
    lost = {"a": "001000000", "b": "000000010000"}
    for stem, flags in lost.items():
        _trace(traces / f"{stem}.txt", flags)
    assert _conceal(source, "--trace", traces, "-o", output, "--damaged", tmp_path / "damaged") == ExitCode.OK
    assert sorted(p.name for p in output.iterdir()) == ["a.wav", "b.flac"]
    assert sorted(p.name for p in (tmp_path / "damaged").iterdir()) == ["a.wav", "b.flac"]
    for name, original in originals.items():
        assert _same_before_the_first_loss(output / name, original, lost[name[0]])
    assert capsys.readouterr().out.count("predicted") == 2


def test_one_trace_for_all_where_it_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in"
    _make(source / "fits.wav", 10)
    _make(source / "too_long.wav", 20)
    trace = _trace(tmp_path / "trace.txt", "0100000000")
    assert _conceal(source, "--trace", trace, "-o", tmp_path / "out") == ExitCode.FILE
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["fits.wav"]
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith("plcd: ")
    assert "10 lines" in errors[0]
    assert errors[1] == "plcd: 1 of 2 files failed"


def test_files_that_fail_do_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, traces = tmp_path / "in", tmp_path / "traces"
    _make(source / "good.wav", 4)
    _make(source / "no_trace.wav", 4)
    (source / "text.wav").write_text("not audio at all, whatever it is called")
    (source / "empty.wav").touch()
    for stem in ("good", "text", "empty", "unused"):
        _trace(traces / f"{stem}.txt", "0010")
    assert _conceal(source, "--trace", traces, "-o", tmp_path / "out") == ExitCode.FILE
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good.wav"]
    captured = capsys.readouterr()
    errors = captured.err.splitlines()
    assert len(errors) == 4
    for error, name in zip(errors, ("empty.wav", "no_trace.txt", "text.wav"), strict=False):
        assert name in error
    assert "good.wav" in captured.out


def test_mistakes_with_one_file_are_one_line_and_exit_3(tmp_path: Path) -> None:
    _make(tmp_path / "in.wav")
    trace, output = _trace(tmp_path / "t.txt", "0" * 10), tmp_path / "out.wav"
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not audio")
    _trace(tmp_path / "short.txt", "000")
    (tmp_path / "odd.txt").write_text("0\n2\n")
    (tmp_path / "folder").mkdir()
    cases: list[tuple[str, str, Path, str]] = [
        ("absent.wav", "t.txt", output, "no such file"),
        ("empty.wav", "t.txt", output, "is empty"),
        ("text.wav", "t.txt", output, "is not audio"),
        ("in.wav", "short.txt", output, "3 lines"),
        ("in.wav", "odd.txt", output, "line 2"),
        ("in.wav", "absent.txt", output, "no such"),
        ("in.wav", "folder", output, "in.txt"),
        ("in.wav", "t.txt", tmp_path / "in.wav", "would overwrite the input"),
        ("in.wav", "t.txt", tmp_path / "out.docx", "no audio container"),
        (
            "in.wav",
            "t.txt",
            tmp_path / "out.mp3",
            ".mp3 is lossy, and the input is not of that kind; use .wav or",
        ),
        ("in.wav", "t.txt", tmp_path / "out.opus", "is lossy"),
        ("in.wav", "t.txt", tmp_path / "no" / "out.wav", f"there is no folder '{tmp_path / 'no'}'"),
        ("folder", "t.txt", output, "holds no audio files"),
    ]
    for source, trace_name, out, reason in cases:
        message, code = _fails(tmp_path / source, "--trace", tmp_path / trace_name, "-o", out)
        assert reason in message
        assert code == ExitCode.FILE
    message, code = _fails(
        tmp_path / "in.wav", "--trace", trace, "-o", output, "--damaged", tmp_path / "no" / "d.wav"
    )
    assert "there is no folder" in message
    assert code == ExitCode.FILE
    assert not output.exists()
    assert not (tmp_path / "no").exists()
    assert trace.exists()


def test_an_output_directory_is_made_but_not_what_it_is_in(tmp_path: Path) -> None:
    _make(tmp_path / "in" / "a.wav")
    trace = _trace(tmp_path / "t.txt", "0" * 10)
    for flags in (
        ("-o", tmp_path / "no" / "out"),
        ("-o", tmp_path / "out", "--damaged", tmp_path / "no" / "d"),
    ):
        message, code = _fails(tmp_path / "in", "--trace", trace, *flags)
        assert f"there is no folder '{tmp_path / 'no'}'" in message
        assert code == ExitCode.FILE
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--predictor", "burg"), "expected best, fast or METHOD"),
        (("--predictor", "fft:1/2"), "the method is tapered, burg or lpc"),
        (("--packet", "0"), "packet must lie in 1..65536"),
        (("--lookahead", "-1"), "a whole number from 0 to 64, not '-1'"),
        (("--lookahead", "65"), "a whole number from 0 to 64, not '65'"),
        (("--lookahead", "auto"), "auto, what has arrived, is for live streams"),
    ],
)
def test_wrong_settings_are_a_usage_error(flags: tuple[str, str], told: str) -> None:
    def command() -> None:
        args = parse(["conceal", "in.wav", "--trace", "t.txt", "-o", "out.wav", *flags])
        args.run(args)

    with pytest.raises(CliError, match=re.escape(told)) as caught:
        command()
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_predictor_auto_is_the_best(tmp_path: Path) -> None:
    _make(tmp_path / "in.wav", packets=12)
    trace = _trace(tmp_path / "t.txt", "0" * 9 + "100")
    for name, flags in (("auto", ("--predictor", "auto")), ("usual", ())):
        given = (str(tmp_path / "in.wav"), "--trace", str(trace), "-o", str(tmp_path / f"{name}.wav"))
        args = parse(["conceal", *given, "--packet", str(PACKET), *flags])
        assert args.run(args) == ExitCode.OK
    assert (tmp_path / "auto.wav").read_bytes() == (tmp_path / "usual.wav").read_bytes()


def test_a_directory_never_becomes_its_own_output(tmp_path: Path) -> None:
    source = tmp_path / "in"
    _make(source / "a.wav")
    trace = _trace(tmp_path / "t.txt", "0" * 10)
    file = tmp_path / "file"
    file.touch()
    for output in (source, file):
        assert _fails(source, "--trace", trace, "-o", output)[1] == ExitCode.USAGE
    assert [p.name for p in source.iterdir()] == ["a.wav"]

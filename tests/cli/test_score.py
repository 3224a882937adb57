"""``plcd score``: files and directories, text and JSON, and what each mistake looks like."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from rich.console import Console

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.score import add_parser
from plcd.cli.score_values import means
from plcd.cli.score_view import detail_table

PACKET = 480
RATE = 48_000


def _score(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="plcd")
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["score", *map(str, arguments), "--packet", str(PACKET)])
    code = args.run(args)
    assert isinstance(code, int)
    return code


def _fails(*arguments: object) -> tuple[str, int]:
    with pytest.raises(CliError) as caught:
        _score(*arguments)
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.exit_code


def _sound(seconds: float, seed: int = 0) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(0, 1, round(seconds * RATE))
    return np.asarray(0.05 * np.convolve(noise, np.hanning(32), "same"))


def _pair(
    folder: Path, name: str, seconds: float = 0.8, lost: str = "0001000110" * 8
) -> tuple[Path, Path, Path]:
    """A reference, an output with half of the sound in the lost packets, and the trace."""
    for part in ("ref", "out", "trace"):
        (folder / part).mkdir(exist_ok=True)
    reference, output = folder / "ref" / name, folder / "out" / name
    trace = folder / "trace" / f"{Path(name).stem}.txt"
    sound = _sound(seconds)
    flags = np.repeat([c == "1" for c in lost], PACKET)
    spoilt = np.where(np.resize(flags, sound.size), 0.5 * sound, sound)
    soundfile.write(reference, sound, RATE, "FLOAT" if name.endswith("wav") else "PCM_24")
    soundfile.write(output, spoilt, RATE, "FLOAT" if name.endswith("wav") else "PCM_24")
    trace.write_text("".join(f"{c}\n" for c in lost))
    return reference, output, trace


def test_one_pair_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference, output, trace = _pair(tmp_path, "take.wav")
    assert _score(reference, output, "--trace", trace) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["metric", "take.wav"]
    rows = {line.rsplit("  ", 1)[0].strip(): line.rsplit("  ", 1)[1].strip() for line in lines[1:]}
    assert rows["gap SNR"] == "6.02 dB"
    assert rows["gap SNR, bursts of 2"] == "6.02 dB"
    assert rows["energy in gaps, 500-2000 Hz"] == "−6.02 dB"
    assert float(rows["PEAQ basic ODG"].replace("−", "-")) < 0
    assert "PEAQ rel_dist_frames" in rows


def test_a_long_name_leaves_the_metrics_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=80).print(detail_table({"snr_db": 12.0}, "take_" * 30 + ".wav"))
    text = capsys.readouterr().out
    assert "multi-resolution STFT" in text
    assert "12.00 dB" in text


def test_one_pair_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference, output, trace = _pair(tmp_path, "take.wav")
    assert _score(reference, output, "--trace", trace, "--json") == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["reference"], found["output"]) == (str(reference), str(output))
    assert found["losses"]["gap_snr_by_burst_db"] == pytest.approx({"1": 6.0206, "2": 6.0206}, abs=1e-3)
    assert len(found["peaq"]["variables"]) == 11
    assert found["snr_db"] == pytest.approx(-found["nmse_db"])


def test_an_exact_copy_without_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference, _, _ = _pair(tmp_path, "take.wav")
    assert _score(reference, reference, "--json") == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert found["snr_db"] is None, "infinite"
    assert found["losses"] is None
    assert found["peaq"]["odg"] > 0
    assert found["multi_resolution_stft"] == 0


def test_directories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _pair(tmp_path, "a.wav")
    _pair(tmp_path, "b.flac")
    (tmp_path / "out" / "b.flac").rename(tmp_path / "out" / "b.wav")
    (tmp_path / "ref" / "notes.txt").write_text("not looked at")
    folders = (tmp_path / "ref", tmp_path / "out", "--trace", tmp_path / "trace")
    assert _score(*folders) == ExitCode.OK
    text = capsys.readouterr().out
    assert text.splitlines()[0].split()[:3] == ["file", "SNR", "gap"]
    assert [line.split()[0] for line in text.splitlines()[1:3]] == ["a.wav", "b.wav"]
    assert "mean" in text
    assert _score(*folders, "--json") == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert len(found["files"]) == 2
    assert found["mean"]["losses"]["gap_snr_db"] == pytest.approx(6.02, abs=0.01)
    assert found["mean"]["snr_db"] == pytest.approx(np.mean([file["snr_db"] for file in found["files"]]))


def test_files_that_fail_do_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _pair(tmp_path, "good.wav")
    _pair(tmp_path, "short.wav")
    soundfile.write(tmp_path / "out" / "short.wav", _sound(0.5), RATE)
    _pair(tmp_path, "gone.wav")[1].unlink()
    assert _score(tmp_path / "ref", tmp_path / "out", "--json") == ExitCode.FILE
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["files"]) == 1
    errors = [line for line in captured.err.splitlines() if "[score]" not in line and "ViSQOL" not in line]
    assert "gone.wav: no such file" in errors[0]
    assert "short.wav: the reference has 38400 samples, the output 24000" in errors[1]
    assert errors[2] == "plcd: 2 of 3 files failed"


def test_mistakes_with_one_pair_are_one_line_and_exit_3(tmp_path: Path) -> None:
    reference, output, trace = _pair(tmp_path, "take.wav")
    sound = _sound(0.8)
    soundfile.write(tmp_path / "slow.wav", sound, 44_100)
    soundfile.write(tmp_path / "long.wav", np.tile(sound, 2), RATE)
    soundfile.write(tmp_path / "stereo.wav", np.stack([sound, sound], axis=1), RATE)
    soundfile.write(tmp_path / "nan.wav", np.where(sound > 0, np.nan, sound), RATE, "FLOAT")
    soundfile.write(tmp_path / "silent.wav", 0 * sound, RATE)
    (tmp_path / "short.txt").write_text("0\n1\n")
    (tmp_path / "odd.txt").write_text("2\n")
    cases: list[tuple[list[object], str]] = [
        ([reference, tmp_path / "slow.wav"], "slow.wav: the reference has 48000 Hz, the output 44100"),
        ([reference, tmp_path / "long.wav"], "long.wav: the reference has 38400 samples, the output 76800"),
        ([reference, tmp_path / "stereo.wav"], "1 channels, the output 2"),
        ([reference, tmp_path / "nan.wav"], "the output holds values that are not finite"),
        ([tmp_path / "silent.wav", output], "the reference is silent"),
        ([reference, tmp_path / "absent.wav"], "absent.wav: no such file"),
        ([reference, output, "--trace", tmp_path / "short.txt"], "2 lines"),
        ([reference, output, "--trace", tmp_path / "odd.txt"], "line 1"),
        ([reference, output, "--trace", tmp_path / "absent.txt"], "no such trace"),
        ([tmp_path / "trace", tmp_path / "out"], "holds no audio files"),
    ]
    assert trace.exists()
    for arguments, reason in cases:
        message, code = _fails(*arguments)
        assert reason in message
        assert code == ExitCode.FILE, arguments


def test_wrong_use(tmp_path: Path) -> None:
    reference, output, _ = _pair(tmp_path, "take.wav")
    assert _fails(tmp_path / "ref", output)[1] == ExitCode.USAGE
    parser = argparse.ArgumentParser(prog="plcd")
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["score", str(reference), str(output), "--packet", "0"])
    with pytest.raises(CliError) as caught:
        args.run(args)
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_reference_file_finds_its_output_in_a_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, output, _ = _pair(tmp_path, "take.wav")
    assert _score(reference, tmp_path / "out", "--trace", tmp_path / "trace", "--json") == ExitCode.OK
    captured = capsys.readouterr()
    assert json.loads(captured.out)["output"] == str(output)
    assert f"plcd: {tmp_path / 'out'}: a directory; take.wav is taken\n" in captured.err
    assert _score(reference, tmp_path / "out") == ExitCode.OK
    assert capsys.readouterr().out.splitlines()[0].split() == ["metric", "take.wav"]


def test_a_silent_output_is_scored_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference, output, _ = _pair(tmp_path, "take.wav")
    assert _score(reference, output) == ExitCode.OK
    assert "silent" not in capsys.readouterr().err
    soundfile.write(output, 0 * _sound(0.8), RATE)
    assert _score(reference, output) == ExitCode.OK
    captured = capsys.readouterr()
    assert f"plcd: {output}: is silent throughout\n" in captured.err
    assert "0.00 dB" in captured.out


def test_means_are_over_what_each_file_has() -> None:
    one: dict[str, Any] = {"a": 1.0, "b": None, "group": {"1": 2.0}}
    other: dict[str, Any] = {"a": 3.0, "b": 4.0, "group": {"1": 4.0, "2": 5.0}, "c": None}
    assert means([one, other]) == {"a": 2.0, "b": 4.0, "group": {"1": 3.0, "2": 5.0}, "c": None}


def test_the_command_is_there_and_loads_its_metrics_only_when_it_runs(tmp_path: Path) -> None:
    code = "import sys, plcd.cli.main; print(any(m.startswith('plcd.scoring') for m in sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "plcd", "score", str(tmp_path / "a.wav"), str(tmp_path / "b.wav")],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == ExitCode.FILE
    assert ended.stderr == f"plcd: {tmp_path / 'a.wav'}: no such file\n"

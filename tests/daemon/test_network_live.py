"""A daemon with a real network, over a socket and by the clock."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from running import MONO, PLCD, QUICK, Stats, assert_adds_up, music, played, running, send, write_float

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.core.packet import StreamFormat
from plcd.core.trace import format_trace, parse_trace
from plcd.io.sender import Sender, SendOptions
from plcd.neural.loading import load
from plcd.offline.conceal import Settings, conceal_file

sys.path.insert(0, str(Path(__file__).parents[1] / "neural"))
import tiny_models as tiny

SECONDS = 3.0
FRAME = 2048
"""46 ms, so that a busy machine is still in time."""
FLAGS = ("--lookahead", "0", "--depth", "300ms", "--packet", str(FRAME))
BURSTS = Gilbert(0.079, 0.69)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """In two stages; gives the prediction, innovation included, as it is."""
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny.staged_magnitude(1.0, noise=1))
    return path


def lossy(*flags: str, stream: StreamFormat = MONO, output: str = "null") -> tuple[Stats, str, list[bool]]:
    """What a daemon counted of some seconds with losses, what it said, and which packets were lost."""
    with running("--output", output, *FLAGS, *flags) as daemon:
        audio = music(SECONDS, stream.channels, stream.rate)
        report = Sender(audio, stream, daemon.address, SendOptions(), Impairment(BURSTS)).run()
        stats = daemon.wait_for(lambda stats: stats["frames"]["played"] * FRAME >= len(audio))
        said = daemon.finish()
    assert_adds_up(stats)
    return stats, said, list(report.flags)


def test_it_speaks_in_holes_and_is_counted(model: Path) -> None:
    stats, _, _ = lossy("--model", str(model), *QUICK)
    network = stats["network"]
    assert stats["model"] == "tiny"
    assert network["kind"] == "magnitude"
    assert network["refused"] is None
    assert network["spoken"] > 5
    assert network["spoken"] <= network["shown"]
    assert network["trials"] + network["untried"] > 3
    assert network["share"] == pytest.approx(
        network["spoken"] / (network["shown"] + network["withheld"]), abs=1e-3
    )
    assert stats["frames"]["by_origin"]["refined"] > 0
    assert stats["ahead"]["prepared"] == stats["ahead"]["used"] > 0  # a deep buffer knows what is lost


def test_live_equals_offline(model: Path, tmp_path: Path) -> None:
    """Where time and budget allow all trials; a take in which they did not says nothing and is repeated."""
    source, live, offline = tmp_path / "in.wav", tmp_path / "live.wav", tmp_path / "offline.wav"
    write_float(source, music(SECONDS))
    for _ in range(4):
        stats, _, flags = lossy("--model", str(model), "--cpu-budget", "100", *QUICK, output=f"file:{live}")
        if stats["network"]["untried"] or stats["events"]["model_late"] or stats["packets"]["late"]:
            continue
        trace = parse_trace(format_trace(np.array(flags)))
        conceal_file(source, trace, offline, Settings(512, QUICK[1], 0, load(model)))
        want, got = played(offline), played(live)
        np.testing.assert_array_equal(got[: len(want)], want)
        return
    pytest.skip("this machine is too busy")


@pytest.mark.parametrize("how", ["on", "off"])
def test_run_ahead_is_what_was_said(model: Path, how: str) -> None:
    stats, _, _ = lossy("--model", str(model), "--run-ahead", how, *QUICK)
    assert stats["ahead"]["run_ahead"] == how
    assert (stats["ahead"]["prepared"] > 0) == (how == "on")
    assert stats["network"]["spoken"] > 0


def test_run_ahead_needs_no_network() -> None:
    stats, _, _ = lossy(*QUICK)
    assert stats["ahead"]["used"] > 0
    assert stats["network"] is None
    assert stats["model"] is None


def test_a_network_that_is_wrong_is_soon_withheld(tmp_path: Path) -> None:
    path = tmp_path / "wrong.onnx"
    path.write_bytes(tiny.magnitude(0.1))
    stats, _, _ = lossy("--model", str(path), *QUICK)
    assert stats["network"]["withheld"] > stats["network"]["shown"]
    assert stats["network"]["error_db"] > stats["network"]["predictor_error_db"]


def test_another_rate_is_refused_once_and_the_predictor_plays(model: Path) -> None:
    low = StreamFormat("L16", 16_000, 1)
    stats, said, _ = lossy("--model", str(model), *QUICK, *("--rtp-map", "96=L16/16000/1"), stream=low)
    assert said.count("made for 44100 Hz, not for 16000 Hz") == 1
    assert "not for 16000 Hz" in stats["network"]["refused"]
    assert stats["network"]["shown"] == 0
    assert stats["frames"]["by_origin"]["predicted"] > 0


def test_a_network_too_slow_for_the_frame_is_refused(tmp_path: Path) -> None:
    """60 products of 2048 numbers with matrices, for each of 64 samples."""
    path = tmp_path / "slow.onnx"
    path.write_bytes(tiny.waveform(0.0, repeat=60))
    with running(
        "--output", "null", "--lookahead", "0", "--packet", "64", "--model", str(path), *QUICK
    ) as daemon:
        send(music(0.5), daemon.address, MONO, packet=64)
        stats = daemon.wait_for(lambda stats: stats["frames"]["played"] > 0)
        assert "it works offline only, the predictor plays alone" in daemon.finish()
    assert "ms for each frame" in stats["network"]["refused"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nonsense", "not an ONNX file"),
        (tiny.magnitude()[:-9], "cut short"),
        (tiny.magnitude(contract=7), "contract 7 in its metadata"),
    ],
)
def test_a_bad_model_ends_the_start_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    for words in (["--listen", "127.0.0.1:0"], ["--listen", "127.0.0.1:0", "--check-config"]):
        end = subprocess.run(
            [*PLCD, *words, "--model", str(path)], capture_output=True, text=True, timeout=60
        )
        assert end.returncode == 3
        (line,) = end.stderr.splitlines()
        assert line.startswith(f"plcd: model {path}: ")
        assert reason in line
        assert line.endswith("use --model none")

"""plcd capture and plcd replay as a user calls them."""

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

from plcd.cli import capture, replay
from plcd.cli.errors import CliError, ExitCode
from plcd.wire import ip_udp, pcap
from plcd.wire.rtp import build

HERE, THERE = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
NS = 1_760_000_000_000_000_000
QUICK = ("--predictor", "burg:32/256", "--model", "none")
PACKET = 512


def run(module: ModuleType, *words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    assert module in (capture, replay)
    subparsers = parser.add_subparsers()
    capture.add_parser(subparsers)
    replay.add_parser(subparsers)
    args = parser.parse_args([module.__name__.rpartition(".")[2], *map(str, words)])
    return int(args.run(args))


def failure(module: ModuleType, *words: str | Path) -> tuple[ExitCode, str]:
    with pytest.raises(CliError) as caught:
        run(module, *words)
    assert "\n" not in caught.value.message
    return caught.value.exit_code, caught.value.message


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """100 packets of sound to port 9000, each 20th lost, and one datagram to another port."""
    rng = np.random.default_rng(1)
    sound = np.rint(8000 * np.sin(0.05 * np.arange(100 * PACKET)) + 100 * rng.standard_normal(100 * PACKET))
    blocks = [pcap.packet(NS, ip_udp.build(THERE, 5, HERE, 9001, b"other"))]
    for n, samples in enumerate(sound.reshape(-1, PACKET)):
        if n % 20 != 10:
            data = build(
                samples.astype(">i2").tobytes(), payload_type=11, sequence=n, timestamp=n * PACKET, ssrc=1
            )
            at_ns = NS + n * PACKET * 10**9 // 44_100
            blocks.append(pcap.packet(at_ns, ip_udp.build(THERE, 5004, HERE, 9000, data)))
    path = tmp_path / "s.plcdcap"
    path.write_bytes(pcap.section("test", "x") + b"".join(blocks))
    return path


def test_a_session_is_played_and_summed_up(
    session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wav, counted = tmp_path / "o.wav", tmp_path / "o.json"
    assert run(replay, session, "-o", wav, "--stats", counted, *QUICK) == 0
    out, err = capsys.readouterr()
    assert out.startswith("plcd replay: 95 datagrams, 1.2 s of sound: 95 packets on time, 0 late, 5 lost, ")
    assert err.splitlines() == [
        "plcd replay: played 192.0.2.1:9000; 1 datagrams went elsewhere (192.0.2.1:9001): --to chooses"
    ]
    stats = json.loads(counted.read_text())
    assert stats["schema"] == "plcd.replay/1"
    assert stats["packets"]["lost"] == 5
    sound, rate = soundfile.read(wav)
    assert (rate, len(sound)) == (44_100, 100 * PACKET)
    again = tmp_path / "again.wav"
    run(replay, session, "-o", again, "--stats", "-", *QUICK)
    assert again.read_bytes() == wav.read_bytes()
    assert json.loads(capsys.readouterr().out) == stats


def test_what_was_played_before_is_not_replaced(session: Path, tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    take.write_bytes(b"last night")
    assert failure(replay, session, "-o", take, *QUICK) == (
        ExitCode.FILE,
        f"-o {take}: is there already, and is not replaced: give another name",
    )
    assert take.read_bytes() == b"last night"


def test_options_are_the_daemons(session: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = tmp_path / "plcd.toml"
    toml.write_text('listen = ":9000"\ndepth = "60ms"\nmodel = "none"\n')
    run(replay, session, "--config", toml, "--predictor", "fast")
    assert "depth 60ms, fast" in capsys.readouterr().out
    assert failure(replay, session, "--depth", "40s") == (
        ExitCode.USAGE,
        "--depth: depth '40s': expected milliseconds as 40ms, a whole number of packets as 4, or auto, auto:5-80 (ms)",
    )


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("none.pcap",), ExitCode.FILE, "cannot read none.pcap: No such file or directory"),
        (("SESSION", "--to", ":7"), ExitCode.FILE, "holds nothing to port 7, but to 9000, 9001"),
        (("SESSION", "--to", "nonsense"), ExitCode.ADDRESS, "write it as HOST:PORT"),
        (("SESSION", "--to", ":9001"), ExitCode.FILE, "no stream in 1 datagrams (1 too_short): see --to"),
        (("SESSION", "-o", "o.mp3"), ExitCode.USAGE, "-o: "),
        (("SESSION", "-o", "none/o.wav"), ExitCode.FILE, "there is no folder 'none'"),
        (("SESSION", "--stats", "none/o.json"), ExitCode.FILE, "--stats: cannot write none/o.json"),
        (("SESSION", "--rate", "48000"), ExitCode.FILE, "95 format L16/44100/1"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    session: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: ExitCode,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    found = failure(replay, *(str(session) if word == "SESSION" else word for word in words), *QUICK)
    assert found[0] is code
    assert says in found[1]


def test_a_session_cut_short_is_played_and_told(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session.write_bytes(session.read_bytes()[:-7])
    assert run(replay, session, *QUICK) == 0
    assert "ends in the middle of a packet: what stands before it was played" in capsys.readouterr().err


def test_capture_refuses_before_it_listens(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"last night")
    assert failure(capture, "127.0.0.1:0", "-o", there) == (
        ExitCode.FILE,
        f"-o {there}: is there already, and is not replaced: give another name",
    )
    code, message = failure(capture, "127.0.0.1:0", "-o", tmp_path / "none" / "s")
    assert code is ExitCode.FILE
    assert "there is no folder" in message
    assert failure(capture, "127.0.0.1:0", "-o", tmp_path / "s", "--seconds", "0")[0] is ExitCode.USAGE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        code, message = failure(capture, f"127.0.0.1:{taken.getsockname()[1]}", "-o", tmp_path / "s")
    assert code is ExitCode.ADDRESS
    assert "another program listens there" in message
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("seconds", [None, "3"])
def test_capture_writes_until_it_is_told_or_the_time_is_up(tmp_path: Path, seconds: str | None) -> None:
    path = tmp_path / "s.plcdcap"
    command = [sys.executable, "-m", "plcd", "capture", "127.0.0.1:0", "-o", str(path)]
    command += ["--seconds", seconds] if seconds else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        ready = process.stderr.readline()
        assert ready.startswith("plcd capture: ready 127.0.0.1:")
        to = ("127.0.0.1", int(ready.rpartition(":")[2]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for n in range(50):
                sender.sendto(bytes([n]), to)
        if seconds is None:
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, process.stderr.read()
        assert process.stdout.read() == f"plcd capture: 50 datagrams in {path}\n"
    code, message = failure(replay, path, *QUICK)
    assert code is ExitCode.FILE
    assert "no stream in 50 datagrams (50 too_short)" in message

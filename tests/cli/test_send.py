import argparse
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from plcd.cli.errors import CliError, ExitCode
from plcd.cli.send import add_parser, run
from plcd.cli.traces import read_trace
from plcd.core.frame import Samples
from plcd.wire.depacketizer import Depacketizer
from plcd.wire.formats import Formats
from plcd.wire.payload_map import parse_rtp_map


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A tenth of a second in which every 16-bit sample identifies itself."""
    path = tmp_path / "music.wav"
    soundfile.write(path, np.arange(-2000, 2410, dtype=np.int16), 44100)
    return path


def send(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["send", *map(str, words)])
    assert args.run is run
    return int(args.run(args))


def target(sock: socket.socket) -> str:
    return f"127.0.0.1:{sock.getsockname()[1]}"


def received(sock: socket.socket) -> list[bytes]:
    datagrams = []
    while True:
        try:
            datagrams.append(sock.recv(65536))
        except TimeoutError:
            return datagrams


def audio(datagrams: list[bytes], depacketizer: Depacketizer) -> Samples:
    return np.concatenate([depacketizer.parse(datagram, "a", 1).samples for datagram in datagrams])


def failure(*words: str | Path) -> CliError:
    with pytest.raises(CliError) as caught:
        send(*words)
    assert "\n" not in caught.value.message
    return caught.value


def test_a_16_bit_file_arrives_exact(
    receiver: socket.socket, music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(music, "--to", target(receiver), "--loop", "2") == ExitCode.OK
    samples = audio(received(receiver), Depacketizer({}))
    once = np.arange(-2000, 2410) / 32768
    assert np.array_equal(samples[:, 0], np.concatenate([once, once]))
    out, err = capsys.readouterr()
    assert out.startswith("plcd send: 18 packets, 0.2 s: 0 lost")
    assert len(out.splitlines()) == 1
    assert err == ""


def test_the_receiver_is_told_what_a_dynamic_type_means(
    receiver: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "stereo.flac"
    integers = (np.arange(2000, dtype=np.int32).reshape(-1, 2) - 1000) << 10
    soundfile.write(path, integers, 48000, "PCM_24")
    send(path, "--to", target(receiver), "--encoding", "L24", "--payload-type", "97", "--ssrc", "0xABC")
    line = capsys.readouterr().err.strip()
    number, stream = parse_rtp_map(line.partition("--rtp-map ")[2])
    datagrams = received(receiver)
    assert datagrams[0][8:12] == bytes.fromhex("00000abc")
    samples = audio(datagrams, Depacketizer({number: stream}))
    assert np.array_equal(samples.astype(np.float64), integers / 2**31)


def test_the_dumped_trace_says_what_was_lost(receiver: socket.socket, music: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    send(music, "--to", target(receiver), "--packet", "64", "--loss", "gilbert:.3,.5", "--dump-trace", trace)
    first = read_trace(trace)
    numbers = [int.from_bytes(datagram[2:4], "big") for datagram in received(receiver)]
    offsets = [(number - numbers[0]) % 65536 for number in numbers]
    assert len(first) == -(-4410 // 64)
    assert offsets == np.flatnonzero(~first).tolist()
    again = tmp_path / "again.txt"
    send(music, "--to", target(receiver), "--packet", "64", "--loss", f"trace:{trace}", "--dump-trace", again)
    assert np.array_equal(read_trace(again), first)


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["--loss", "half"], ExitCode.USAGE, "gilbert:P,R"),
        (["--loss", "gilbert:2,.5"], ExitCode.USAGE, "probability"),
        (["--loss", "trace:missing.txt"], ExitCode.FILE, "missing.txt"),
        (["--jitter", "-1"], ExitCode.USAGE, "jitter"),
        (["--reorder", "2"], ExitCode.USAGE, "reordering"),
        (["--packet", "0"], ExitCode.USAGE, "at least one"),
        (["--packet", "99999"], ExitCode.USAGE, "65507"),
        (["--payload-type", "10"], ExitCode.USAGE, "use 11"),
        (["--ssrc", "-1"], ExitCode.USAGE, "SSRC"),
        (["--seed", "-1"], ExitCode.USAGE, "seed"),
        (["--loop", "-1"], ExitCode.USAGE, "--loop"),
        (["--rate", "48000"], ExitCode.USAGE, "sound devices"),
        (["--dump-trace", "no/such/folder"], ExitCode.FILE, "no/such/folder"),
        (["--to", "nowhere"], ExitCode.ADDRESS, "HOST:PORT"),
        (["--to", ":9000"], ExitCode.ADDRESS, "where to"),
        (["--to", "127.0.0.1:0"], ExitCode.ADDRESS, "where to"),
        (["--to", "a..b:9000"], ExitCode.ADDRESS, "host"),
    ],
)
def test_errors_are_one_line_with_a_code(
    music: Path, words: list[str], code: ExitCode, complaint: str
) -> None:
    error = failure(music, "--to", "127.0.0.1:9", *words)
    assert error.exit_code is code
    assert complaint in error.message


def test_files_that_cannot_be_sent(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("not audio")
    slow = tmp_path / "slow.wav"
    soundfile.write(slow, np.zeros(10), 4000)
    broken = tmp_path / "broken.wav"
    soundfile.write(broken, np.array([0.0, np.nan]), 44100, "FLOAT")
    to = ("--to", "127.0.0.1:9")
    assert failure(text, *to).exit_code is ExitCode.FILE
    assert failure(tmp_path / "missing.wav", *to).exit_code is ExitCode.FILE
    assert "8000" in failure(slow, *to).message
    error = failure(broken, *to)
    assert (error.exit_code, "NaN" in error.message) == (ExitCode.FILE, True)


def test_a_device_that_is_not_there() -> None:
    error = failure("no-such-device", "--to", "127.0.0.1:9")
    assert error.exit_code is ExitCode.DEVICE
    assert "no-such-device" in error.message


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_an_interrupt_ends_an_endless_stream_cleanly(receiver: socket.socket, music: Path) -> None:
    program = (
        "import argparse; from plcd.cli.send import add_parser\n"
        "parser = argparse.ArgumentParser(); add_parser(parser.add_subparsers())\n"
        "args = parser.parse_args(); raise SystemExit(args.run(args))"
    )
    command = [sys.executable, "-c", program, "send", str(music), "--to", target(receiver), "--loop", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sender:
        receiver.settimeout(60)
        for _ in range(20):
            receiver.recv(65536)
        sender.send_signal(signal.SIGINT)
        out, err = sender.communicate(timeout=60)
    assert (sender.returncode, err) == (0, "")
    assert out.startswith("plcd send: ")


def test_jacktrip_arrives_exact(receiver: socket.socket, music: Path) -> None:
    words = ("--format", "jacktrip", "--redundancy", "1", "--packet", "64")
    assert send(music, "--to", target(receiver), *words) == ExitCode.OK
    datagrams = received(receiver)
    assert len(datagrams[0]) == 2 * (16 + 64 * 2)
    samples = np.concatenate([Formats({}).parse(one, "a", 1)[-1].samples for one in datagrams[:-2]])
    assert np.array_equal(samples[:4410, 0], np.arange(-2000, 2410) / 32768)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--format", "jacktrip", "--ssrc", "5"), "--ssrc"),
        (("--format", "jacktrip", "--fec", "4"), "RTP"),
        (("--format", "jacktrip", "--redundancy", "16"), "16"),
        (("--encoding", "L8"), "L8"),
    ],
)
def test_flags_of_the_other_format(music: Path, words: tuple[str, ...], named: str) -> None:
    error = failure(music, "--to", "127.0.0.1:9", *words)
    assert error.exit_code == ExitCode.USAGE
    assert named in error.message

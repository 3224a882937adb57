"""How a command ends: the exit code, and one line that says why."""

import base64
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from running import PATIENT, PLCD, QUICK, RATE, Source, music, played, running, send, streaming, write_float

NULL = ("--output", "null", *PATIENT, *QUICK)
LISTEN = ("--listen", "127.0.0.1:0")

EACH = """
import contextlib, io, json, sys
from plcd.cli.main import main
ends = []
for argv in json.load(sys.stdin):
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
        code = main(argv)
    ends.append([code, said.getvalue()])
print(json.dumps(ends))
"""


class Case(NamedTuple):
    """A command line (words with a slash or a dot are files of the test's folder), its exit code, a part of its line."""

    command: str
    code: int
    says: str


CASES = [
    Case("", 2, "nothing to do: say where to listen, as in plcd --listen :9000"),
    Case("--lissten :9000", 2, "unknown flag --lissten; did you mean --listen?"),
    Case("--listen :0 --otput null", 2, "did you mean --output?"),
    Case("send in.wav --to 127.0.0.1:9 --lss none", 2, "did you mean --loss?"),
    Case("send in.wav --to 127.0.0.1:9 extra", 2, "unrecognized arguments: extra (plcd send --help)"),
    Case("--listen :0 -x", 2, "unrecognized arguments: -x (plcd --help)"),
    Case("snd in.wav", 2, "choose from 'send', 'conceal'"),
    Case("conceal in.wav -o out.wav", 2, "required: --trace (plcd conceal --help)"),
    Case("--listen :0 --output null --depth 40s", 2, "--depth: depth '40s': expected milliseconds as 40ms"),
    Case("--listen :0 --output null --loop 3", 2, "--loop is about an input file: add --input FILE"),
    Case("--listen :0 --output null --depth 9000ms", 2, "at most 2000ms"),
    Case("--listen :0 --output null --predictor burg:10", 2, "expected METHOD:ORDER/CONTEXT"),
    Case("--listen :0 --output null --predictor burg:5000/90000", 2, "order must lie in 1..4096"),
    Case(
        "--listen :0 --output null --predictor better", 2, "expected auto, best, fast or METHOD:ORDER/CONTEXT"
    ),
    Case("--listen :0 --output null --noise 3", 2, "--noise: noise '3': a number from 0 to 2"),
    Case("--listen :0 --output null --noise loud", 2, "a number from 0 to 2"),
    Case(
        "--listen :0 --output null --run-ahead maybe",
        2,
        "--run-ahead: run-ahead 'maybe': one of auto, on, off",
    ),
    Case(
        "--listen :0 --output null --cpu-budget 140",
        2,
        "--cpu-budget: cpu-budget '140': percents of one core, 0 to 100",
    ),
    Case("--listen :0 --output null --lookahead 65", 2, "--lookahead: lookahead '65'"),
    Case("--listen :0 --output null --rate 1", 2, "from 8000 to 192000"),
    Case("--listen :0 --output null --rtp-map 5=L16/44100", 2, "dynamic types are 96 to 127"),
    Case("--listen :0 --output null --rtp-map 96=L8/44100", 2, "known are"),
    Case("--listen :0 --output null --format jack", 2, "one of auto, rtp"),
    Case("--listen :0 --output null --packet 8", 2, "from 16 to 8192"),
    Case("--listen :0 --output file:x.mp3", 2, "must end in .wav"),
    Case("--listen :0 --output null --record x.mp3", 2, "must end in .wav"),
    Case("--listen :0 --output file:x.wav --record ./x.wav", 2, "give another name"),
    Case("--listen :0 --output null --control nonsense", 2, "ipc:///PATH or tcp://HOST:PORT"),
    Case("--listen 127.0.0.1:0 --output null --control tcp://0.0.0.0:9", 2, "give --control-keys DIR"),
    Case("--listen 127.0.0.1:0 --output null --http 0.0.0.0:8080", 5, "write 8080 or 127.0.0.1:8080"),
    Case("--listen 127.0.0.1:0 --output null --http web", 5, "--http: cannot read 'web': write it as PORT"),
    Case("--config none.toml", 2, "none.toml: No such file"),
    Case("--config key.toml", 2, "unknown key 'listn'; did you mean listen?"),
    Case("--config value.toml", 2, "packet: packet 'many': a whole number"),
    Case("--config type.toml", 2, "rate: rate '44100.0': a whole number"),
    Case("--config syntax.toml", 2, "not TOML"),
    Case("--config switch.toml", 2, "log-json: true or false"),
    Case("--config twice.toml", 2, "is given twice"),
    Case("--listen :0 --output file:none/x.wav", 3, "there is no folder"),
    Case("--listen :0 --output null --record none/x.wav", 3, "there is no folder"),
    Case("--listen :0 --output null --record-dir none/", 3, "no such folder"),
    Case(
        "--listen :0 --output null --capture none/x.pcapng", 3, "--capture none/x.pcapng: there is no folder"
    ),
    Case("--listen :0 --output null --anonymous", 2, "--anonymous is about --capture"),
    Case("capture :0", 2, "required: -o/--output (plcd capture --help)"),
    Case("capture :0 -o in.wav", 3, "is there already, and is not replaced"),
    Case("replay none.pcapng", 3, "No such file or directory"),
    Case("replay in.wav", 3, "in.wav: is no capture: expected pcapng or pcap"),
    Case("replay in.wav --listen :0", 2, "unknown flag --listen"),
    Case("--listen :0 --output null --model nosuch.onnx", 3, "use --model none"),
    Case("--listen :0 --output null --model in.wav", 3, "use --model none"),
    Case("conceal in.wav --trace bad.txt -o out.wav", 3, "line 2: expected 0 or 1, found 'x'"),
    Case("conceal in.wav --trace short.txt -o out.wav", 3, "2 lines"),
    Case("conceal none.wav --trace short.txt -o out.wav", 3, "no such file"),
    Case("conceal in.wav --trace none.txt -o out.wav", 3, "no such trace"),
    Case("conceal bad.txt --trace short.txt -o out.wav", 3, "is not audio"),
    Case("conceal in.wav --trace short.txt -o out.wav --model nosuch.onnx", 3, "use --model none"),
    Case("send in.wav --to 127.0.0.1:9 --loss trace:bad.txt", 3, "line 2: expected 0 or 1"),
    Case("send in.wav --to 127.0.0.1:9 --loss trace:none.txt", 3, "cannot read the trace"),
    Case("send in.wav --to 127.0.0.1:9 --dump-trace none/x.txt", 3, "cannot write the trace"),
    Case("send none.wav --to 127.0.0.1:9", 3, "no such file"),
    Case("--listen :0 --output nosuchdevice", 4, "--output null"),
    Case("--listen 192.0.2.1:9000 --output null", 5, "choose another address"),
    Case("--listen 127.0.0.1:70000 --output null", 5, "at most 65535"),
    Case("--listen 9000 --output null", 5, "write it as HOST:PORT"),
    Case("--listen a..b:9000 --output null", 5, "not a host name"),
    Case("--listen 127.0.0.1:0 --output null --control ipc:///none/x", 5, "there is no directory /none"),
    Case("send in.wav --to nowhere", 5, "write it as HOST:PORT"),
]


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, tuple[int, str]]:
    """The exit code and stderr of every case."""
    folder = tmp_path_factory.mktemp("cases")
    write_float(folder / "in.wav", music(1.0))
    for name, text in {
        "bad.txt": "0\nx\n",
        "short.txt": "0\n1\n",
        "key.toml": 'listn = ":9000"',
        "value.toml": 'packet = "many"',
        "type.toml": "rate = 44100.0",
        "syntax.toml": "a = = 3",
        "switch.toml": 'log-json = "yes"',
        "twice.toml": 'log_level = "info"\nlog-level = "debug"',
    }.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", EACH],
        input=json.dumps([case.command.split() for case in CASES]),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    return {case: (code, said) for case, (code, said) in zip(CASES, json.loads(done.stdout), strict=True)}


@pytest.mark.parametrize("case", CASES, ids=[case.command or "nothing" for case in CASES])
def test_one_line_and_the_code(ends: dict[Case, tuple[int, str]], case: Case) -> None:
    code, said = ends[case]
    assert code == case.code, said
    assert said.startswith("plcd: ")
    assert said.endswith("\n")
    assert len(said.splitlines()) == 1
    assert case.says in said


def ended(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PLCD, *words], capture_output=True, text=True, env={**os.environ, **env}, timeout=60
    )


def test_port_in_use() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        end = ended("--listen", f"127.0.0.1:{port}", "--output", "null")
    assert end.returncode == 5
    assert end.stderr == (
        f"plcd: cannot listen on 127.0.0.1 port {port}: Address already in use; another program listens there: "
        "choose another port\n"
    )


def test_without_portaudio(tmp_path: Path) -> None:
    """A device is refused with what to install; null and files work."""
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    for words in ((*LISTEN,), (*LISTEN, "--output", "3"), ("--list-devices",)):
        end = ended(*words, PYTHONPATH=path)
        assert end.returncode == 4
        assert len(end.stderr.splitlines()) == 1
        assert "apt install libportaudio2" in end.stderr
    end = ended(*LISTEN, "--output", f"file:{tmp_path}/x.wav", "--check-config", PYTHONPATH=path)
    assert (end.returncode, end.stdout, end.stderr) == (0, "plcd: configuration ok\n", "")
    assert not (tmp_path / "x.wav").exists()


def test_every_flag_has_its_key_and_wins_over_it(tmp_path: Path) -> None:
    """A file that sets every key is accepted, each wrong flag is found in spite of it, and the right ones win."""
    config = tmp_path / "plcd.toml"
    write_float(tmp_path / "in.wav", music(0.5))
    key = tmp_path / "session.key"
    key.write_text(base64.b64encode(bytes(30)).decode())
    key.chmod(0o600)
    keys = {
        "listen": "127.0.0.1:1",
        "input": str(tmp_path / "in.wav"),
        "loop": 0,
        "redundancy": 1,
        "fec": 0,
        "drift": "off",
        "allow": ["127.0.0.0/8", "::1"],
        "srtp-key": str(key),
        "capture": str(tmp_path / "night.plcdcap"),
        "anonymous": True,
        "mix": True,
        "max-peers": 3,
        "gain": ["127.0.0.1=-3", "[::1]:4464=1.5"],
        "record-peers": str(tmp_path),
        "output": "null",
        "predictor": "lpc:64/1024",
        "noise": 0.5,
        "cpu-budget": 30,
        "run-ahead": "on",
        "lookahead": 2,
        "model": "none",
        "format": "rtp",
        "rate": 48000,
        "channels": 2,
        "packet": 256,
        "depth": "60ms",
        "rtp-map": ["96=L24/48000/2", "97=L16/48000/2"],
        "control": "none",
        "control-keys": str(tmp_path),
        "http": 0,
        "record": str(tmp_path / "take.wav"),
        "record-dir": str(tmp_path),
        "log-level": "debug",
        "log-json": True,
    }

    def write() -> None:
        config.write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items()))

    write()
    flags = {line.split()[0].strip("-") for line in ended("--help").stdout.splitlines() if " --" in line[:4]}
    called = {"connect", "encoding"}  # of whoever begins a session
    assert set(keys) == flags - called - {"version", "config", "check-config", "list-devices"}
    assert ended("--config", str(config), "--check-config").returncode == 0
    del keys["control-keys"]
    write()
    with running("--config", str(config), "--depth", "80ms", "--packet", "128") as daemon:
        stats = daemon.wait_for(lambda stats: stats["frames"]["played"] > 0)
        assert stats["buffer"]["depth_ms"] == 80.0
        assert (stats["predictor"], stats["lookahead"]) == ("lpc:64/1024", 2)
        assert stats["noise"] == 0.5
        assert stats["recording"]["path"] == str(tmp_path / "take.wav")
        daemon.finish()
    sidecar = json.loads((tmp_path / "take.wav.json").read_text())
    assert (sidecar["rate"], sidecar["channels"], sidecar["packet"]) == (48000, 2, 128)


@pytest.mark.parametrize(("number", "suffix"), [(signal.SIGINT, "wav"), (signal.SIGTERM, "flac")])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: int, suffix: str) -> None:
    """Exit 0, and what was played until then lies whole in a file that ends in a fade."""
    take = tmp_path / f"take.{suffix}"
    audio = music(10.0)
    with running("--output", f"file:{take}", "--depth", "100ms", *QUICK) as daemon:
        with streaming(audio, daemon.address):
            daemon.wait_for(lambda stats: stats["frames"]["played"] > 60)
            assert daemon.stop(number) == 0
        assert "Traceback" not in daemon.text
        assert not list(daemon.folder.iterdir())  # the control sockets are gone
    got = played(take)
    assert len(got) % 512 == 0
    assert len(got) >= 60 * 512
    np.testing.assert_array_equal(got[:-512], audio[: len(got) - 512])
    assert got[-1, 0] == 0.0
    assert np.abs(got[-512:-256]).max() > 0.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_it_is_ready(number: int) -> None:
    """The port is taken before the kernels are compiled: from then on at the latest it ends in order."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*PLCD, "--listen", f"127.0.0.1:{port}", "--output", "null", "--control", "none"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    break
            time.sleep(0.002)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in said


def test_a_second_signal_does_no_harm(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    with running("--output", f"file:{take}", *PATIENT, *QUICK) as daemon:
        send(music(0.8), daemon.address)
        daemon.process.send_signal(signal.SIGINT)
        daemon.process.send_signal(signal.SIGINT)
        assert daemon.stop(signal.SIGTERM) == 0
        assert "Traceback" not in daemon.text
    assert len(played(take))


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_disk_full_ends_the_recording_and_not_the_sound(tmp_path: Path, suffix: str) -> None:
    """A limit on the size of files stands for the full disk."""
    take = tmp_path / f"take.{suffix}"
    audio = music(2.0)
    flags = (*NULL, "--record", str(take))
    with running(*flags, preexec_fn=lambda: limit_files(60_000)) as daemon:
        with streaming(audio, daemon.address):
            stats = daemon.wait_for(lambda stats: bool((stats["recording"] or {}).get("error")))
            frames = stats["frames"]["played"]
            stats = daemon.wait_for(lambda stats: stats["frames"]["played"] > frames + 20)
        assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
        log = daemon.finish()
    assert log.count("recording stopped") == 1
    got = played(take)
    assert len(got) > 0
    assert take.stat().st_size <= 60_000
    np.testing.assert_array_equal(got, audio[: len(got)])
    sidecar = json.loads(take.with_name(take.name + ".json").read_text())
    assert sidecar["samples"] == len(got)
    assert "File too large" in sidecar["error"]


def test_disk_full_under_the_output_is_an_end(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    audio = music(3.0)
    with running(
        "--output", f"file:{take}", *PATIENT, *QUICK, preexec_fn=lambda: limit_files(60_000)
    ) as daemon:
        with streaming(audio, daemon.address):
            assert daemon.process.wait(30) == 3
        daemon.stop()
        assert "Traceback" not in daemon.text
        assert daemon.log[-1] == f"plcd: the output file ends early: {take}: File too large"
    got = played(take)
    np.testing.assert_array_equal(got, audio[: len(got)])


def test_log_as_json() -> None:
    with running(*NULL, "--log-json", "--log-level", "debug") as daemon:
        with Source(daemon.address) as source:
            source.raw(b"\x80" * 100)
            source.raw(b'"\n')
            source.stream(music(0.3))
        daemon.wait_idle()
        log = daemon.finish().splitlines()
    log.remove(f"plcd: ready 127.0.0.1:{daemon.address[1]}")
    lines = [json.loads(line) for line in log]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert {line["level"] for line in lines} >= {"info", "warning"}
    assert any("stream: L16/44100/1" in line["message"] for line in lines)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6_and_every_interface() -> None:
    with running(*NULL, listen="[::1]:0") as daemon:
        assert daemon.address[0] == "::1"
        send(music(0.3), daemon.address)
        stats = daemon.wait_idle()
        assert stats["packets"]["on_time"] == -(-int(0.3 * RATE) // 512)
        assert stats["source"]["address"].startswith("[::1]:")
        daemon.finish()
    with running(*NULL, listen=":0") as daemon:
        assert daemon.address[0] == "::"
        count = 0
        for host, shown in (("127.0.0.1", "127.0.0.1:"), ("::1", "[::1]:")):
            count += send(music(0.3), (host, daemon.address[1]), ssrc=len(host)).sent
            stats = daemon.wait_for(lambda stats: stats["packets"]["on_time"] == count)  # noqa: B023
            assert stats["source"]["address"].startswith(shown)
            time.sleep(1.5)  # the other address waits for a second of silence
        assert stats["packets"]["lost"] == stats["packets"]["foreign"] == 0
        daemon.finish()

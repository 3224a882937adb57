"""``plcd top`` against a control server with real sockets, as a process where the terminal matters."""

import io
import os
import re
import select
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from control_harness import Station, serving
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from plcd.cli import top
from plcd.cli.errors import CliError, ExitCode
from plcd.cli.top_rows import rows
from plcd.io.control_endpoint import default_endpoint, named_endpoint
from plcd.io.control_keys import create_keys

SNAPSHOT: dict[str, Any] = {
    "schema": "plcd.snapshot/1",
    "version": "0.1.0",
    "time": 1.0,
    "uptime_s": 3725.0,
    "state": "playing",
    "source": {
        "address": "127.0.0.1:5004",
        "stream": "1a2b3c4d",
        "format": "L16/44100/1",
        "packet_samples": 512,
    },
    "packets": {
        "received": 8701,
        "on_time": 8698,
        "late": 3,
        "lost": 966,
        "expected": 9667,
        "reordered": 7,
        "duplicate": 0,
        "foreign": 2,
        "kernel_dropped": 5,
        "queue_dropped": 0,
        "malformed": {"too_short": 4, "padding": 0},
        "refused": {},
    },
    "frames": {
        "played": 10_000,
        "by_origin": {
            "received": 8500,
            "refined": 0,
            "interpolated": 700,
            "predicted": 300,
            "spliced": 0,
            "silence": 0,
            "idle": 500,
        },
    },
    "events": {
        "reanchored": 1,
        "restarts": 0,
        "underruns": 0,
        "missed_deadlines": 0,
        "model_late": 4,
        "device_lost": 0,
    },
    "buffer": {"depth_ms": 40.0, "level_ms": 38.25, "ring_ms": 11.6, "device_ms": 5.0, "latency_ms": 56.6},
    "timing_ms": {
        "conceal": {"count": 966, "p50": 1.52, "p99": 2.11, "max": 2.9},
        "frame": {"count": 10_000, "p50": 0.03, "p99": 1.9, "max": 3.1},
    },
    "predictor": "best",
    "predictor_auto": True,
    "predictor_fallback": "tapered:1024/4096",
    "noise": 1.0,
    "ahead": {
        "fits": 4012,
        "ready": 640,
        "missing": 12,
        "skipped": 9,
        "ms": 7210.4,
        "share": 0.1234,
        "run_ahead": "auto",
        "prepared": 1200,
        "used": 600,
        "passed": 3,
    },
    "lookahead": "auto",
    "model": "lite",
    "network": {
        "kind": "magnitude",
        "refused": None,
        "shown": 620,
        "spoken": 610,
        "withheld": 390,
        "share": 0.604,
        "trials": 500,
        "untried": 20,
        "error_db": 3.214,
        "predictor_error_db": 3.5,
        "ms": 6.21,
        "after_ms": 3.04,
    },
    "output": "null",
    "recording": None,
}

TOP = [
    sys.executable,
    "-c",
    "import argparse, sys; from plcd.cli import top; parser = argparse.ArgumentParser(); "
    "top.add_parser(parser.add_subparsers()); args = parser.parse_args(); sys.exit(args.run(args))",
    "top",
]
"""The command as a process of its own, without the rest of the command line."""


@pytest.fixture
def station() -> Station:
    station = Station()
    station.state = {name: value for name, value in SNAPSHOT.items() if name != "schema"}
    return station


@pytest.fixture
def endpoint(tmp_path: Path, station: Station) -> Iterator[str]:
    address = f"ipc://{tmp_path}/c.sock"
    with serving(named_endpoint(address), station):
        yield address


def command(*arguments: str) -> int:
    parser = ArgumentParser()
    top.add_parser(parser.add_subparsers())
    args = parser.parse_args(["top", *arguments])
    return int(args.run(args))


def test_one_plain_snapshot_where_there_is_no_terminal(
    endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--control", endpoint) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line[0] != " ")
    assert lines["state"] == "playing, up 1:02:05"
    assert lines["source"] == "127.0.0.1:5004, stream 1a2b3c4d, L16/44100/1, packets of 512"
    assert lines["buffer"] == "38.2 ms held, depth 40.0 ms"
    assert lines["latency"] == "56.6 ms = depth 40.0 ms + ring 11.6 ms + device 5.0 ms"
    assert lines["packets"] == "8,701 received, 8,698 on time, 3 late, 966 lost (10.0 %)"
    assert lines["malformed"] == "4 too short"
    assert lines["conceal"] == "p50 1.52 ms, p99 2.11 ms, max 2.90 ms of 966"
    assert lines["predictor"] == "auto: best, else tapered:1024/4096, lookahead auto, model lite"
    assert lines["network"] == (
        "lite: 60.4 % of the blocks of holes, spoke 610 times of 620, late 4, withheld 390; 6.2 ms each, "
        "3.0 ms after a loss"
    )
    assert (
        lines["prepared"] == "1,200 packets before a loss was known, 600 used; passed 3 times; run ahead auto"
    )
    assert lines["ahead"] == "640 holes ready, 12 not; 4,012 fits, skipped 9 times, 12.3 % of a core"
    assert lines["recording"] == "off"


def test_the_clock_and_what_following_it_costs(
    station: Station, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer = {**SNAPSHOT["buffer"], "resampler_ms": 1.111, "latency_ms": 57.711}
    drift = {"mode": "auto", "ppm": -213.4, "resampling": True}
    station.state = {**station.state, "buffer": buffer, "drift": drift}
    assert command("--control", endpoint) == 0
    text = capsys.readouterr().out
    assert "-213.4 ppm, resampling (auto)" in text
    assert "57.7 ms = depth 40.0 ms + resampler 1.1 ms + ring 11.6 ms + device 5.0 ms" in text
    unknown = {**SNAPSHOT, "drift": {"mode": "off", "ppm": None, "resampling": False}}
    assert [row.value for row in rows(unknown) if row.label == "clock"] == ["-, not resampled (off)"]


def test_a_network_that_does_not_work_is_said_so(
    endpoint: str, station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    station.state = {**station.state, "network": {"refused": "made for 44100 Hz, not for 8000 Hz"}}
    assert command("--control", endpoint) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("network")]
    assert line.split(maxsplit=1)[1] == "made for 44100 Hz, not for 8000 Hz"


def test_older_daemons_have_no_network(
    endpoint: str, station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    ahead = {"fits": 1, "ready": 1, "missing": 0, "skipped": 0, "ms": 1.0, "share": 0.1}
    station.state = {name: value for name, value in station.state.items() if name != "network"} | {
        "ahead": ahead
    }
    assert command("--control", endpoint) == 0
    said = capsys.readouterr().out
    assert "network" not in said
    assert "prepared" not in said


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"predictor_auto": False}, "best, else tapered:1024/4096,"),
        ({"predictor": "auto", "predictor_fallback": None}, "auto,"),
        (
            {"predictor": "tapered:512/2048", "predictor_fallback": "tapered:512/2048"},
            "auto: tapered:512/2048,",
        ),
        ({"predictor_auto": None, "predictor_fallback": None}, "best,"),
    ],
)
def test_the_predictor_in_use(changed: dict[str, object], shown: str) -> None:
    line = next(row.value for row in rows({**SNAPSHOT, **changed}) if row.label == "predictor")
    assert line == f"{shown} lookahead auto, model lite"


def test_origins_come_with_their_shares(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    command("--control", endpoint, "--once")
    shown = capsys.readouterr().out
    for origin, value in {
        "received": "8,500 (85.0 %)",
        "interpolated": "700 (7.0 %)",
        "idle": "500 (5.0 %)",
    }.items():
        assert f"  {origin:<10} {value}" in shown


def test_a_recording_that_failed_is_shown_with_its_reason(
    endpoint: str, station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    station.state["recording"] = {"path": "take\x1b[2J.wav", "samples": 10, "error": "no space left"}
    command("--control", endpoint)
    assert "take?[2J.wav, stopped: no space left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("capture", "shown"),
    [
        (None, None),
        ({"path": "n.pcapng", "datagrams": 1234, "dropped": 0, "error": None}, "n.pcapng, 1,234 datagrams"),
        ({"path": "n", "datagrams": 5, "dropped": 7, "error": None}, "n, 5 datagrams, 7 dropped"),
        ({"path": "n", "datagrams": 5, "dropped": 0, "error": "no space left"}, "n, stopped: no space left"),
    ],
)
def test_a_session_that_is_written_down_is_shown(
    endpoint: str,
    station: Station,
    capsys: pytest.CaptureFixture[str],
    capture: dict[str, object] | None,
    shown: str | None,
) -> None:
    station.state["capture"] = capture
    command("--control", endpoint, "--once")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("capture")]
    assert [line.split(maxsplit=1)[1] for line in lines] == ([shown] if shown else [])


def test_the_only_daemon_is_found_and_of_several_one_must_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    tmp_path.chmod(0o700)
    with pytest.raises(CliError, match="no daemon of this user runs") as none:
        command()
    assert none.value.exit_code == ExitCode.RUNTIME
    with ExitStack() as running:
        running.enter_context(serving(default_endpoint(9000), station))
        assert command() == 0
        assert "playing" in capsys.readouterr().out
        running.enter_context(serving(default_endpoint(9002), station))
        with pytest.raises(
            CliError, match=r"2 daemons run.*plcd-9000\.sock, ipc.*plcd-9002\.sock"
        ) as several:
            command()
        assert several.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("text", ["none", "9000", "tcp://127.0.0.1:0"])
def test_an_endpoint_that_names_no_daemon_is_a_usage_error(text: str) -> None:
    with pytest.raises(CliError) as caught:
        command("--control", text)
    assert caught.value.exit_code == ExitCode.USAGE


def test_nobody_there_ends_with_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plcd.io.control_client.ControlClient.__init__.__defaults__", (None, 0.3))
    with pytest.raises(CliError, match="no daemon answers at ipc://") as caught:
        command("--control", f"ipc://{tmp_path}/nobody.sock", "--once")
    assert caught.value.exit_code == ExitCode.RUNTIME


def test_keys_open_a_daemon_that_wants_them(
    tmp_path: Path, station: Station, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys"
    create_keys(keys)
    address = f"ipc://{tmp_path}/c.sock"
    with serving(named_endpoint(address), station, keys):
        assert command("--control", address, "--control-keys", str(keys)) == 0
    assert "playing" in capsys.readouterr().out
    with pytest.raises(CliError, match="plcd keys"):
        command("--control", address, "--control-keys", str(tmp_path / "none"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(SNAPSHOT)), json_values))
def test_any_snapshot_can_be_shown(changes: dict[str, Any]) -> None:
    for snapshot in (changes, SNAPSHOT | changes):
        assert "state" in top.plain(snapshot)
        console = Console(width=80, file=io.StringIO())
        console.print(top.view(named_endpoint("ipc:///run/p.sock"), snapshot, ""))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_live_view_follows_the_daemon_until_interrupted(tmp_path: Path, station: Station) -> None:
    address = f"ipc://{tmp_path}/c.sock"
    with terminal([*TOP, "--control", address]) as (process, shows):
        assert shows("waiting for the daemon")
        with serving(named_endpoint(address), station):
            assert shows("tapered:1024/4096")
            station.state["predictor"] = "lpc:128/3584"
            assert shows("lpc:128/3584")
        assert shows("waiting for its return")
        station.state["predictor"] = "burg:512/4096"
        with serving(named_endpoint(address), station):
            assert shows("burg:512/4096")
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


@contextmanager
def terminal(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], bool]]]:
    """The command in a terminal of 100 columns; the function says whether a text appears there from now on."""
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)

    def shows(text: str) -> bool:
        seen, end = b"", time.monotonic() + 15
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.5)[0]:
                seen += os.read(ours, 65_536)
            if text in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen.decode(errors="replace")):
                return True
        return False

    try:
        yield process, shows
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_what_goes_back_to_a_peer_is_shown() -> None:
    reply = {"to": "192.0.2.7:4464", "packets": 1200, "unsent": 0}
    shown = [row for row in rows({**SNAPSHOT, "reply": reply}) if row.label == "reply"]
    assert [(row.value, row.alarm) for row in shown] == [("1,200 packets to 192.0.2.7:4464", False)]
    (row,) = [row for row in rows({**SNAPSHOT, "reply": {**reply, "unsent": 3}}) if row.label == "reply"]
    assert row.alarm
    assert row.value.endswith("3 not taken by the system")
    (row,) = [row for row in rows({**SNAPSHOT, "reply": {**reply, "withheld": 4}}) if row.label == "reply"]
    assert row.value.endswith("4 withheld: more than came")
    assert not [row for row in rows({**SNAPSHOT, "reply": None}) if row.label == "reply"]


def test_where_it_comes_from_is_shown() -> None:
    source = {"name": "USB, ALSA", "underruns": 0, "lost": False}
    reply = {"to": None, "packets": 0, "unsent": 0, "withheld": 0, "input": source}
    shown = {row.label: row for row in rows({**SNAPSHOT, "reply": reply})}
    assert shown["reply"].value == "0 packets to nobody yet"
    assert (shown["input"].value, shown["input"].alarm) == ("USB, ALSA, 0 underruns", False)
    gone = {**reply, "input": {**source, "lost": True, "underruns": 7}}
    (row,) = [row for row in rows({**SNAPSHOT, "reply": gone}) if row.label == "input"]
    assert (row.value, row.alarm) == ("USB, ALSA, 7 underruns, gone: silence is sent", True)

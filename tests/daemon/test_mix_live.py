"""A daemon that mixes: real ``plcd send`` processes, one output, each peer by itself in counters and files."""

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from running import PATIENT, PLCD, QUICK, RATE, Running, Source, Stats, assert_adds_up, music, played, running

from plcd.core.frame import Samples
from plcd.io.control_errors import ControlError

SECONDS = 3.0
TONES_HZ = (440.0, 1000.0, 2500.0)
HEARD = 150
"""Frames of each peer that a test waits for."""


@contextlib.contextmanager
def senders(folder: Path, daemon: Running, tones_hz: tuple[float, ...]) -> Iterator[None]:
    """A ``plcd send`` for each tone, looping."""
    processes = []
    host, port = daemon.address
    for index, hz in enumerate(tones_hz):
        path = folder / f"{index}.wav"
        soundfile.write(path, 0.2 * np.sin(2 * np.pi * hz * np.arange(round(SECONDS * RATE)) / RATE), RATE)
        command = (*PLCD, "send", str(path), "--to", f"{host}:{port}", "--loop", "0")
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL))
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=30)


def all_heard(count: int) -> Callable[[Stats], bool]:
    """So many peers are here, and each has been for a while."""

    def condition(stats: Stats) -> bool:
        peers = stats["peers"]
        return len(peers) == count and all(peer["frames"]["by_origin"]["received"] > HEARD for peer in peers)

    return condition


def levels(audio: Samples) -> list[float]:
    """How much of each tone is in one channel of the newest second, as an amplitude."""
    newest = audio[-RATE - RATE // 4 : -RATE // 4, 0]
    spectrum = 2 * np.abs(np.fft.rfft(newest * np.hanning(newest.size))) / np.hanning(newest.size).sum()
    return [float(spectrum[round(hz)]) for hz in TONES_HZ]


def test_three_senders_are_mixed_and_recorded_together_and_apart(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    flags = ("--mix", "--output", "null", "--record", str(take), "--record-peers", str(tmp_path))
    with running(*flags, *PATIENT, *QUICK) as daemon, senders(tmp_path, daemon, TONES_HZ):
        stats = daemon.wait_for(all_heard(3))
        assert stats["mix"] == {"max_peers": 8, "joined": 3, "limited": 0, "limiter_db": 0.0}
        assert daemon.client.request("set_gain", peer="2", gain="-20")["gain"] == "-20"
        quieter = daemon.wait_for(
            lambda later: later["frames"]["played"] > stats["frames"]["played"] + 2 * HEARD
        )
        daemon.finish()
    assert_adds_up(stats)
    assert [peer["number"] for peer in stats["peers"]] == [1, 2, 3]
    assert [peer["gain_db"] for peer in quieter["peers"]] == [0.0, -20.0, 0.0]
    for peer in stats["peers"]:
        assert_adds_up(peer)
        assert peer["state"] == "playing"
        assert peer["packets"]["lost"] == 0
    assert stats["packets"]["received"] == sum(peer["packets"]["received"] for peer in stats["peers"])
    mixed = levels(played(take))
    files = sorted(tmp_path.glob("*-peer*.wav"))
    assert len(files) == 3
    apart = [levels(played(file)) for file in files]
    starts = []
    for number, amplitudes in enumerate(apart):
        own = int(np.argmax(amplitudes))
        assert amplitudes[own] > 0.15
        assert sum(amplitudes) - amplitudes[own] < 1e-3
        assert mixed[own] == pytest.approx(amplitudes[own] * (0.1 if number == 1 else 1.0), rel=0.05)
        sidecar = json.loads(files[number].with_suffix(".wav.json").read_text())
        assert sidecar["holes"] == []
        assert sidecar["start"] % 512 == 0
        starts.append(sidecar["start"])
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert sorted(int(np.argmax(amplitudes)) for amplitudes in apart) == [0, 1, 2]


def test_the_third_of_two_is_refused_and_counted(tmp_path: Path) -> None:
    with running("--mix", "--max-peers", "2", "--output", "null", *PATIENT, *QUICK) as daemon:
        with senders(tmp_path, daemon, TONES_HZ):
            stats = daemon.wait_for(
                lambda stats: all_heard(2)(stats) and stats["packets"]["refused"].get("full", 0) > HEARD
            )
        empty = daemon.wait_for(lambda stats: stats["peers"] == [] and stats["state"] == "idle")
        log = daemon.finish()
    assert stats["mix"]["joined"] == 2
    assert empty["packets"]["received"] >= stats["packets"]["received"]
    assert log.count("see --max-peers") == 1


def test_a_peer_alone_is_recorded_as_it_came(tmp_path: Path) -> None:
    """No gain, no limiter, no rounding: the samples themselves."""
    take = tmp_path / "take.wav"
    audio = music(2.0)
    with running("--mix", "--output", f"file:{take}", *PATIENT, *QUICK) as daemon:
        with Source(daemon.address) as source:
            source.stream(audio)
        daemon.wait_idle()
        daemon.finish()
    heard = played(take)[:, 0]
    whole = audio[: len(audio) // 512 * 512, 0]
    assert np.array_equal(heard[: whole.size], whole)


def test_what_needs_a_mix_says_so(tmp_path: Path) -> None:
    for flags in (("--max-peers", "3"), ("--gain", "192.0.2.7=-6"), ("--record-peers", str(tmp_path))):
        command = (*PLCD, "--listen", "127.0.0.1:0", "--output", "null", "--check-config", *flags)
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "add --mix" in ended.stderr
    with running("--output", "null") as daemon:
        with pytest.raises(ControlError, match="--mix"):
            daemon.client.request("set_gain", peer="1", gain="0")
        daemon.finish()

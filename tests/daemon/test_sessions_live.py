"""A real socket, and a peer that leaves, returns, restarts, moves, and changes its packets, rate and channels."""

import time
from pathlib import Path

import numpy as np
import soundfile
from running import QUICK, RATE, Source, assert_adds_up, music, running

FLAGS = ("--rtp-map", "96=L16/48000/2", "--depth", "150ms", *QUICK)


def stream(
    source: Source, seconds: float, packet: int = 512, payload_type: int = 11, rate: int = RATE
) -> None:
    """Music in real time from ``source``; two channels where the payload type says so."""
    sound = music(seconds, 2 if payload_type == 96 else 1, rate)
    start = time.monotonic()
    for first in range(0, len(sound), packet):
        time.sleep(max(0.0, start + first / rate - time.monotonic()))
        source.send(sound[first : first + packet], payload_type)


def test_the_stream_goes_on_by_itself(tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    with running("--output", f"file:{heard}", *FLAGS) as daemon:
        with Source(daemon.address) as peer:
            stream(peer, 1.0)
            daemon.wait_idle()
            stream(peer, 0.5)  # it returns, its numbers go on where they stopped
            peer.ssrc, peer.sequence, peer.timestamp = 99, 4_000, 77
            time.sleep(0.2)
            stream(peer, 0.5)  # restarted
            stream(peer, 0.5, packet=160)  # in other packets
        with Source(daemon.address, ssrc=99) as moved:
            daemon.wait_for(lambda stats: stats["state"] == "idle")
            stream(moved, 0.7)  # from another port
            time.sleep(0.2)
            moved.ssrc = 100
            stream(moved, 1.5, payload_type=96, rate=48_000)  # at another rate, with more channels
            stats = daemon.wait_for(
                lambda stats: stats["source"]["format"] == "L16/48000/2" and stats["state"] == "playing"
            )
            stream(moved, 0.5, payload_type=96, rate=48_000)
        stats = daemon.wait_idle()
        log = daemon.finish()
    assert_adds_up(stats)
    assert stats["packets"]["refused"] == stats["packets"]["malformed"] == {}
    assert stats["events"]["restarts"] in (4, 5)  # the last part is a restart where it came too late to go on
    assert "another format: L16/48000/2" in log
    assert stats["packets"]["foreign"] == 0
    sent = sum(round(seconds * RATE / 512) for seconds in (1.0, 0.5, 0.5, 0.7)) + 0.5 * RATE / 160
    sent += 2.0 * 48_000 / 512
    assert abs(stats["packets"]["received"] - sent) <= 10
    sound, rate = soundfile.read(heard, always_2d=True)
    assert (rate, sound.shape[1]) == (RATE, 1)
    assert len(sound) > 4.0 * RATE
    last = sound[-round(1.5 * RATE) :, 0]
    assert np.abs(last).max() > 0.1

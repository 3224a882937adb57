"""Senders that come, go, restart and compete, seen by a running daemon."""

import signal
import subprocess
import time
from pathlib import Path

import numpy as np
from running import (
    PATIENT,
    PLCD,
    QUICK,
    RATE,
    Source,
    assert_adds_up,
    music,
    played,
    running,
    send,
    streaming,
    write_float,
)

NULL = ("--output", "null", *PATIENT, *QUICK)


def test_a_sender_that_restarts_or_jumps_is_heard_again() -> None:
    """A new SSRC from the same port, then the same one with sequence and timestamp far away: nothing of any take is lost."""
    audio = music(0.7)
    with running(*NULL) as daemon:
        with Source(daemon.address) as source:
            source.stream(audio)
            source.ssrc, source.sequence, source.timestamp = 99, 40_000, 3_000_000_000
            source.stream(audio)
            source.sequence, source.timestamp = source.sequence - 30_000, source.timestamp + 1_000_000_000
            source.stream(audio)
        count = 3 * -(-len(audio) // 512)
        stats = daemon.wait_for(lambda stats: stats["packets"]["on_time"] == count)
        log = daemon.finish()
    assert stats["packets"]["lost"] == stats["packets"]["late"] == stats["packets"]["stray"] == 0
    assert stats["events"]["restarts"] == 2
    assert stats["source"]["stream"] == f"{99:08x}"
    assert log.count("restarted or new") == 2
    assert_adds_up(stats)


def test_a_sender_that_pauses_on_its_own_timeline_goes_on(tmp_path: Path) -> None:
    """Three seconds of nothing, not even lost packets: idle, each change said once, and no restart."""
    take = tmp_path / "take.wav"
    audio = music(1.0)
    with running("--output", f"file:{take}", *PATIENT, *QUICK) as daemon:
        with Source(daemon.address) as source:
            source.stream(audio)
            time.sleep(3.0)
            source.timestamp += 3 * RATE
            source.stream(audio)
        daemon.wait_for(lambda stats: stats["packets"]["on_time"] == 2 * 87)
        stats = daemon.wait_idle()
        log = daemon.finish()
    assert stats["events"]["restarts"] == stats["packets"]["lost"] == stats["packets"]["late"] == 0
    assert log.count(": playing") == 2
    assert log.count("silent for a second, idle") == 2
    assert stats["frames"]["by_origin"]["idle"] > 100
    # The file holds what was heard: the first part, at most a second and a frame of fade, the second part.
    got = played(take)
    np.testing.assert_array_equal(got[: len(audio)], audio)
    rest = got[len(audio) :]
    assert len(rest) < RATE + 3 * len(audio)
    part = audio[1024:5120]  # behind the crossfade
    starts = np.flatnonzero(rest[:, 0] == part[0, 0])
    assert any(np.array_equal(rest[start : start + len(part)], part) for start in starts)


def test_a_sender_process_that_is_stopped_and_catches_up(tmp_path: Path) -> None:
    """It sends three seconds' packets at once. The stream is taken up anew and moved to its depth, and then all is well."""
    take = tmp_path / "take.wav"
    write_float(take, music(9.0))
    with running("--output", "null", "--depth", "150ms", *QUICK) as daemon:
        to = f"{daemon.address[0]}:{daemon.address[1]}"
        command = [*PLCD, "send", str(take), "--to", to]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as sender:
            daemon.wait_for(lambda stats: stats["packets"]["on_time"] > 50)
            sender.send_signal(signal.SIGSTOP)
            time.sleep(3.0)
            sender.send_signal(signal.SIGCONT)
            before = daemon.wait_for(lambda stats: stats["events"]["reanchored"] > 0)
            received = before["frames"]["by_origin"]["received"]
            after = daemon.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > received + 80)
            sender.terminate()
        daemon.finish()
    assert 1 <= after["events"]["restarts"] <= 4
    assert after["events"]["reanchored"] == before["events"]["reanchored"]
    assert after["packets"]["late"] == before["packets"]["late"]
    assert after["packets"]["lost"] == 0
    assert_adds_up(after)


def test_another_port_is_heard_after_a_second_of_silence(tmp_path: Path) -> None:
    """``plcd send`` is ended and started again: a new port, and by another seed a new SSRC."""
    take = tmp_path / "take.wav"
    write_float(take, music(0.8))
    with running(*NULL) as daemon:
        to = f"{daemon.address[0]}:{daemon.address[1]}"
        for seed in ("1", "2"):
            subprocess.run([*PLCD, "send", take, "--to", to, "--seed", seed], check=True, capture_output=True)
            stats = daemon.wait_idle()
        log = daemon.finish()
    assert stats["events"]["restarts"] == 1
    assert stats["packets"]["on_time"] == 2 * -(-int(0.8 * RATE) // 512)
    assert stats["packets"]["lost"] == stats["packets"]["foreign"] == 0
    assert log.count("restarted or new") == 1


def test_two_senders_at_once() -> None:
    """The first is heard, whole; the second is foreign, whole."""
    audio = music(1.5)
    with running(*NULL) as daemon:
        with streaming(music(4.0), daemon.address, ssrc=1):
            daemon.wait_for(lambda stats: stats["state"] == "playing")
            report = send(audio, daemon.address, ssrc=2)
            stats = daemon.wait_for(lambda stats: stats["packets"]["foreign"] >= report.sent)
        daemon.finish()
    assert stats["packets"]["foreign"] == report.sent
    assert stats["packets"]["lost"] == stats["packets"]["late"] == stats["events"]["restarts"] == 0
    assert stats["source"]["stream"] == f"{1:08x}"


def test_a_stray_datagram_does_nothing() -> None:
    """From another address and from the same, sound by itself, before the stream and in the middle of it."""
    audio = music(1.0)
    with running(*NULL) as daemon:
        with Source(daemon.address, ssrc=1) as source, Source(daemon.address, ssrc=2) as stranger:
            stranger.send(audio[:512])
            source.stream(audio[: 40 * 512])
            stranger.send(audio[:512])
            source.ssrc, source.sequence = 3, source.sequence + 9
            source.send(audio[:512])
            source.ssrc, source.sequence, source.timestamp = 1, source.sequence - 10, source.timestamp - 512
            source.stream(audio[40 * 512 : 80 * 512])
            stats = daemon.wait_for(lambda stats: stats["packets"]["on_time"] >= 80)
        daemon.finish()
    assert stats["packets"]["on_time"] == 80
    assert stats["packets"]["lost"] == stats["packets"]["late"] == stats["events"]["restarts"] == 0
    assert stats["packets"]["stray"] == 2
    assert stats["packets"]["foreign"] == 1


def test_the_output_keeps_its_format() -> None:
    """It opened for mono: a stereo stream that follows is heard on it, and a mono one again."""
    with running(*NULL) as daemon:
        send(music(0.5), daemon.address, seed=1)
        daemon.wait_idle()
        with Source(daemon.address) as stereo:
            stereo.stream(music(0.3, 2), payload_type=10)
        stats = daemon.wait_for(lambda stats: stats["events"]["restarts"] == 1)
        assert stats["packets"]["refused"] == {}
        daemon.wait_for(lambda stats: stats["state"] == "idle")
        send(music(0.5), daemon.address, seed=2)
        daemon.wait_for(lambda stats: stats["events"]["restarts"] == 2)
        daemon.finish()


def test_equal_channels_stay_equal(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    audio = np.repeat(music(1.0), 2, axis=1)
    with running("--output", f"file:{take}", *PATIENT) as daemon:
        with Source(daemon.address) as source:
            for first in range(0, len(audio), 512):
                if first // 512 % 9 == 8:
                    source.sequence += 1
                    source.timestamp += 512
                else:
                    source.send(audio[first : first + 512], payload_type=10)
                time.sleep(0.01)
        stats = daemon.wait_for(lambda stats: stats["frames"]["played"] > 86)
        daemon.finish()
    assert stats["packets"]["lost"] == 9
    got = played(take)
    np.testing.assert_array_equal(got[:, 0], got[:, 1])

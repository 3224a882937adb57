"""Sessions in both directions between real daemons over UDP: what each plays of what the other was given."""

import os
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from running import (
    PATIENT,
    PLCD,
    QUICK,
    RATE,
    Running,
    Source,
    Stats,
    assert_adds_up,
    music,
    played,
    running,
    streaming,
)
from udp_relay import Treat, as_it_is, drop_every, relay

from plcd.core.frame import Samples
from plcd.io.srtp_key import VARIABLE

CALM = (*PATIENT, *QUICK)
SECONDS = 3.0


def song(
    path: Path, channels: int = 1, rate: int = RATE, backwards: bool = False, seconds: float = SECONDS
) -> Samples:
    """A file of 16 bits, and what it holds."""
    audio = music(seconds, channels, rate)
    audio = audio[::-1].copy() if backwards else audio
    soundfile.write(path, audio, rate, subtype="PCM_16")
    return audio


class Duplex:
    """Two files, and two daemons that play them to each other."""

    def __init__(self, folder: Path, channels: int = 1, rate: int = RATE) -> None:
        self.folder = folder
        self.near = song(folder / "near.wav", channels, rate)
        self.far = song(folder / "far.wav", channels, rate, backwards=True)
        self.near_stats: Stats = {}
        self.far_stats: Stats = {}

    def flags(self, name: str) -> tuple[str, ...]:
        return (
            "--input",
            str(self.folder / f"{name}.wav"),
            "--output",
            f"file:{self.folder}/{name}-take.wav",
        )

    def take(self, name: str) -> Samples:
        """What the daemon ``name`` played, as long as a song."""
        return played(self.folder / f"{name}-take.wav")[: len(self.near)]

    def run(
        self, *flags: str, there: Treat = as_it_is, back: Treat = as_it_is, env: dict[str, str] | None = None
    ) -> None:
        """Until both have played as much as the songs hold."""
        env = {**os.environ, **(env or {})}
        with (
            running(*self.flags("near"), *CALM, *flags, env=env) as near,
            relay(near.address, there, back) as way,
            running("--connect", f"127.0.0.1:{way.port}", *self.flags("far"), *CALM, *flags, env=env) as far,
        ):
            self.near_stats, self.far_stats = self._hear(near), self._hear(far)
            far.finish()
            near.finish()

    def _hear(self, daemon: Running) -> Stats:
        def enough(stats: Stats) -> bool:
            frames = stats["frames"]
            return bool((frames["played"] - frames["by_origin"]["idle"]) * 512 > len(self.near) + RATE)

        stats = daemon.wait_for(enough)
        assert_adds_up(stats)
        return stats


def test_each_plays_the_others_music_bit_by_bit(tmp_path: Path) -> None:
    """Over RTP, begun by one of them; from the first sample on."""
    duplex = Duplex(tmp_path)
    duplex.run()
    np.testing.assert_array_equal(duplex.take("near"), duplex.far)
    np.testing.assert_array_equal(duplex.take("far"), duplex.near)
    for stats, name in ((duplex.near_stats, "near"), (duplex.far_stats, "far")):
        assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
        reply = stats["reply"]
        assert reply["packets"] > SECONDS * RATE / 512
        assert reply["unsent"] == reply["withheld"] == 0
        assert reply["input"]["name"] == f"file:{tmp_path}/{name}.wav"
        assert reply["input"]["underruns"] == 0
        assert not reply["input"]["lost"]


@pytest.mark.parametrize(
    "flags", [("--redundancy", "1"), ("--fec", "4")], ids=["copies of each packet", "parity"]
)
def test_losses_both_ways_that_cost_nothing(tmp_path: Path, flags: tuple[str, ...]) -> None:
    duplex = Duplex(tmp_path)
    duplex.run(*flags, there=drop_every(17), back=drop_every(17))
    np.testing.assert_array_equal(duplex.take("near"), duplex.far)
    np.testing.assert_array_equal(duplex.take("far"), duplex.near)
    for stats in (duplex.near_stats, duplex.far_stats):
        assert stats["packets"]["recovered"] > 8
        assert stats["packets"]["lost"] == 0
        assert stats["reply"]["withheld"] == 0


def test_losses_both_ways_are_concealed(tmp_path: Path) -> None:
    """What was lost is concealed; all else is as it was."""
    duplex = Duplex(tmp_path)
    duplex.run(there=drop_every(10), back=drop_every(10))
    for stats, name, song in (
        (duplex.near_stats, "near", duplex.far),
        (duplex.far_stats, "far", duplex.near),
    ):
        frames = stats["frames"]["by_origin"]
        assert frames["predicted"] + frames["interpolated"] >= stats["packets"]["lost"] > 20
        same = (duplex.take(name) == song).mean()
        assert 0.8 < same < 0.9  # a tenth, and the crossfades behind it
        assert stats["reply"]["withheld"] == 0


@pytest.mark.parametrize("bytes_of_key", [30, 44])
def test_under_a_key_both_ways(tmp_path: Path, bytes_of_key: int) -> None:
    """What travels is neither music nor heard by who has no key."""
    duplex = Duplex(tmp_path)
    seen: list[bytes] = []

    def look(_: int, datagram: bytes) -> list[bytes]:
        seen.append(datagram)
        return [datagram]

    duplex.run(there=look, back=look, env={VARIABLE: os.urandom(bytes_of_key).hex()})
    np.testing.assert_array_equal(duplex.take("near"), duplex.far)
    np.testing.assert_array_equal(duplex.take("far"), duplex.near)
    plain = {audio[:512].astype(">f4").tobytes() for audio in (duplex.near, duplex.far)}
    assert plain.isdisjoint(seen)
    assert len({datagram[8:12] for datagram in seen}) == 2
    for stats in (duplex.near_stats, duplex.far_stats):
        assert stats["packets"]["refused"] == {}


def test_a_jacktrip_hub_and_its_client(tmp_path: Path) -> None:
    duplex = Duplex(tmp_path, 2, 48000)
    flags = ("--format", "jacktrip", "--packet", "128", *CALM)
    with (
        running(*duplex.flags("near"), *flags) as hub,
        running("--connect", f"127.0.0.1:{hub.address[1]}", *duplex.flags("far"), *flags) as client,
    ):
        for daemon in (hub, client):
            stats = daemon.wait_for(
                lambda stats: stats["frames"]["by_origin"]["received"] * 128 > (SECONDS + 0.5) * 48000
            )
            assert stats["source"]["format"] == "JackTrip-16/48000/2"
            assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
        client.finish()
        hub.finish()
    np.testing.assert_array_equal(duplex.take("near"), duplex.far)
    np.testing.assert_array_equal(duplex.take("far"), duplex.near)


def test_an_input_of_another_rate_and_more_channels(tmp_path: Path) -> None:
    """A stereo file at 48 kHz for a peer that speaks mono at 44.1 kHz: its first channel, resampled, over and over."""
    tone = np.zeros((48000, 2), np.float32)
    tone[:, 0] = 0.5 * np.sin(2 * np.pi * 441 * np.arange(48000) / 48000)
    soundfile.write(tmp_path / "tone.wav", tone, 48000)
    take = tmp_path / "take.wav"
    with (
        running("--input", str(tmp_path / "tone.wav"), "--loop", "0", "--output", "null", *CALM) as near,
        running("--connect", f"127.0.0.1:{near.address[1]}", "--output", f"file:{take}", *CALM) as far,
    ):
        far.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > 300)
        far.finish()
        near.finish()
    heard = played(take)[-2 * RATE :, 0]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    at = round(441 * len(heard) / RATE)
    assert spectrum.argmax() == at
    assert spectrum[at - 3 : at + 4].sum() > 0.9999 * spectrum.sum()


def test_never_an_amplifier(tmp_path: Path) -> None:
    """Nothing before three packets, no more than came though they say they are fast, nothing two seconds after the last."""
    song(tmp_path / "song.wav")
    with running("--input", str(tmp_path / "song.wav"), "--loop", "0", "--output", "null", *CALM) as daemon:
        with Source(daemon.address) as peer:
            peer.socket.settimeout(0.01)
            came = 0

            def replies() -> int:
                count = 0
                try:
                    while True:
                        count += len(peer.socket.recv(65536)) > 0
                except TimeoutError:
                    return count

            def send() -> None:
                nonlocal came
                peer.send(music(512 / RATE))
                came += 1

            for _ in range(3):
                send()
                assert replies() == 0
            got = 0
            for _ in range(60):
                send()
                time.sleep(3 * 512 / RATE)
                got += replies()
                assert got <= came
            assert got > came / 2
            time.sleep(3)
            got += replies()
            assert got <= came
            time.sleep(0.5)
            assert replies() == 0
            stats = daemon.stats()
            assert stats["reply"]["withheld"] > 0
            assert stats["reply"]["packets"] == got
            assert stats["reply"]["to"] is None
        daemon.finish()


def test_a_stranger_gets_nothing(tmp_path: Path) -> None:
    song(tmp_path / "song.wav")
    with running("--input", str(tmp_path / "song.wav"), "--output", "null", *CALM) as daemon:
        with streaming(music(SECONDS), daemon.address), Source(daemon.address) as stranger:
            daemon.wait_for(lambda stats: stats["state"] == "playing" and stats["reply"]["packets"] > 20)
            for _ in range(20):
                stranger.send(music(512 / RATE))
            stranger.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                stranger.socket.recv(100)
        daemon.finish()


def test_a_peer_that_comes_back_hears_the_rest(tmp_path: Path) -> None:
    """The file waits for it: nobody misses anything but what was on its way."""
    audio = song(tmp_path / "song.wav", seconds=60.0)
    takes = [tmp_path / "1.wav", tmp_path / "2.wav"]
    with running("--input", str(tmp_path / "song.wav"), "--output", "null", *CALM) as daemon:
        for take in takes:
            flags = ("--connect", f"127.0.0.1:{daemon.address[1]}", "--output", f"file:{take}", *CALM)
            with running(*flags) as peer:
                peer.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > 60)
                peer.finish()
            daemon.wait_for(lambda stats: stats["reply"]["to"] is None)
        daemon.finish()
    first, second = (played(take)[:, 0] for take in takes)
    np.testing.assert_array_equal(first[:20_000], audio[:20_000, 0])
    window = second[:2000]
    (at,) = [
        n for n in np.flatnonzero(audio[:-2000, 0] == window[0]) if (audio[n : n + 2000, 0] == window).all()
    ]
    assert at > 20_000
    np.testing.assert_array_equal(second[:10_000], audio[at : at + 10_000, 0])


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    """Said once; the daemon hears, and sends silence."""
    take = tmp_path / "take.wav"
    flags = ("--input", "no such microphone", "--output", "null", *CALM)
    with (
        running(*flags) as near,
        running("--connect", f"127.0.0.1:{near.address[1]}", "--output", f"file:{take}", *CALM) as far,
    ):
        far.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > 300)
        stats = near.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > 300)
        far.finish()
        log = near.finish()
    assert stats["reply"]["input"]["lost"]
    assert stats["reply"]["input"]["underruns"] > 100
    assert log.count("silence is sent until") == 1
    assert "--list-devices" in log
    assert not played(take).any()


def test_calling_nobody_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        to = f"127.0.0.1:{nobody.getsockname()[1]}"
        with running("--connect", to, "--output", "null", *CALM) as daemon:
            daemon.wait_for(lambda _: "does plcd --listen with --input run there" in daemon.text)
            assert daemon.stats()["reply"]["to"] == to
            daemon.finish()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--listen", ":0", "--input", "missing.wav"), 3, "missing.wav"),
        (("--listen", ":0", "--input", ""), 2, "--list-devices"),
        (("--listen", ":0", "--redundancy", "1"), 2, "--input"),
        (("--connect", "127.0.0.1", "--encoding", "L8"), 2, "L8"),
        (("--connect", "127.0.0.1", "--redundancy", "15", "--packet", "4096"), 2, "RFC 2198"),
        (("--connect", "127.0.0.1", "--format", "jacktrip", "--fec", "4"), 2, "--redundancy"),
        (("--connect", "127.0.0.1", "--format", "zita"), 2, "zita"),
        (("--connect", "no-such-host.invalid"), 5, "check the name"),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], code: int, said: str) -> None:
    command = [*PLCD, "--output", "null", "--control", "none", "--model", "none", *QUICK, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr

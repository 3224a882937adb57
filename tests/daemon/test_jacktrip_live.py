"""JackTrip between real daemons and real sockets, without JackTrip itself: what is heard, answered and refused."""

import socket
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from running import (
    PATIENT,
    PLCD,
    QUICK,
    RATE,
    assert_adds_up,
    music,
    played,
    running,
    send,
    streaming,
    write_float,
)
from udp_relay import drop_every, relay

from plcd.core.packet import StreamFormat
from plcd.wire.formats import Formats
from plcd.wire.jacktrip import STOP
from plcd.wire.jacktrip_packetizer import JackTripPacketizer

NULL = ("--output", "null", *PATIENT, *QUICK)
MONO = StreamFormat("JackTrip-16", RATE, 1)


class Peer:
    """JackTrip's packets by hand, one at a time, and what comes back."""

    def __init__(self, to: tuple[str, int], stream: StreamFormat = MONO, samples: int = 512) -> None:
        self.packetizer = JackTripPacketizer(stream, samples, lambda: 5)
        self.silence = np.zeros((samples, stream.channels), np.float32)
        self.socket = socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(to)

    def send(self, count: int = 1) -> None:
        for _ in range(count):
            self.socket.send(self.packetizer.packet(self.silence))
            time.sleep(512 / RATE)

    def replies(self, wait_s: float = 0.5) -> list[bytes]:
        got = []
        self.socket.settimeout(wait_s)
        try:
            while True:
                got.append(self.socket.recv(65536))
        except TimeoutError:
            return got

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.mark.parametrize(
    ("bits", "rate", "channels", "packet"),
    [(16, 48000, 2, 64), (24, 96000, 1, 1024), (24, 44100, 3, 480)],
)
def test_what_plcd_sends_is_played_exactly(
    tmp_path: Path, bits: int, rate: int, channels: int, packet: int
) -> None:
    take = tmp_path / "take.wav"
    audio = music(1.0, channels, rate)
    stream = StreamFormat(f"JackTrip-{bits}", rate, channels)
    with running("--output", f"file:{take}", *PATIENT, *QUICK) as daemon:
        send(audio, daemon.address, stream, packet=packet)
        stats = daemon.wait_idle()
        daemon.finish()
    assert stats["source"]["format"] == str(stream)
    assert stats["packets"]["lost"] == stats["packets"]["late"] == stats["packets"]["stray"] == 0
    assert stats["packets"]["refused"] == {"goodbye": 2}
    np.testing.assert_array_equal(played(take)[: len(audio) - packet], audio[: len(audio) - packet])
    assert_adds_up(stats)


def test_copies_bring_back_what_is_dropped(tmp_path: Path) -> None:
    """The command, a relay that drops every 20th datagram, and a daemon: the file comes out as it went in."""
    song, take = tmp_path / "song.wav", tmp_path / "take.wav"
    audio = music(2.0)
    write_float(song, audio)
    with (
        running("--output", f"file:{take}", *PATIENT, *QUICK) as daemon,
        relay(daemon.address, drop_every(20)) as way,
    ):
        words = ("--format", "jacktrip", "--redundancy", "1", "--to", f"127.0.0.1:{way.port}")
        subprocess.run([*PLCD, "send", song, *words], check=True, capture_output=True)
        stats = daemon.wait_idle()
        daemon.finish()
    assert stats["packets"]["recovered"] == (len(audio) // 512 + 1) // 20
    assert stats["packets"]["lost"] == stats["packets"]["late"] == 0
    whole = len(audio) // 512 * 512
    np.testing.assert_array_equal(played(take)[:whole], audio[:whole])


def test_nothing_is_sent_before_three_packets_nor_more_than_came() -> None:
    with running(*NULL) as daemon, Peer(daemon.address) as peer:
        peer.send(2)
        assert peer.replies() == []
        peer.send(30)
        replies = [reply for reply in peer.replies() if reply != STOP]
        assert 20 <= len(replies) <= 32
        size = len(peer.packetizer.packet(peer.silence))
        assert {len(reply) for reply in replies} == {size}
        packets = [Formats({}).parse(reply, "a", 1)[0] for reply in replies]
        assert [packet.sequence for packet in packets] == list(range(len(packets)))
        stats = daemon.stats()
        assert stats["reply"]["packets"] == len(replies)
        daemon.finish()
    assert not any(packet.samples.any() for packet in packets)


def test_a_peer_that_is_not_the_one_that_plays_gets_nothing() -> None:
    with running(*NULL) as daemon, Peer(daemon.address) as stranger:
        with streaming(music(3.0), daemon.address, MONO, packet=512):
            daemon.wait_for(lambda stats: stats["state"] == "playing")
            stranger.send(20)
            assert stranger.replies() == []
        daemon.finish()


def test_senders_of_rtp_get_nothing() -> None:
    with running(*NULL) as daemon:
        with streaming(music(1.0), daemon.address):
            daemon.wait_for(lambda stats: stats["state"] == "playing")
        stats = daemon.wait_idle()
        daemon.finish()
    assert stats["reply"] is None


def test_a_peer_is_told_when_plcd_ends() -> None:
    with running(*NULL) as daemon, Peer(daemon.address) as peer:
        peer.send(30)
        daemon.finish()
        assert peer.replies()[-2:] == [STOP, STOP]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_one_plcd_joins_another(host: str) -> None:
    """A hub and its client: each hears the other, over IPv4 and IPv6."""
    if host == "[::1]" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    flags = ("--format", "jacktrip", "--rate", "48000", "--channels", "2", "--packet", "128", *NULL)
    with running(*flags, listen=f"{host}:0") as hub:
        to = f"{host}:{hub.address[1]}"
        with running("--connect", to, *flags, listen=f"{host}:0") as client:
            for one in (hub, client):
                stats = one.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] > 100)
                assert stats["source"]["format"] == "JackTrip-16/48000/2"
                assert stats["source"]["packet_samples"] == 128
                assert stats["reply"]["packets"] > 100
            assert "joined the JackTrip hub" in client.finish()
        hub.wait_for(lambda stats: stats["packets"]["refused"].get("goodbye", 0) > 0)
        assert f"JackTrip client plcd at {host.strip('[]')}" in hub.finish()


def test_the_hubs_door_is_open_only_when_asked_for() -> None:
    for flags, opened in ((("--format", "jacktrip"), True), ((), False)):
        with running(*flags, *NULL) as daemon:
            with socket.socket() as sock:
                sock.settimeout(10)
                refused = sock.connect_ex(daemon.address)
                assert (refused == 0) == opened
                if opened:
                    sock.send(struct.pack("<i64s", 4470, b"bob"))
                    assert sock.recv(4) == struct.pack("<i", daemon.address[1])
            daemon.finish()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--connect", "127.0.0.1:1", "--format", "jacktrip"), 5, "jacktrip -S"),
        (("--connect", "127.0.0.1", "--format", "jacktrip", "--rate", "44000"), 2, "44000"),
        (("--connect", ":5", "--format", "jacktrip"), 5, "which hub"),
    ],
)
def test_hubs_that_cannot_be_joined(words: tuple[str, ...], code: int, said: str) -> None:
    command = [*PLCD, "--output", "null", "--control", "none", "--model", "none", *QUICK, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_door_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [
            *PLCD,
            "--listen",
            address,
            "--format",
            "jacktrip",
            "--output",
            "null",
            "--control",
            "none",
        ]
        done = subprocess.run(
            [*command, "--model", "none", *QUICK], capture_output=True, text=True, check=False
        )
    assert done.returncode == 5
    assert "TCP port" in done.stderr
    assert "choose another port" in done.stderr

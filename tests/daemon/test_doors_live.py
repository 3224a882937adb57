"""What strangers get from a daemon: no more than they sent, nothing on others' behalf, and no door that they can hold shut."""

import contextlib
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from running import PATIENT, QUICK, RATE, music, running, send, streaming

from plcd.core.packet import StreamFormat
from plcd.io.jacktrip_hub import MAX_CONNECTIONS, TIMEOUT_S
from plcd.wire.jacktrip_packetizer import JackTripPacketizer

HUB = ("--format", "jacktrip", "--output", "null", *PATIENT, *QUICK)
STREAM = StreamFormat("JackTrip-16", RATE, 1)
PORT = struct.Struct("<i")

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other addresses of this machine: Linux has all of 127.0.0.0/8"
)


@contextlib.contextmanager
def udp(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(0.5)
        yield sock


def received(sock: socket.socket) -> list[bytes]:
    """All that comes until half a second brings nothing."""
    got = []
    with contextlib.suppress(TimeoutError):
        while True:
            got.append(sock.recv(65536))
    return got


def door(to: tuple[str, int], host: str = "127.0.0.1") -> socket.socket:
    """A connection to the hub's TCP port."""
    return socket.create_connection(to, timeout=30, source_address=(host, 0))


def answer(sock: socket.socket, udp_port: int) -> bytes:
    """What the hub says to a client that names this port."""
    try:
        sock.sendall(PORT.pack(udp_port) + b"client".ljust(64, b"\0"))
        return sock.recv(100)
    except ConnectionError:
        return b""


def test_no_more_comes_back_than_was_sent_whatever_the_sizes() -> None:
    """Packets and bytes, at every instant; a peer's packets grow and shrink; and nothing comes when it has fallen silent."""
    with running("--output", "null", *PATIENT, *QUICK) as daemon, udp() as peer:
        sent: list[tuple[float, int]] = []
        came: list[tuple[float, int]] = []
        for samples in (64, 1024, 128):
            packets = JackTripPacketizer(STREAM, samples, lambda: 5)
            for _ in range(60):
                sent.append((time.monotonic(), packets.datagram_bytes))
                peer.sendto(packets.packet(np.zeros((samples, 1), np.float32)), daemon.address)
                time.sleep(samples / RATE)
                while select.select([peer], [], [], 0)[0]:
                    came.append((time.monotonic(), len(peer.recv(65536))))
        came += [(time.monotonic(), len(reply)) for reply in received(peer)]
        for instant, _ in came:
            before = [size for when, size in sent if when <= instant]
            replies = [size for when, size in came if when <= instant]
            assert len(replies) <= len(before)
            assert sum(replies) <= sum(before)
        assert len(came) > 100
        time.sleep(2.0)
        assert received(peer) == []
        daemon.finish()


@linux
def test_asking_at_the_door_sends_nothing_to_anybody() -> None:
    """Twenty clients name somebody else's port; only what really sends audio is answered, and there alone."""
    with running(*HUB) as daemon, udp() as victim, udp("127.0.0.2") as client:
        for host in ("127.0.0.1", "127.0.0.2"):
            for _ in range(10):
                with door(daemon.address, host) as sock:
                    assert answer(sock, victim.getsockname()[1]) == PORT.pack(daemon.address[1])
        assert received(victim) == []
        packets = JackTripPacketizer(STREAM, 512, lambda: 5)
        for _ in range(40):
            client.sendto(packets.packet(np.zeros((512, 1), np.float32)), daemon.address)
            time.sleep(512 / RATE)
        assert len(received(client)) > 20
        assert received(victim) == []
        daemon.finish()


@linux
def test_the_door_is_for_those_who_are_allowed() -> None:
    with running(*HUB, "--allow", "127.0.0.2") as daemon:
        with door(daemon.address) as sock:
            assert answer(sock, 4470) == b""
        with door(daemon.address, "127.0.0.2") as sock:
            assert answer(sock, 4470) == PORT.pack(daemon.address[1])
        send(music(0.2), daemon.address, STREAM, packet=128)
        stats = daemon.wait_for(lambda stats: stats["packets"]["foreign"] >= 60)
        log = daemon.finish()
    assert stats["state"] == "waiting"
    assert "not allowed" in log


def test_slow_clients_are_cut_off_and_disturb_nobody() -> None:
    """Twice as many as there is room for, some mute, some sending a byte now and then, while a stream plays."""
    with running(*HUB) as daemon, streaming(music(12.0), daemon.address, STREAM, packet=512):
        daemon.wait_for(lambda stats: stats["state"] == "playing")
        clients = [door(daemon.address) for _ in range(2 * MAX_CONNECTIONS)]
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(TIMEOUT_S / 3.5):
                for client in clients[::2]:
                    with contextlib.suppress(OSError):
                        client.send(b"\x01")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            with door(daemon.address) as late:
                assert answer(late, 4470) == b""
            for client in clients:
                with contextlib.suppress(ConnectionError):
                    assert client.recv(100) == b""
            with door(daemon.address) as client:
                assert answer(client, 4470) == PORT.pack(daemon.address[1])
        finally:
            ended.set()
            dripping.join()
            for client in clients:
                client.close()
        stats = daemon.stats()
        log = daemon.finish()
    packets = stats["packets"]
    assert packets["lost"] == packets["late"] == stats["events"]["restarts"] == 0
    assert packets["on_time"] > 400
    assert f"{MAX_CONNECTIONS} connections are open already" in log
    assert len(log.splitlines()) < 40


def test_any_bytes_at_the_door() -> None:
    """Random ones of every length, cut off or not: the door stays open, and the log short."""
    rng = np.random.default_rng(5)
    with running(*HUB) as daemon:
        for length in range(0, 160, 3):
            with door(daemon.address) as sock, contextlib.suppress(ConnectionError):
                sock.sendall(rng.bytes(length))
                if length % 2:
                    sock.shutdown(socket.SHUT_WR)
                    sock.recv(100)
        with door(daemon.address) as sock:
            assert answer(sock, 4470) == PORT.pack(daemon.address[1])
        log = daemon.finish()
    assert len(log.splitlines()) < 40

"""The real JackTrip and zita-njbridge against a daemon: peer to peer, through a hub either way, with losses and swaps."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jack_session import JackSession, jack_session, share_of_tone
from running import PATIENCE_S, QUICK, RATE, Running, Stats, assert_adds_up, played, running
from soundserver import UnavailableError
from udp_relay import Treat, drop_every, relay, swap_neighbours

from plcd.wire.formats import Formats
from plcd.wire.jacktrip import STOP

pytestmark = pytest.mark.timeout(900)  # an installation may come before the first test

DEEP = ("--depth", "1000ms", *QUICK)
"""JACK and JackTrip stall for long on a busy machine; none of these tests is about that."""
PACKETS = 300
"""What each test waits for: 3.5 s."""
OTHER_TONE_SAMPLES = 50
"""The period of the tone that goes back."""
LISTENING = "0A"
"""A TCP socket's state in the kernel's table."""


@pytest.fixture(scope="module")
def jack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JackSession]:
    try:
        with jack_session(tmp_path_factory.mktemp("jack")) as session:
            yield session
    except UnavailableError as error:
        pytest.skip(str(error))


def free_ports(count: int) -> list[int]:
    """UDP and TCP ports that are free now."""
    socks = [socket.socket(socket.AF_INET, kind) for kind in (socket.SOCK_DGRAM,) * count]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [int(sock.getsockname()[1]) for sock in socks]
    for sock in socks:
        sock.close()
    return ports


def client(jack: JackSession, port: int, *flags: str) -> contextlib.AbstractContextManager[object]:
    """A JackTrip client, peer to peer."""
    (bind,) = free_ports(1)
    return jack.running(
        *("jacktrip", "-c", "127.0.0.1", "-J", "JT", "-D", "-B", str(bind), "-P", str(port)), *flags
    )


def hear(daemon: Running, packets: int = PACKETS) -> Stats:
    """Until so many packets more than by now were played: how long JACK took to connect what is heard does not count."""
    wanted = daemon.stats()["frames"]["by_origin"]["received"] + packets
    stats = daemon.wait_for(lambda stats: stats["frames"]["by_origin"]["received"] >= wanted)
    assert_adds_up(stats)
    return stats


def heard_of(peer: Stats) -> int:
    """Frames of this peer that were played as they came."""
    return int(peer["frames"]["by_origin"]["received"])


def assert_whole(stats: Stats) -> None:
    """Nothing was lost, late or concealed."""
    packets, frames = stats["packets"], stats["frames"]["by_origin"]
    assert packets["lost"] == packets["late"] == packets["stray"] == 0
    assert packets["malformed"] == {}
    assert sum(count for name, count in frames.items() if name not in ("received", "idle")) == 0
    assert stats["events"]["restarts"] == stats["events"]["reanchored"] == 0


def assert_tone(take: Path, channels: list[bool]) -> None:
    """The tone is in the channels that were fed, and silence in the others."""
    audio = played(take)
    assert audio.shape[1] == len(channels)
    for channel, fed in enumerate(channels):
        if fed:
            assert share_of_tone(audio[-100_000:], channel) > 0.5
        else:
            assert not audio[:, channel].any()


@pytest.mark.parametrize(
    ("flags", "form", "channels"),
    [
        (("-n", "1", "-b", "16"), "JackTrip-16/44100/1", [True]),
        (("-n", "2", "-b", "24"), "JackTrip-24/44100/2", [True, False]),
        (("-n", "1", "-b", "8"), "JackTrip-8/44100/1", [True]),
        (("--sendchannels", "3", "--receivechannels", "1"), "JackTrip-16/44100/3", [True, False, False]),
    ],
    ids=["16 bits", "24 bits stereo", "8 bits", "three channels there and one back"],
)
def test_peer_to_peer(
    jack: JackSession, tmp_path: Path, flags: tuple[str, ...], form: str, channels: list[bool]
) -> None:
    """Detected, played whole, and answered: the client says that it hears its peer."""
    take = tmp_path / "take.wav"
    with running("--output", f"file:{take}", *DEEP) as daemon:
        with client(jack, daemon.address[1], *flags):
            jack.feed("JT:send_1")
            stats = hear(daemon)
            assert "Received Connection from Peer!" in jack.said("jacktrip")
            assert stats["source"]["format"] == form
            assert stats["reply"]["packets"] > PACKETS / 2
            assert stats["reply"]["unsent"] == 0
        ended = daemon.wait_for(lambda stats: stats["packets"]["refused"].get("goodbye", 0) > 0)
        daemon.finish()
    assert_whole(stats)
    assert ended["packets"]["malformed"] == {}
    if "8" not in flags:  # 8 bits are too few for the tone to be alone
        assert_tone(take, channels)


@pytest.mark.parametrize(
    ("flags", "treat"),
    [(("-r", "2"), drop_every(20)), ((), swap_neighbours(7)), (("-r", "2"), swap_neighbours(7))],
    ids=["-r 2 and every 20th datagram dropped", "swapped neighbours", "swapped neighbours with -r 2"],
)
def test_losses_and_swaps_that_cost_nothing(
    jack: JackSession, tmp_path: Path, flags: tuple[str, ...], treat: Treat
) -> None:
    take = tmp_path / "take.wav"
    with running("--output", f"file:{take}", *DEEP) as daemon:
        with relay(daemon.address, treat) as way, client(jack, way.port, "-n", "1", *flags):
            jack.feed("JT:send_1")
            stats = hear(daemon)
        daemon.finish()
    assert_whole(stats)
    assert_tone(take, [True])
    if treat.__qualname__.startswith("drop"):
        assert stats["packets"]["recovered"] >= PACKETS // 20 - 1
    else:
        assert stats["packets"]["reordered"] >= PACKETS // 7 - 1
        assert stats["packets"]["recovered"] == 0
    replies = [datagram for datagram in way.returned if datagram != STOP]
    assert PACKETS / 2 < len(replies) <= way.passed
    assert {len(Formats({}).parse(datagram, "a", 1)[0].samples) for datagram in replies} == {512}


def test_losses_without_copies_are_concealed(jack: JackSession) -> None:
    with running("--output", "null", *DEEP) as daemon:
        with relay(daemon.address, drop_every(20)) as way, client(jack, way.port, "-n", "1"):
            jack.feed("JT:send_1")
            stats = hear(daemon)
        daemon.finish()
    assert stats["packets"]["lost"] >= PACKETS // 20 - 1
    assert stats["packets"]["recovered"] == 0
    frames = stats["frames"]["by_origin"]
    assert frames["interpolated"] + frames["predicted"] >= stats["packets"]["lost"]


def test_as_a_hub_for_a_client(jack: JackSession, tmp_path: Path) -> None:
    """``jacktrip -C`` asks over TCP, is told the port, and is heard and answered there."""
    take = tmp_path / "take.wav"
    with running("--format", "jacktrip", "--output", f"file:{take}", *DEEP) as daemon:
        bind, port = free_ports(1)[0], daemon.address[1]
        command = ("jacktrip", "-C", "127.0.0.1", "-n", "1", "-K", "alice", "-J", "JT", "-D")
        with jack.running(*command, "-B", str(bind), "-P", str(port)):
            jack.feed("JT:send_1")
            stats = hear(daemon)
            assert "Received Connection from Peer!" in jack.said("jacktrip")
        log = daemon.finish()
    assert_whole(stats)
    assert stats["source"]["address"] == f"127.0.0.1:{bind}"
    assert "JackTrip client alice at 127.0.0.1" in log
    assert_tone(take, [True])


def test_two_clients_of_a_hub_that_mixes(jack: JackSession, tmp_path: Path) -> None:
    """Both are heard and both answered; the tone of one and the silence of the other are recorded apart, and together."""
    take = tmp_path / "take.wav"
    flags = ("--mix", "--format", "jacktrip", "--output", f"file:{take}", "--record-peers", str(tmp_path))
    with running(*flags, *DEEP) as daemon:
        port = str(daemon.address[1])
        command = ("jacktrip", "-C", "127.0.0.1", "-n", "1", "-D", "-P", port)
        alice, bob = free_ports(2)
        with (
            jack.running(*command, "-J", "JT", "-B", str(alice), name="alice"),
            jack.running(*command, "-J", "JU", "-B", str(bob), name="bob"),
        ):
            jack.feed("JT:send_1")
            both = daemon.wait_for(lambda stats: len(stats["peers"]) == 2)
            wanted = PACKETS + max(map(heard_of, both["peers"]))
            stats = daemon.wait_for(
                lambda stats: len(stats["peers"]) == 2 and min(map(heard_of, stats["peers"])) > wanted
            )
            assert_adds_up(stats)
            for name in ("alice", "bob"):
                assert "Received Connection from Peer!" in jack.said(name)
        daemon.finish()
    assert {peer["address"] for peer in stats["peers"]} == {f"127.0.0.1:{alice}", f"127.0.0.1:{bob}"}
    assert all(peer["packets"]["lost"] == peer["packets"]["late"] == 0 for peer in stats["peers"])
    assert_tone(take, [True])
    (heard,) = tmp_path.glob(f"*-{alice}-*.wav")
    (silent,) = tmp_path.glob(f"*-{bob}-*.wav")
    assert_tone(heard, [True])
    assert_tone(silent, [False])


def test_as_the_client_of_a_hub(jack: JackSession, tmp_path: Path) -> None:
    """``jacktrip -S`` lets plcd in, and sends what is fed to the ports it makes for it."""
    take = tmp_path / "take.wav"
    port, base = free_ports(2)
    command = (
        "jacktrip",
        "-S",
        "-p",
        "5",
        "-D",
        "--bufstrategy",
        "1",
        "-q",
        "4",
        "-B",
        str(port),
        "-U",
        str(base),
    )
    with jack.running(*command):
        wait_for_tcp(port)
        flags = ("--format", "jacktrip", "--rate", "44100", "--channels", "1", "--output", f"file:{take}")
        with running("--connect", f"127.0.0.1:{port}", *flags, *DEEP, listen="127.0.0.1:0") as daemon:
            jack.feed("plcd:send_1")
            stats = hear(daemon)
            assert stats["reply"]["packets"] > PACKETS / 2
            daemon.finish()
    assert stats["source"]["format"] == "JackTrip-16/44100/1"
    assert_whole(stats)
    assert_tone(take, [True])


@pytest.mark.parametrize(
    ("flags", "channels"),
    [(("-n", "1"), 1), (("-n", "2", "-b", "24", "-r", "2"), 2)],
    ids=["mono", "stereo, 24 bits, -r 2"],
)
def test_duplex(jack: JackSession, tmp_path: Path, flags: tuple[str, ...], channels: int) -> None:
    """The file that plcd sends comes out of JackTrip's own ports, while JACK's tone comes out of plcd."""
    take, received = tmp_path / "take.wav", tmp_path / "received.wav"
    other = 0.4 * np.sin(2 * np.pi * np.arange(RATE) / OTHER_TONE_SAMPLES)
    soundfile.write(tmp_path / "other.wav", np.repeat(other[:, None], channels, axis=1), RATE)
    sends = ("--input", str(tmp_path / "other.wav"), "--loop", "0", "--redundancy", "1", "--drift", "off")
    with running(*sends, "--output", f"file:{take}", *DEEP) as daemon:
        with client(jack, daemon.address[1], "-q", "32", *flags):
            jack.feed("JT:send_1")
            hear(daemon)
            jack.record(received, f"JT:receive_{channels}", 5)
            stats = hear(daemon)
        daemon.finish()
    # On a busy machine JACK skips periods: JackTrip then sends less than its rate, and gets no more.
    assert stats["reply"]["unsent"] == 0
    assert stats["reply"]["packets"] > PACKETS / 2
    assert share_of_tone(played(received)[RATE:], period=OTHER_TONE_SAMPLES) > 0.5
    assert stats["packets"]["lost"] == 0
    assert stats["packets"]["malformed"] == {}
    assert share_of_tone(played(take)[RATE:]) > 0.5


def wait_for_tcp(port: int) -> None:
    """Until the hub listens. A connection would count as a client's, so the kernel's own table is looked at."""
    tables = [path for path in map(Path, ("/proc/net/tcp", "/proc/net/tcp6")) if path.exists()]
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rows = [row.split() for table in tables for row in table.read_text().splitlines()[1:]]
        if any(row[1].endswith(f":{port:04X}") and row[3] == LISTENING for row in rows):
            return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_32_bits_are_refused_with_the_reason(jack: JackSession) -> None:
    with running("--output", "null", *DEEP) as daemon:
        with client(jack, daemon.address[1], "-n", "1", "-b", "32"):
            stats = daemon.wait_for(lambda stats: stats["packets"]["refused"].get("jacktrip_32_bits", 0) > 20)
        log = daemon.finish()
    assert stats["state"] == "waiting"
    assert stats["reply"] is None
    assert log.count("start it with -b 24") <= 2


@pytest.mark.parametrize("form", ["16bit", "24bit", "float"])
def test_zita_j2n(jack: JackSession, tmp_path: Path, form: str) -> None:
    """Heard as it comes: on a busy machine JACK skips periods, which zita-j2n counts, and then those are missing."""
    take = tmp_path / "take.wav"
    sent: list[bytes] = []

    def note(_: int, datagram: bytes) -> list[bytes]:
        sent.append(datagram)
        return [datagram]

    with running("--output", f"file:{take}", *DEEP) as daemon:
        name = ("--jname", "ZT", "--jserv", jack.server, "--chan", "2", f"--{form}")
        with relay(daemon.address, note) as way, jack.running("zita-j2n", *name, "127.0.0.1", str(way.port)):
            jack.feed("ZT:in_2")
            stats = hear(daemon)
            assert way.returned == []
        daemon.finish()
    packets = stats["packets"]
    assert packets["late"] == packets["stray"] == packets["duplicate"] == 0
    assert packets["malformed"] == {}
    assert packets["lost"] == 0 or skips(sent)
    assert stats["events"]["restarts"] == 0
    assert stats["source"]["format"] == f"zita-{form.removesuffix('bit')}/44100/2"
    assert_tone(take, [False, True])


def skips(datagrams: list[bytes]) -> bool:
    """Whether zita-j2n says that it skipped frames, by its count; the topmost bit means nothing."""
    counts = [struct.unpack(">Ii", datagram[8:16]) for datagram in datagrams if datagram[4] == 1]
    return any((after[0] - before[0] - before[1]) % 2**31 for before, after in pairwise(counts))

"""SRTP, allowed hosts and the lock on a source, with real sockets and commands."""

import base64
import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
from hostile import KINDS
from relay import relaying
from running import (
    MONO,
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
)

from plcd.core.packet import StreamFormat
from plcd.io.sender import Sender, SendOptions
from plcd.io.srtp import Protector
from plcd.io.srtp_key import VARIABLE, SrtpKey
from plcd.wire.rtp import build

MASTER = bytes(range(50, 80))
KEY = SrtpKey(MASTER)
TEXT = base64.b64encode(MASTER).decode()
NULL = ("--output", "null", *PATIENT, *QUICK)
SONG = Path(__file__).parents[2] / "demo" / "music.flac"
SECONDS = 1.2
PACKETS = -(-int(SECONDS * RATE) // 512)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "srtp.key"
    path.write_text(TEXT + "\n")
    path.chmod(0o600)
    return path


def command(take: Path, to: tuple[str, int], *flags: str) -> list[str]:
    soundfile.write(take, music(SECONDS), RATE, subtype="PCM_16")
    return [*PLCD, "send", str(take), "--to", f"{to[0]}:{to[1]}", *flags]


@pytest.mark.parametrize("given", ["file", "variable"])
def test_srtp_from_the_command_to_the_daemon(tmp_path: Path, key_file: Path, given: str) -> None:
    """Whole, with copies and parity inside; nothing of it can be read on the way, and the key is nowhere to be seen."""
    flags = ("--srtp-key", str(key_file)) if given == "file" else ()
    environment = {**os.environ, **({VARIABLE: TEXT} if given == "variable" else {})}
    take = tmp_path / "take.wav"
    audio = music(SECONDS)
    with running("--output", f"file:{take}", *PATIENT, *QUICK, *flags, env=environment) as daemon:
        with relaying(daemon.address, lambda n: n % 9 == 4) as relay:
            sending = command(
                tmp_path / "sent.wav",
                relay.address,
                "--redundancy",
                "1",
                "--fec",
                "5",
                "--packet",
                "256",
                *flags,
            )
            sent = subprocess.run(sending, env=environment, check=True, capture_output=True, text=True)
            stats = daemon.wait_idle()
            passed = b"".join(relay.passed)
        log = daemon.finish()
    np.testing.assert_allclose(
        played(take)[: len(audio) // 256 * 256], audio[: len(audio) // 256 * 256], atol=2**-16
    )
    packets = stats["packets"]
    assert packets["lost"] == packets["late"] == 0
    assert packets["recovered"] > 10
    assert packets["refused"] == {}
    assert stats["srtp"] == "AES_CM_128_HMAC_SHA1_80"
    assert "SRTP" in log
    pcm = np.rint(audio[:, 0] * 32768).astype(">i2").tobytes()
    assert not any(pcm[start : start + 32] in passed for start in range(0, len(pcm), 512))
    for said in (log, sent.stdout, sent.stderr, str(stats)):
        assert TEXT not in said
        assert MASTER.hex() not in said
    assert_adds_up(stats)


def test_changed_forged_and_repeated_packets_are_counted_and_not_heard() -> None:
    """On the way every seventh is changed and every one comes twice; somebody without the key sends from the same address."""
    ssrc = 77
    with running(*NULL, env={**os.environ, VARIABLE: TEXT}) as daemon, Source(daemon.address, ssrc) as source:
        protector = Protector(KEY, ssrc)
        audio = np.rint(music(SECONDS)[:, 0] * 32768).astype(">i2")
        changed = 0
        for number in range(100):
            payload = audio[number * 512 : number * 512 + 512].tobytes()
            fields = {"payload_type": 11, "sequence": number, "timestamp": number * 512, "ssrc": ssrc}
            plain = build(payload, **fields)  # type: ignore[arg-type]
            sealed = bytearray(protector.protect(plain))
            if number % 7 == 3:
                changed += 1
                sealed[100] ^= 0x40
                source.raw(bytes(sealed))
            else:
                source.raw(bytes(sealed))
                source.raw(bytes(sealed))
            source.raw(plain)
            time.sleep(0.008)
        stats = daemon.wait_idle()
        daemon.finish()
    packets = stats["packets"]
    # Under a number that was heard a packet is refused before its signature is looked at.
    assert packets["refused"] == {"unauthentic": 2 * changed, "replayed": 2 * (100 - changed)}
    assert packets["on_time"] == 100 - changed
    assert packets["lost"] == changed
    assert packets["duplicate"] == packets["stray"] == stats["events"]["restarts"] == 0


def test_without_the_key_nothing_is_heard(tmp_path: Path) -> None:
    """Plain RTP, JackTrip, and SRTP under another key."""
    other = base64.b64encode(bytes(30)).decode()
    with running(*NULL, env={**os.environ, VARIABLE: TEXT}) as daemon:
        send(music(0.3), daemon.address)
        take = tmp_path / "sent.wav"
        for flags, key in ((("--format", "jacktrip"), None), ((), other)):
            environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
            environment |= {VARIABLE: key} if key else {}
            sending = command(take, daemon.address, *flags)
            subprocess.run(sending, env=environment, check=True, capture_output=True)
        stats = daemon.stats()
        log = daemon.finish()
    assert stats["state"] == "waiting"
    assert stats["packets"]["refused"]["unauthentic"] >= 2 * PACKETS
    assert stats["reply"] is None
    assert "another key" in log
    assert other not in log


def test_srtp_is_not_played_as_noise_where_there_is_no_key() -> None:
    """Losses hide that its packets are longer than their timestamps say, but not for ever."""
    sealing = Protector(KEY, 1)
    audio = music(2.0)
    with running("--output", "null", *PATIENT, *QUICK) as daemon:
        with Source(daemon.address) as source:
            for number, first in enumerate(range(0, len(audio) - 512, 512)):
                plain = build(
                    np.rint(audio[first : first + 512, 0] * 32768).astype(">i2").tobytes(),
                    payload_type=11,
                    sequence=number,
                    timestamp=first,
                    ssrc=1,
                )
                sealed = sealing.protect(plain)
                if number % 7 not in (2, 4, 6):
                    source.raw(sealed)
                time.sleep(0.005)
        stats = daemon.wait_for(lambda stats: stats["packets"]["stray"] > 80)
        log = daemon.finish()
    assert stats["state"] == "waiting"
    assert stats["frames"]["played"] == 0
    assert log.count("--srtp-key") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="two sockets on one port need Linux's SO_REUSEPORT")
def test_what_a_forger_sends_keeps_nobody_out() -> None:
    """The sender is gone, datagrams that prove nothing go on from its address: another is heard after a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger, running(*NULL) as daemon:
        with Source(daemon.address, ssrc=1) as source:
            source.stream(music(0.4))
            forger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            address = source.socket.getsockname()
        forger.bind(address)
        forger.connect(daemon.address)
        with Source(daemon.address, ssrc=2) as other:
            until = time.monotonic() + 20
            while daemon.stats()["events"]["restarts"] == 0 and time.monotonic() < until:
                forger.send(bytes(100))
                other.stream(music(0.1))
        stats = daemon.stats()
        daemon.finish()
    assert stats["events"]["restarts"] == 1
    assert stats["source"]["stream"] == f"{2:08x}"


def test_a_stream_that_has_sent_for_hours_is_joined() -> None:
    """Its numbers have wrapped 40 times: the daemon finds that out by itself."""
    ssrc, first = 9, 1000
    protector = Protector(KEY, ssrc)
    for number in range(first, 40 * 65536 + first, 16384):
        protector.protect(build(b"", payload_type=11, sequence=number, timestamp=0, ssrc=ssrc))
    options = SendOptions(ssrc=ssrc, first_sequence=first + 1, protect=protector.protect)
    with running(*NULL, env={**os.environ, VARIABLE: TEXT}) as daemon:
        report = Sender(music(SECONDS), MONO, daemon.address, options).run()
        stats = daemon.wait_idle()
        daemon.finish()
    assert stats["packets"]["on_time"] + stats["packets"]["refused"]["unauthentic"] == report.packets
    # Five steps of the search, one each 10 ms; packets that a busy machine bunches come to fewer.
    assert 1 <= stats["packets"]["refused"]["unauthentic"] <= report.packets // 2


@pytest.mark.parametrize("content", ["not a key: geheim", "AAAA"])
def test_a_key_that_is_none_is_not_repeated(key_file: Path, content: str) -> None:
    key_file.write_text(content)
    listening = ("--listen", "127.0.0.1:0", "--output", "null", "--model", "none")
    for words in (listening, ("send", str(SONG), "--to", "127.0.0.1:9")):
        failed = subprocess.run(
            [*PLCD, *words, "--srtp-key", str(key_file)], capture_output=True, text=True, check=False
        )
        assert failed.returncode == 3
        assert content not in failed.stderr
        assert str(key_file) in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1


def test_srtp_is_for_rtp_and_streams_of_their_own(key_file: Path) -> None:
    listening = ("--listen", "127.0.0.1:0", "--output", "null", "--model", "none")
    sending = ("send", str(SONG), "--to", "127.0.0.1:9")
    for words, said in (
        ((*listening, "--format", "jacktrip"), "protects RTP, not jacktrip"),
        ((*listening, "--format", "zita"), "protects RTP, not zita"),
        ((*sending, "--format", "jacktrip"), "protects RTP, not jacktrip"),
        ((*sending, "--ssrc", "7"), "leave it away"),
    ):
        failed = subprocess.run(
            [*PLCD, *words, "--srtp-key", str(key_file)], capture_output=True, text=True, check=False
        )
        assert failed.returncode == 2
        assert said in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("listen", "allow", "heard"),
    [
        ("127.0.0.1:0", ("127.0.0.0/8",), True),
        ("127.0.0.1:0", ("10.0.0.0/8", "::/0"), False),
        ("127.0.0.1:0", ("10.0.0.0/8", "127.0.0.1"), True),
        ("[::1]:0", ("::1",), True),
        ("[::1]:0", ("2001:db8::/32", "127.0.0.0/8"), False),
        (":0", ("127.0.0.1",), True),
    ],
)
def test_only_allowed_hosts_are_heard(listen: str, allow: tuple[str, ...], heard: bool) -> None:
    flags = [word for network in allow for word in ("--allow", network)]
    if "::1" in listen and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with running(*NULL, *flags, listen=listen) as daemon:
        host = "127.0.0.1" if listen == ":0" else daemon.address[0]
        report = send(music(0.4), (host, daemon.address[1]))
        counter = "on_time" if heard else "foreign"
        stats = daemon.wait_for(lambda stats: stats["packets"][counter] >= report.packets)
        log = daemon.finish()
    packets = stats["packets"]
    assert (packets["on_time"], packets["foreign"]) == ((report.packets, 0) if heard else (0, report.packets))
    assert ("not allowed" in log) is not heard


@pytest.mark.parametrize("form", ["L16", "JackTrip-16"])
def test_strangers_in_mid_stream_are_not_heard(tmp_path: Path, form: str) -> None:
    """Whole streams of every format, malformed packets and goodbyes, from three ports: what is played is the sender's alone."""
    take = tmp_path / "take.wav"
    audio, rng = music(4.0), Random(8)
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(running("--output", f"file:{take}", *PATIENT, *QUICK))
        strangers = [stack.enter_context(Source(daemon.address)) for _ in range(3)]
        with streaming(audio, daemon.address, StreamFormat(form, RATE, 1), packet=128):
            daemon.wait_for(lambda stats: stats["state"] == "playing")
            count = 0
            for _ in range(100):
                for stranger in strangers:
                    for datagram in KINDS[rng.choice(list(KINDS))](rng):
                        stranger.raw(datagram)
                        count += 1
                time.sleep(0.02)
            stats = daemon.wait_idle()
        daemon.finish()
    packets = stats["packets"]
    assert packets["foreign"] == count
    assert packets["lost"] == packets["late"] == packets["stray"] == stats["events"]["restarts"] == 0
    assert packets["malformed"] == {}
    np.testing.assert_allclose(
        played(take)[: len(audio) // 128 * 128], audio[: len(audio) // 128 * 128], atol=2**-16
    )


@pytest.mark.skipif(sys.platform != "linux", reason="two sockets on one port need Linux's SO_REUSEPORT")
def test_forged_packets_from_the_senders_own_address_seize_nothing() -> None:
    """Bursts of twenty that agree with each other, under another SSRC and the same, again and again between the real ones."""
    audio = music(1.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger, running(*NULL) as daemon:
        with Source(daemon.address, ssrc=1) as source:
            forger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            source.socket.close()
            source.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            source.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            source.socket.bind(("127.0.0.1", 0))
            source.socket.connect(daemon.address)
            forger.bind(source.socket.getsockname())
            for first in range(0, len(audio) - 512, 512):
                source.send(audio[first : first + 512])
                ssrc = 1 if first // 512 % 2 else 666
                for number in range(20 if first // 512 % 5 == 4 else 0):
                    forged = build(
                        bytes(1024),
                        payload_type=11,
                        sequence=40_000 + number,
                        timestamp=512 * number,
                        ssrc=ssrc,
                    )
                    forger.sendto(forged, daemon.address)
                time.sleep(0.01)
        stats = daemon.wait_idle()
        daemon.finish()
    assert stats["packets"]["on_time"] == len(audio) // 512
    assert stats["events"]["restarts"] == stats["packets"]["lost"] == 0
    assert stats["source"]["stream"] == f"{1:08x}"
    assert stats["packets"]["stray"] == len(audio) // 512 // 5 * 20


def test_a_forged_address_gets_no_answer_and_no_stream() -> None:
    """A few packets, fewer than make a stream, from ever new ports: nothing plays, nothing is sent."""
    with running(*NULL) as daemon, streaming(music(2.0), daemon.address, ssrc=5):
        daemon.wait_for(lambda stats: stats["state"] == "playing")
        for _ in range(20):
            with Source(daemon.address, ssrc=6) as stranger:
                for _ in range(5):
                    stranger.send(music(0.02)[:512])
                stranger.socket.setblocking(False)
                with pytest.raises(BlockingIOError):
                    stranger.socket.recv(100)
        stats = daemon.wait_for(lambda stats: stats["packets"]["foreign"] == 100)
        daemon.finish()
    assert stats["source"]["stream"] == f"{5:08x}"
    assert stats["events"]["restarts"] == 0

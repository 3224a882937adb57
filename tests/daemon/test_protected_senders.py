"""Other people's redundancy, parity and SRTP: GStreamer's and ffmpeg's, through a relay that loses some of it, and back."""

import base64
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gstreamer
import numpy as np
import pytest
from numpy.typing import NDArray
from relay import relaying
from running import MONO, PATIENT, QUICK, Stats, assert_adds_up, music, played, running

from plcd.core.frame import Samples
from plcd.io.sender import Sender, SendOptions
from plcd.io.srtp import Protector
from plcd.io.srtp_key import VARIABLE, SrtpKey

MASTER = bytes(range(150, 180))
TEXT = base64.b64encode(MASTER).decode()
FADE_FRAMES = 36
"""Frames of 512 in which what follows the stream's end is faded out: 400 ms."""

pytestmark = pytest.mark.timeout(300)  # an installation may come before the first test


@pytest.fixture(autouse=True)
def _senders() -> None:
    if why := gstreamer.missing():
        pytest.skip(why)


def heard(
    path: Path,
    make: Callable[[tuple[str, int]], list[str]],
    drops: Callable[[int], bool],
    *flags: str,
    **popen: Any,
) -> tuple[Samples, Stats, int]:
    """What was played of what the command sends, and how many datagrams the relay took away."""
    with running("--output", f"file:{path}", *PATIENT, *QUICK, *flags, **popen) as daemon:
        with relaying(daemon.address, drops) as relay:
            subprocess.run(make(relay.address), check=True, capture_output=True, timeout=60)
            stats = daemon.wait_idle()
        daemon.finish()
    assert_adds_up(stats)
    assert stats["packets"]["late"] == stats["packets"]["stray"] == stats["events"]["restarts"] == 0
    return played(path), stats, relay.dropped


def assert_tone(audio: Samples, stats: Stats) -> None:
    """One unbroken sine as far as frames were received whole."""
    received = audio[: (stats["frames"]["by_origin"]["received"] - 1) * 512, 0].astype(np.float64)
    assert len(received) > 40_000
    phase = 2 * np.pi * 440 * np.arange(len(received)) / 44_100
    basis = np.stack((np.sin(phase), np.cos(phase)), axis=1)
    weights, *_ = np.linalg.lstsq(basis, received, rcond=None)
    assert np.hypot(*weights) > 0.1
    assert np.sqrt(np.mean((received - basis @ weights) ** 2)) < 1e-3 * np.hypot(*weights)


def test_gstreamers_redundancy(tmp_path: Path) -> None:
    """rtpredenc: each packet repeats the one before it; no single loss is heard."""
    audio, stats, dropped = heard(
        tmp_path / "take.wav",
        lambda to: gstreamer.tone(to, "rtpredenc pt=121 distance=1"),
        lambda n: n < 200 and n % 6 == 3,
    )
    packets = stats["packets"]
    assert packets["recovered"] == packets["recovered_by_copy"] == dropped >= 30
    assert packets["lost"] == 0
    assert stats["frames"]["by_origin"]["predicted"] <= FADE_FRAMES
    assert_tone(audio, stats)


def test_gstreamers_parity(tmp_path: Path) -> None:
    """rtpulpfecenc: parity after every packet, under numbers of the same stream; no single loss is heard."""
    audio, stats, dropped = heard(
        tmp_path / "take.wav",
        lambda to: gstreamer.tone(to, "rtpulpfecenc pt=122 percentage=100 multipacket=false"),
        lambda n: 6 < n < 400 and n % 7 == 3,
    )
    packets = stats["packets"]
    assert packets["parity"] > 100
    assert 0.3 * dropped < packets["recovered"] == packets["recovered_by_parity"] <= dropped
    assert packets["lost"] == 0
    assert_tone(audio, stats)


@pytest.mark.parametrize("size", [30, 44])
def test_gstreamers_srtp(tmp_path: Path, size: int) -> None:
    master = bytes(range(size))
    cipher = (
        "" if size == 30 else " rtp-cipher=aes-256-gcm rtp-auth=null rtcp-cipher=aes-256-gcm rtcp-auth=null"
    )
    audio, stats, _ = heard(
        tmp_path / "take.wav",
        lambda to: gstreamer.tone(to, f"srtpenc key={master.hex()}{cipher}"),
        lambda n: False,
        env={**os.environ, VARIABLE: master.hex()},
    )
    assert stats["packets"]["lost"] == 0
    assert stats["packets"]["refused"].keys() <= {"rtcp"}
    assert_tone(audio, stats)


def test_ffmpegs_srtp(tmp_path: Path) -> None:
    def make(to: tuple[str, int]) -> list[str]:
        made = "ffmpeg -re -f lavfi -i sine=frequency=440:sample_rate=44100:duration=1.5 -ac 1 -c:a pcm_s16be"
        suite = f"-srtp_out_suite AES_CM_128_HMAC_SHA1_80 -srtp_out_params {TEXT}"
        return f"{made} -f rtp {suite} srtp://{to[0]}:{to[1]}?pkt_size=1036".split()

    _audio, stats, _ = heard(tmp_path / "take.wav", make, lambda n: False, env={**os.environ, VARIABLE: TEXT})
    assert stats["packets"]["lost"] == 0
    assert stats["packets"]["refused"].keys() <= {"rtcp"}
    assert stats["srtp"] == "AES_CM_128_HMAC_SHA1_80"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sealed(master: bytes, audio: Samples, port: int) -> Sender:
    """A sender of SRTP to ``port``."""
    options = SendOptions(ssrc=4, first_sequence=5, protect=Protector(SrtpKey(master), 4).protect)
    return Sender(audio, MONO, ("127.0.0.1", port), options)


def assert_within(got: NDArray[np.int16], audio: Samples) -> None:
    """``got``, in 16 bits, is a stretch of ``audio``."""
    sent = np.rint(audio[:, 0] * 32768).astype(np.int16)
    starts = np.flatnonzero(sent[: len(sent) - len(got) + 1] == got[0])
    assert any(np.array_equal(sent[start : start + len(got)], got) for start in starts)


@pytest.mark.parametrize("size", [30, 28, 44])
def test_gstreamer_hears_our_srtp(tmp_path: Path, size: int) -> None:
    master, port, out = bytes(range(size)), free_port(), tmp_path / "out.raw"
    cipher, auth = {30: ("aes-128-icm", "hmac-sha1-80"), 28: ("aes-128-gcm", "null")}.get(
        size, ("aes-256-gcm", "null")
    )
    fields = [f"srtp-key=(buffer){master.hex()}", "payload=(int)11", "ssrc=(uint)4", "roc=(uint)0"]
    fields += [
        f"{kind}-{part}=(string){name}"
        for kind in ("srtp", "srtcp")
        for part, name in (("cipher", cipher), ("auth", auth))
    ]
    caps = (
        "application/x-srtp,media=(string)audio,clock-rate=(int)44100,encoding-name=(string)L16,"
        + ",".join(fields)
    )
    chain = f"udpsrc address=127.0.0.1 port={port} caps={caps} ! srtpdec ! rtpL16depay ! filesink buffer-mode=2 location={out}"
    audio = music(3.0)
    with subprocess.Popen(["gst-launch-1.0", "-q", *chain.split()], stderr=subprocess.PIPE) as gst:
        time.sleep(1.0)
        sealed(master, audio, port).run()
        gst.send_signal(signal.SIGINT)
        gst.wait(30)
    got = np.frombuffer(out.read_bytes(), ">i2").astype(np.int16)
    assert len(got) > 44_100
    assert_within(got, audio)


def test_ffmpeg_hears_our_srtp(tmp_path: Path) -> None:
    port = free_port()
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=x",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=audio {port} RTP/SAVP 11",
    ]
    lines += [f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{TEXT}", ""]
    sdp, out = tmp_path / "x.sdp", tmp_path / "out.raw"
    sdp.write_text("\r\n".join(lines))
    whitelist = "-protocol_whitelist file,udp,rtp,srtp"
    command = f"ffmpeg -v error {whitelist} -i {sdp} -t 0.5 -f s16le {out}".split()
    audio = music(8.0)
    with subprocess.Popen(command, stderr=subprocess.PIPE) as ffmpeg:
        time.sleep(0.5)
        sealed(MASTER, audio, port).run()
        ffmpeg.wait(30)
    got = np.frombuffer(out.read_bytes(), "<i2")
    assert len(got) == 22_050
    assert_within(got, audio)

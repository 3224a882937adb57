"""GStreamer and ffmpeg, as people run them, play through a daemon: their tone comes out as it went in."""

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from running import Stats, assert_adds_up, played, running

from plcd.core.frame import Samples

PACKAGES = "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good ffmpeg"
TONE_HZ = 440
SECONDS = 1.5
PLAIN = ("--depth", "200ms", "--predictor", "burg:64/512")

pytestmark = pytest.mark.timeout(300)  # an installation may come before the first test


@functools.cache
def installed() -> str:
    """Empty when the programs are here, installed if need be and possible; else why not."""

    def missing() -> list[str]:
        return [name for name in ("gst-launch-1.0", "ffmpeg") if shutil.which(name) is None]

    if not missing():
        return ""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"not installed: {', '.join(missing())} (apt-get install {PACKAGES})"
    quiet = {
        "capture_output": True,
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        "timeout": 240,
    }
    subprocess.run(["apt-get", "update"], **quiet)  # type: ignore[call-overload]
    subprocess.run(  # type: ignore[call-overload]
        ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES.split()], **quiet
    )
    return f"apt-get could not install {', '.join(missing())}" if missing() else ""


@pytest.fixture(autouse=True)
def _senders() -> None:
    if installed():
        pytest.skip(installed())


def take(command: Sequence[str], path: Path, *flags: str) -> tuple[Samples, Stats]:
    """What was played of ``command``, with HOST and PORT put in, in its ``SECONDS`` or a little more."""
    with running("--output", f"file:{path}", *PLAIN, *flags) as daemon:
        host, port = daemon.address
        words = [word.replace("PORT", str(port)).replace("HOST", host) for word in command]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            time.sleep(SECONDS)
            daemon.wait_for(lambda stats: stats["frames"]["played"] > 0)
            sender.terminate()
            sender.wait()
        time.sleep(0.3)  # the depth and more: the last packet is played
        stats = daemon.stats()
        daemon.finish()
    assert_adds_up(stats)
    return played(path), stats


def gst(caps: str, payloader: str, block: int = 512, more: str = "") -> list[str]:
    source = f"audiotestsrc is-live=true wave=sine freq={TONE_HZ} volume=0.5 samplesperbuffer={block}"
    sink = "udpsink host=HOST port=PORT"
    return f"gst-launch-1.0 -q {source} ! audio/x-raw,{caps} ! {payloader} ! {more} {sink}".split()


def tone_error(audio: Samples, rate: int) -> float:
    """By how much the first channel departs from one sine, phase and all, relative to its level."""
    phase = 2 * np.pi * TONE_HZ * np.arange(len(audio)) / rate
    basis = np.stack((np.sin(phase), np.cos(phase)), axis=1)
    weights, *_ = np.linalg.lstsq(basis, audio[:, 0].astype(np.float64), rcond=None)
    level = np.hypot(*weights) / np.sqrt(2)
    assert level > 0.05
    error = np.sqrt(np.mean((audio[:, 0] - basis @ weights) ** 2))
    return float(error / level)


def assert_whole_tone(audio: Samples, stats: Stats, rate: int) -> None:
    """Nothing lost, and one unbroken sine from the first sample to shortly before the last packet."""
    packets = stats["packets"]
    assert packets["lost"] == packets["late"] == packets["stray"] == 0
    assert stats["events"]["restarts"] == stats["events"]["reanchored"] == 0
    received = stats["frames"]["by_origin"]["received"]
    assert received * 512 >= 0.5 * SECONDS * rate
    assert tone_error(audio[: received * 512], rate) < 1e-3


@pytest.mark.parametrize(
    ("block", "mtu", "sizes"),
    [(512, "mtu=1036", {512}), (1024, "", {330, 694})],
    ids=["packets of 512", "packets of 694 and 330 in turn"],
)
def test_gstreamer(tmp_path: Path, block: int, mtu: str, sizes: set[int]) -> None:
    command = gst("format=S16BE,rate=44100,channels=1", f"rtpL16pay {mtu} pt=11", block=block)
    audio, stats = take(command, tmp_path / "take.wav")
    assert stats["source"]["packet_samples"] in sizes
    assert_whole_tone(audio, stats, 44100)


def test_gstreamer_without_pt_needs_the_map(tmp_path: Path) -> None:
    command = gst("format=S16BE,rate=44100,channels=1", "rtpL16pay mtu=1036")
    audio, stats = take(command, tmp_path / "take.wav", "--rtp-map", "96=L16/44100")
    assert_whole_tone(audio, stats, 44100)


def test_gstreamer_that_drops(tmp_path: Path) -> None:
    """Real gaps in its sequence: all concealed, hardly to be told from the tone."""
    drop = "identity drop-probability=0.05 !"
    command = gst("format=S16BE,rate=44100,channels=1", "rtpL16pay mtu=1036 pt=11", more=drop)
    audio, stats = take(command, tmp_path / "take.wav")
    packets, by_origin = stats["packets"], stats["frames"]["by_origin"]
    assert packets["late"] == packets["stray"] == 0
    assert 0 < packets["lost"] < 0.2 * packets["expected"]
    assert by_origin["interpolated"] + by_origin["predicted"] >= packets["lost"]
    assert tone_error(audio[: (packets["expected"] - 2) * 512], 44100) < 0.02


def test_gstreamer_24_bits_stereo(tmp_path: Path) -> None:
    command = gst("format=S24BE,rate=48000,channels=2", "rtpL24pay mtu=1548")
    audio, stats = take(command, tmp_path / "take.flac", "--rtp-map", "96=L24/48000/2")
    assert audio.shape[1] == 2
    np.testing.assert_array_equal(audio[:, 0], audio[:, 1])
    assert_whole_tone(audio, stats, 48000)


def test_gstreamer_aes67(tmp_path: Path) -> None:
    """A packet a millisecond."""
    pay = "rtpL24pay min-ptime=1000000 max-ptime=1000000"
    command = gst("format=S24BE,rate=48000,channels=2", pay, block=48)
    audio, stats = take(command, tmp_path / "take.wav", "--rtp-map", "96=L24/48000/2")
    assert stats["source"]["packet_samples"] == 48
    assert_whole_tone(audio, stats, 48000)


@pytest.mark.parametrize(
    ("rate", "channels", "flags"),
    [(44100, 1, ()), (44100, 2, ()), (48000, 2, ("--rtp-map", "97=L16/48000/2"))],
    ids=["type 11", "type 10", "type 97"],
)
def test_ffmpeg(tmp_path: Path, rate: int, channels: int, flags: tuple[str, ...]) -> None:
    sine = f"sine=frequency={TONE_HZ}:sample_rate={rate}"
    size = 12 + 512 * 2 * channels
    url = f"rtp://HOST:PORT?pkt_size={size}"
    command = f"ffmpeg -re -f lavfi -i {sine} -ac {channels} -c:a pcm_s16be -f rtp {url}".split()
    audio, stats = take(command, tmp_path / "take.wav", *flags)
    assert_whole_tone(audio, stats, rate)

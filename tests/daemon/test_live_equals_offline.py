"""The same damage live, over a socket and by the clock, and offline, by a trace: the same samples."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from running import PLCD, QUICK, RATE, Running, Stats, assert_adds_up, music, played, running, write_float

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.core.packet import StreamFormat
from plcd.core.trace import format_trace, parse_trace
from plcd.io.flac_file import to_pcm24
from plcd.io.sender import Sender, SendOptions
from plcd.offline.conceal import Settings, conceal_file

SECONDS = 1.6
DAMAGE = ("--loss", "gilbert:.08,.5", "--jitter", "3", "--reorder", ".1", "--duplicate", ".05")


def send_file(source: Path, to: tuple[str, int], trace: Path, packet: int = 512) -> None:
    command = [*PLCD, "send", str(source), "--to", f"{to[0]}:{to[1]}", *DAMAGE]
    subprocess.run(
        [*command, "--packet", str(packet), "--dump-trace", str(trace)], check=True, capture_output=True
    )


def whole(daemon: Running, samples: int, frame: int = 512) -> Stats:
    """What the daemon counted when all that was sent had been played; it is ended then."""
    stats = daemon.wait_for(lambda stats: stats["frames"]["played"] * frame >= samples)
    daemon.finish()
    assert_adds_up(stats)
    return stats


@pytest.mark.parametrize(
    ("packet", "frame", "lookahead", "depth", "suffix", "channels", "predictor"),
    [
        (512, 512, 0, "300ms", "wav", 1, "burg:1024/4096"),
        (512, 512, 1, "300ms", "flac", 2, "lpc:128/3584"),
        (320, 320, 1, "40", "flac", 1, "burg:32/256"),
        (128, 128, 1, "300ms", "wav", 2, "burg:32/256"),
        (320, 512, 0, "300ms", "wav", 1, "burg:32/256"),
        (64, 512, 0, "300ms", "flac", 1, "burg:32/256"),
    ],
)
def test_live_equals_offline(
    tmp_path: Path,
    packet: int,
    frame: int,
    lookahead: int,
    depth: str,
    suffix: str,
    channels: int,
    predictor: str,
) -> None:
    source, trace = tmp_path / "in.wav", tmp_path / "trace.txt"
    live = tmp_path / f"live.{suffix}"
    audio = music(SECONDS, channels)
    write_float(source, audio)
    flags = ("--lookahead", str(lookahead), "--depth", depth, "--predictor", predictor)
    with running("--output", f"file:{live}", *flags, "--packet", str(frame)) as daemon:
        send_file(source, daemon.address, trace, packet)
        stats = whole(daemon, len(audio), frame)
    assert stats["packets"]["late"] == 0
    assert stats["packets"]["duplicate"] > 0
    assert stats["packets"]["reordered"] > 0
    lost = trace.read_text().count("1")
    trailing = len(trace.read_text().split("0")[-1].split())
    assert stats["packets"]["lost"] == lost - trailing > 0
    assert_same(live, source, trace, packet, lookahead, predictor)


@pytest.mark.parametrize("depth", ["40ms", "4"])
def test_at_the_depths_people_use(tmp_path: Path, depth: str) -> None:
    """A machine that is busy for 40 ms makes packets late, honestly: such a take says nothing and is repeated."""
    source, trace, live = tmp_path / "in.wav", tmp_path / "trace.txt", tmp_path / "live.wav"
    audio = music(SECONDS)
    write_float(source, audio)
    flags = ("--output", f"file:{live}", "--lookahead", "1", "--depth", depth)
    for _ in range(5):
        with running(*flags, *QUICK) as daemon:
            send_file(source, daemon.address, trace)
            stats = whole(daemon, len(audio))
        if stats["packets"]["late"] == 0 and stats["events"]["underruns"] == 0:
            assert_same(live, source, trace, 512, 1, QUICK[1])
            return
    pytest.skip("this machine is too busy for a depth of 40 ms")


def test_wrap_in_mid_stream(tmp_path: Path) -> None:
    """Sequence number and timestamp both begin shortly before their end."""
    source, trace, live = tmp_path / "in.wav", tmp_path / "trace.txt", tmp_path / "live.wav"
    audio = music(SECONDS, 2)
    write_float(source, audio)
    stream = StreamFormat("L16", RATE, 2)
    options = SendOptions(first_sequence=0xFFFF - 30, first_timestamp=(1 << 32) - 60 * 512)
    impairment = Impairment(Gilbert(0.08, 0.5), jitter_ms=3.0, reorder=0.3)
    flags = ("--output", f"file:{live}", "--lookahead", "0", "--depth", "300ms", "--log-level", "debug")
    with running(*flags, *QUICK) as daemon:
        report = Sender(audio, stream, daemon.address, options, impairment).run()
        stats = whole(daemon, len(audio))
    trace.write_text(format_trace(report.flags))
    assert_same(live, source, trace, 512, 0, QUICK[1])
    assert stats["events"]["restarts"] == 0
    assert daemon.text.count("wrapped around") == 2


def test_lossless_is_exact_at_24_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    audio = (rng.integers(-(1 << 23), 1 << 23, (48000, 2)) / (1 << 23)).astype(np.float32)
    live = tmp_path / "live.flac"
    flags = ("--output", f"file:{live}", "--rtp-map", "96=L24/48000/2", "--depth", "300ms")
    with running(*flags, *QUICK) as daemon:
        Sender(audio, StreamFormat("L24", 48000, 2), daemon.address, SendOptions(packet=48)).run()
        whole(daemon, len(audio))
    np.testing.assert_array_equal(played(live)[: len(audio)], audio)


def assert_same(live: Path, source: Path, trace: Path, packet: int, lookahead: int, predictor: str) -> None:
    """What was played live begins with what ``plcd conceal`` makes of the trace; a FLAC file has it in 24 bits."""
    offline = live.with_name("offline.wav")
    conceal_file(source, parse_trace(trace.read_text()), offline, Settings(packet, predictor, lookahead))
    want, got = played(offline), played(live)
    if live.suffix == ".flac":
        want = to_pcm24(want).astype(np.float32) / 2.0**31
    assert len(got) >= len(want)
    different = np.flatnonzero((got[: len(want)] != want).any(axis=1))
    assert not different.size, f"{different.size} samples differ, the first is {different[0]}"

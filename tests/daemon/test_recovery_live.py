"""Copies and parity over real sockets, through a relay that loses what the test says: what they cover is never concealed."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from relay import relaying
from running import PATIENT, PLCD, QUICK, RATE, Stats, assert_adds_up, music, played, running

from plcd.core.frame import Samples
from plcd.io.sender import Sender, SendOptions
from plcd.wire.payload_map import parse_rtp_map

SECONDS = 1.2
FORMS = ["11=L16/44100/1", "97=L24/44100/2"]


def through(
    path: Path, drops: Callable[[int], bool], form: str = "11=L16/44100/1", **options: Any
) -> tuple[Samples, Samples, Stats, int]:
    """What was sent, what was played, the stats, and how many datagrams the relay lost."""
    number, _, text = form.partition("=")
    _, stream = parse_rtp_map(f"96={text}")
    audio = music(SECONDS, stream.channels)
    flags = () if number == "11" else ("--rtp-map", form)
    with running("--output", f"file:{path}", *PATIENT, *QUICK, *flags) as daemon:
        with relaying(daemon.address, drops) as relay:
            Sender(audio, stream, relay.address, SendOptions(payload_type=int(number), **options)).run()
            stats = daemon.wait_idle()
        daemon.finish()
    assert_adds_up(stats)
    return audio, played(path), stats, relay.dropped


def assert_whole(audio: Samples, got: Samples, stats: Stats) -> None:
    """Nothing was concealed; every sample that was sent was played."""
    by_origin = stats["frames"]["by_origin"]
    concealed = sum(by_origin[name] for name in ("refined", "interpolated", "predicted", "silence"))
    # The last frame is cut where the audio ends: what follows the end is faded.
    assert concealed <= stats["frames"]["played"] - by_origin["idle"] - by_origin["received"]
    whole = len(audio) // 512 * 512
    np.testing.assert_allclose(got[:whole], audio[:whole], rtol=0, atol=2**-16)
    packets = stats["packets"]
    assert packets["lost"] == packets["late"] == packets["duplicate"] == packets["stray"] == 0
    assert packets["expected"] == -(-len(audio) // 512) == packets["on_time"] + packets["recovered"]
    assert stats["events"]["restarts"] == stats["events"]["reanchored"] == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("copies", "burst"), [(1, 1), (3, 3)])
def test_copies(tmp_path: Path, form: str, copies: int, burst: int) -> None:
    """Bursts as long as there are copies, every eighth packet, the second packet of the stream among them."""
    audio, got, stats, dropped = through(
        tmp_path / "take.wav", lambda n: n < 100 and 0 < n % 8 <= burst, form, redundancy=copies
    )
    assert_whole(audio, got, stats)
    assert stats["packets"]["recovered"] == stats["packets"]["recovered_by_copy"] == dropped >= 12


@pytest.mark.parametrize("form", FORMS)
def test_parity(tmp_path: Path, form: str) -> None:
    """One of every group of four packets and their parity is lost, each in its turn, parity itself too."""
    audio, got, stats, dropped = through(
        tmp_path / "take.wav", lambda n: 4 < n < 100 and n % 5 == n // 5 * 3 % 5, form, fec=4
    )
    assert_whole(audio, got, stats)
    assert stats["packets"]["recovered"] == stats["packets"]["recovered_by_parity"] == dropped - 4 == 15
    assert stats["packets"]["parity"] >= 22


def test_without_either_the_same_losses_are_concealed(tmp_path: Path) -> None:
    _, _, stats, dropped = through(tmp_path / "take.wav", lambda n: n < 100 and n % 8 == 1)
    assert stats["packets"]["lost"] == dropped >= 12
    assert stats["packets"]["recovered"] == 0


def test_copies_fall_short_of_longer_bursts(tmp_path: Path) -> None:
    """Two lost in a row with one copy: of each pair one is lost and one recovered."""
    _, _, stats, dropped = through(
        tmp_path / "take.wav", lambda n: 8 < n < 92 and n % 8 in (1, 2), redundancy=1
    )
    assert stats["packets"]["lost"] == stats["packets"]["recovered"] == dropped // 2 >= 9


def test_the_command_sends_both_and_needs_no_flag_at_the_other_end(tmp_path: Path) -> None:
    """``plcd send`` with a network of its own that loses packets; the trace it writes is of audio packets only."""
    take = tmp_path / "sent.wav"
    soundfile.write(take, music(SECONDS), RATE, subtype="PCM_16")
    trace = tmp_path / "trace.txt"
    with running("--output", "null", *PATIENT, *QUICK) as daemon:
        to = f"{daemon.address[0]}:{daemon.address[1]}"
        network = ("--loss", "periodic:7", "--dump-trace", str(trace))
        command = [*PLCD, "send", str(take), "--to", to, "--redundancy", "1", "--fec", "5", *network]
        sent = subprocess.run(command, check=True, capture_output=True, text=True)
        stats = daemon.wait_idle()
        daemon.finish()
    packets = stats["packets"]
    flags = trace.read_text().split()
    assert len(flags) == -(-int(SECONDS * RATE) // 512)
    assert f"{flags.count('1')} lost" in sent.stdout
    assert packets["recovered"] == flags.count("1") > 5
    assert packets["lost"] == packets["late"] == 0
    assert "smaller --packet" in sent.stderr
    assert_adds_up(stats)

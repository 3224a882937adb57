"""``--record``: what is heard, and a sidecar that says exactly what of it was not received."""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
from running import MONO, PATIENT, QUICK, RATE, Source, music, played, running

from plcd.core.hole import CROSSFADE_S
from plcd.core.impairment import Impairment
from plcd.core.loss import Bursts
from plcd.io.sender import Sender, SendOptions


def test_holes_are_those_of_the_trace(tmp_path: Path) -> None:
    """Bursts of three in every twenty packets: short enough that every lost sample is predicted."""
    take = tmp_path / "take.wav"
    audio = music(1.5)
    with running("--output", "null", "--record", str(take), "--lookahead", "0", *PATIENT, *QUICK) as daemon:
        report = Sender(audio, MONO, daemon.address, SendOptions(), Impairment(Bursts(3, 20))).run()
        daemon.wait_idle()
        daemon.finish()
    sidecar = json.loads((tmp_path / "take.wav.json").read_text())
    got = played(take)
    assert sidecar["samples"] == len(got)
    assert sidecar["sha256"] == hashlib.sha256(take.read_bytes()).hexdigest()
    assert (sidecar["version"], sidecar["rate"], sidecar["channels"]) == (1, RATE, 1)
    starts = np.flatnonzero(report.flags & ~np.roll(report.flags, 1)) * 512
    inside = [hole for hole in sidecar["holes"] if hole[0] < len(audio)]
    assert inside == [[start, 3 * 512, "predicted"] for start in starts.tolist()]
    assert [hole[2] for hole in sidecar["holes"] if hole[0] >= len(audio)] == ["predicted", "silence"]
    received = np.ones(len(audio), bool)
    for start, length, _ in inside:
        received[start : start + length + round(CROSSFADE_S * RATE)] = False  # and the crossfade behind it
    np.testing.assert_array_equal(got[: len(audio)][received], audio[received])


def test_what_was_recorded_before_is_kept(tmp_path: Path) -> None:
    """And a depth without a unit, where it is large, is not taken for milliseconds silently."""
    take = tmp_path / "take.wav"
    take.write_bytes(b"last night")
    with running("--output", "null", "--record", str(take), "--depth", "12", *QUICK) as daemon:
        with Source(daemon.address) as source:
            source.stream(music(0.5))
        daemon.wait_idle()
        log = daemon.finish()
    assert take.read_bytes() == b"last night"
    assert not (tmp_path / "take.wav.json").exists()
    assert len(played(tmp_path / "take-2.wav")) > 0.5 * RATE
    assert f"recording to {tmp_path / 'take-2.wav'}" in log
    assert "depth: 12 packets of 512 samples (128 ms at 48 kHz); for milliseconds write 12ms" in log


def test_idle_time_is_recorded_as_silence(tmp_path: Path) -> None:
    """With rate and channels given the output opens at once: the recording has what came before the stream."""
    take = tmp_path / "take.flac"
    flags = ("--rate", str(RATE), "--channels", "1", "--record", str(take))
    audio = music(0.5)
    with running("--output", "null", *flags, *PATIENT, *QUICK) as daemon:
        time.sleep(0.5)
        with Source(daemon.address) as source:
            source.stream(audio)
        daemon.wait_idle()
        daemon.finish()
    got = played(take)
    start = int(np.flatnonzero(got[:, 0])[0])
    assert start >= 0.7 * RATE  # the pause and the depth
    np.testing.assert_array_equal(got[start : start + len(audio)], audio)
    sidecar = json.loads((tmp_path / "take.flac.json").read_text())
    assert sidecar["holes"][0][0] == start + len(audio)  # idle is not a hole

"""A session that a daemon played and wrote down meanwhile, played again."""

import subprocess
from pathlib import Path

import numpy as np
from running import PATIENT, PLCD, QUICK, assert_adds_up, music, played, running

from plcd.core.impairment import Impairment
from plcd.core.loss import Gilbert
from plcd.core.packet import StreamFormat
from plcd.io.sender import Sender, SendOptions

RATE = 44_100
STEREO = StreamFormat("L16", RATE, 2)


def test_a_replay_is_what_was_heard(tmp_path: Path) -> None:
    """With a depth that no delay of this machine exceeds, to the bit; fragments, swaps and wraps among it."""
    live, again, session = tmp_path / "live.wav", tmp_path / "again.wav", tmp_path / "s.plcdcap"
    flags = ("--lookahead", "1", *PATIENT, *QUICK)
    options = SendOptions(packet=700, first_sequence=0xFFFF - 50, first_timestamp=(1 << 32) - 60 * 700)
    impairment = Impairment(Gilbert(0.08, 0.5), jitter_ms=20.0, reorder=0.2, duplicate=0.05)
    with running("--output", f"file:{live}", "--capture", str(session), *flags) as daemon:
        report = Sender(music(4.0, 2), STEREO, daemon.address, options, impairment).run()
        stats = daemon.wait_idle()
        daemon.finish()
    assert stats["capture"] == {"path": str(session), "datagrams": report.sent, "dropped": 0, "error": None}
    assert_adds_up(stats)
    command = [*PLCD, "replay", str(session), "-o", str(again), "--model", "none", *flags]
    subprocess.run(command, check=True, capture_output=True)
    heard, replayed = played(live), played(again)
    # Live it goes on until the stream has been silent for a second.
    assert report.samples <= len(replayed) <= len(heard)
    assert np.array_equal(heard[: report.samples], replayed[: report.samples])


def test_strangers_are_in_it_and_addresses_are_not(tmp_path: Path) -> None:
    session = tmp_path / "s.plcdcap"
    flags = ("--output", "null", "--capture", str(session), "--anonymous", *PATIENT, *QUICK)
    with running("--allow", "192.0.2.0/24", *flags) as daemon:
        report = Sender(music(0.5), StreamFormat("L16", RATE, 1), daemon.address).run()
        daemon.wait_for(lambda stats: stats["capture"]["datagrams"] == report.sent)
        daemon.finish()
    assert bytes([127, 0, 0, 1]) not in session.read_bytes()
    out = subprocess.run(
        [*PLCD, "replay", str(session), "--model", "none", *QUICK], check=True, capture_output=True, text=True
    ).stdout
    assert f"plcd replay: {report.sent} datagrams, 0.5 s of sound" in out

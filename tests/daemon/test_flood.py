"""A stranger sends 50,000 datagrams a second for three seconds: the stream goes on."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from running import PATIENT, QUICK, assert_adds_up, music, running, send

FLOODER = Path(__file__).with_name("flooder.py")
RATE_PER_S = 50_000
SECONDS = 3.0
HEAD_START_S = 0.5

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the flooder needs sendmmsg, and the daemon its kernel filter"
)


def flood(port: int, size: int, kind: str) -> "subprocess.Popen[str]":
    command = (
        sys.executable,
        FLOODER,
        "127.0.0.1",
        str(port),
        str(size),
        str(RATE_PER_S),
        str(SECONDS),
        kind,
    )
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("first", ["stream", "flood"])
@pytest.mark.parametrize(("size", "kind"), [(60, "noise"), (1036, "rtp")])
def test_at_most_one_packet_in_a_hundred_is_lost(size: int, kind: str, first: str) -> None:
    """Whoever comes first: a flood that is there before the stream must not keep it from being accepted."""
    audio = music(SECONDS + 0.5)
    with running("--output", "null", *PATIENT, *QUICK) as daemon:
        floods = []
        begin = threading.Timer(
            0.0 if first == "flood" else HEAD_START_S,
            lambda: floods.append(flood(daemon.address[1], size, kind)),
        )
        begin.start()
        time.sleep(HEAD_START_S if first == "flood" else 0.0)
        report = send(audio, daemon.address)
        begin.join()
        sent, rate = (int(word) for word in floods[0].communicate()[0].split())
        stats = daemon.wait_idle()
        log = daemon.finish()
    print(f"flood of {sent} datagrams of {size} bytes, {rate} a second; packets: {stats['packets']}")
    packets = stats["packets"]
    assert report.packets - packets["on_time"] <= 0.01 * report.packets
    assert stats["events"]["restarts"] == 0
    assert_adds_up(stats)
    rejected = packets["foreign"] + packets["kernel_dropped"] + packets["queue_dropped"] + packets["stray"]
    rejected += sum(packets["malformed"].values()) + sum(packets["refused"].values())
    assert (
        0.5 * sent <= rejected <= sent + report.packets
    )  # the last ones are known when another packet comes
    if rate >= 0.5 * RATE_PER_S:  # a machine that cannot flood proves nothing about floods
        assert "flood from" in log
    assert len(log.splitlines()) < 30

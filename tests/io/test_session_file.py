import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from apt_packages import provide

from plcd.io import session_file
from plcd.io.recorder import sidecar_path
from plcd.io.session_file import SessionFile, SessionFileError
from plcd.io.session_reader import Arrived, arrivals, survey
from plcd.io.unused import unused
from plcd.wire.jacktrip import STOP

TO = ("127.0.0.1", 9000)
RTCP = bytes([0x80, 200]) + bytes(26)


def content(path: Path) -> list[Arrived]:
    return list(arrivals(path, survey(path)))


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::5", "fe80::1%eth0"])
@pytest.mark.parametrize("to", [TO, ("::", 9000), ("::1", 9000)])
def test_what_was_taken_is_in_the_file(tmp_path: Path, host: str, to: tuple[str, int]) -> None:
    file = SessionFile(tmp_path / "s.pcapng", to)
    sent = [(bytes([n]) * (n + 1), host, 5000 + n, 10**9 + 12_345 * n) for n in range(200)]
    for one in sent:
        file.write(*one)
    file.close()
    assert file.status() == {"path": str(file.path), "datagrams": 200, "dropped": 0, "error": None}
    found = content(file.path)
    assert [one.data for one in found] == [data for data, *_ in sent]
    assert [(one.host, one.port) for one in found] == [(host.partition("%")[0], 5000 + n) for n in range(200)]
    assert [one.ns - found[0].ns for one in found] == [12_345 * n for n in range(200)]


def test_it_grows_meanwhile_and_survives_a_crash(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "s.pcapng", TO)
    for n in range(50):
        file.write(bytes([n]), "192.0.2.7", 5000, n)
    deadline = 300
    while file.written < 50 and deadline:
        file._closing.wait(0.1)
        deadline -= 1
    assert len(content(file.path)) == 50
    file.close()


def test_anonymous_files_name_nobody(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "s.pcapng", ("198.51.100.23", 9000), anonymous=True)
    jacktrip = struct.pack("<QHHBBBB", 0xC8_80, 7, 2, 2, 16, 1, 0) + b"abcd"
    assert jacktrip[0] >> 6 == 2
    assert 192 <= jacktrip[1] < 224
    for data, host in (
        (b"one", "203.0.113.77"),
        (RTCP, "203.0.113.77"),
        (jacktrip, "203.0.113.77"),
        (STOP, "10.1.2.3"),
        (b"six", "2a02::1"),
    ):
        file.write(data, host, 5000, 0)
    file.close()
    raw = file.path.read_bytes()
    for address in (bytes([203, 0, 113, 77]), bytes([10, 1, 2, 3]), bytes([198, 51, 100, 23]), b"\x2a\x02"):
        assert address not in raw
    found = content(file.path)
    assert [one.data for one in found] == [b"one", jacktrip, STOP, b"six"]
    assert [one.host for one in found] == ["192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1"]


def test_a_slow_disk_costs_datagrams_that_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_file, "QUEUE_LIMIT", 10)
    file = SessionFile(tmp_path / "s.pcapng", TO)
    for _ in range(1000):
        file.write(b"x", "192.0.2.7", 5000, 0)
    file.close()
    assert file.dropped > 0
    assert file.written + file.dropped == 1000
    assert len(content(file.path)) == file.written


def test_nor_may_large_datagrams_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_file, "QUEUE_BYTES", 10_000)
    file = SessionFile(tmp_path / "s.pcapng", TO)
    for _ in range(100):
        file.write(bytes(1000), "192.0.2.7", 5000, 0)
    file.close()
    assert file.dropped >= 50
    assert file.written + file.dropped == 100


def test_a_session_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.pcapng"
    path.write_bytes(b"last night")
    with pytest.raises(SessionFileError, match=r"cannot write .*s\.pcapng: File exists"):
        SessionFile(path, TO)
    assert path.read_bytes() == b"last night"
    with pytest.raises(SessionFileError, match="No such file or directory"):
        SessionFile(tmp_path / "nowhere" / "s", TO)


def test_a_daemon_that_starts_anew_goes_on_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "night.plcdcap"
    assert unused(path) == path
    path.touch()
    assert unused(path) == tmp_path / "night-2.plcdcap"
    (tmp_path / "night-2.plcdcap").touch()
    assert unused(path) == tmp_path / "night-3.plcdcap"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_ends_it_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "s.pcapng"
    failures = list[str]()
    file = SessionFile(path, TO, on_error=failures.append)
    os.dup2(full := os.open("/dev/full", os.O_WRONLY), file._file._file.fileno())
    os.close(full)
    file.write(b"x", "192.0.2.7", 5000, 0)
    file.close()
    assert failures == [f"capture: {path}: No space left on device"]
    assert file.status()["error"] == f"{path}: No space left on device"
    file.write(b"x", "192.0.2.7", 5000, 0)


@pytest.fixture
def both_versions(tmp_path: Path) -> Path:
    """A file with three datagrams each of IPv4 and IPv6."""
    file = SessionFile(tmp_path / "s.pcapng", ("::", 9000))
    for n in range(3):
        file.write(b"hello", "192.0.2.7", 5000, n)
        file.write(b"hello!", "2001:db8::5", 5000, n)
    file.close()
    return file.path


def test_tcpdump_reads_it(both_versions: Path) -> None:
    missing = provide(lambda: shutil.which("tcpdump") is not None, ("tcpdump",), "tcpdump")
    if missing:
        pytest.skip(missing)
    command = ["tcpdump", "-n", "-vv", "--nano", "-tt", "-r", str(both_versions)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert sum("192.0.2.7.5000 > 0.0.0.0.9000: [no cksum] UDP, length 5" in line for line in lines) == 3
    assert sum("2001:db8::5.5000 > ::.9000: [udp sum ok] UDP, length 6" in line for line in lines) == 3
    stamps = [int(line.split()[0].replace(".", "")) for line in lines if not line.startswith(" ")]
    assert [stamp - stamps[0] for stamp in stamps] == [0, 0, 1, 1, 2, 2]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_wireshark_reads_it(both_versions: Path) -> None:
    fields = ("ip.src", "ipv6.src", "udp.srcport", "udp.dstport", "udp.length", "udp.checksum.status")
    command = [
        "tshark",
        "-r",
        str(both_versions),
        "-o",
        "udp.check_checksum:TRUE",
        "-T",
        "fields",
        "-E",
        "separator=,",
    ]
    for name in fields:
        command += ["-e", name]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.splitlines() == ["192.0.2.7,,5000,9000,13,3", ",2001:db8::5,5000,9000,14,1"] * 3
    infos = subprocess.run(
        ["capinfos", str(both_versions)], capture_output=True, text=True, check=True
    ).stdout
    assert "nanoseconds (9)" in infos
    assert "Number of packets:   6" in infos


def test_a_name_is_used_when_what_lies_beside_it_is_there(tmp_path: Path) -> None:
    """A take that was moved away left its list of holes."""
    (tmp_path / "take.wav.json").touch()
    assert unused(tmp_path / "take.wav", sidecar_path) == tmp_path / "take-2.wav"
    assert unused(tmp_path / "take.wav") == tmp_path / "take.wav"

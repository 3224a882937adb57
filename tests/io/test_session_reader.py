import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from apt_packages import provide
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plcd.io.session_reader import SessionError, arrivals, survey
from plcd.wire import ip_udp, pcap

HERE, THERE = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
NS = 1_760_000_000_000_000_000


def session(path: Path, packets: list[tuple[int, bytes, int, bytes]]) -> Path:
    """(ns from the start, destination, port, data) each."""
    blocks = [
        pcap.packet(NS + ns, ip_udp.build(THERE, 5004, to, port, data)) for ns, to, port, data in packets
    ]
    path.write_bytes(pcap.section("test", "x") + b"".join(blocks))
    return path


def test_the_session_is_what_most_datagrams_went_to(tmp_path: Path) -> None:
    path = session(
        tmp_path / "s",
        [(5, HERE, 9000, b"a"), (7, HERE, 9001, b"no"), (9, HERE, 9000, b"b"), (11, THERE, 9000, b"no")],
    )
    found = survey(path)
    assert (found.to, found.datagrams, found.last_ns - found.first_ns) == (("192.0.2.1", 9000), 2, 4)
    assert dict(found.others) == {("192.0.2.1", 9001): 1, ("192.0.2.2", 9000): 1}
    assert [one.data for one in arrivals(path, found)] == [b"a", b"b"]
    assert [(one.host, one.port) for one in arrivals(path, found)] == [("192.0.2.2", 5004)] * 2


def test_another_one_can_be_chosen(tmp_path: Path) -> None:
    path = session(
        tmp_path / "s",
        [(5, HERE, 9000, b"a"), (7, HERE, 9001, b"b"), (9, HERE, 9000, b"c"), (11, THERE, 9000, b"d")],
    )
    assert [one.data for one in arrivals(path, survey(path, ("", 9001)))] == [b"b"]
    assert [one.data for one in arrivals(path, survey(path, ("", 9000)))] == [b"a", b"c", b"d"]
    assert [one.data for one in arrivals(path, survey(path, ("192.0.2.2", 9000)))] == [b"d"]
    with pytest.raises(SessionError, match=r"nothing to port 9, but to 9000, 9001: say another with --to"):
        survey(path, ("", 9))


def test_every_interface_of_both_versions_is_one_place(tmp_path: Path) -> None:
    path = tmp_path / "s"
    v4 = ip_udp.build(THERE, 1, bytes(4), 9000, b"four")
    v6 = ip_udp.build(bytes(15) + b"\1", 1, bytes(16), 9000, b"six")
    path.write_bytes(pcap.section("t", "t") + pcap.packet(NS, v4) + pcap.packet(NS, v6))
    found = survey(path)
    assert found.datagrams == 2
    assert not found.others
    assert [one.data for one in arrivals(path, found)] == [b"four", b"six"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x00" * 100, "is no capture: expected pcapng or pcap"),
        (pcap.section("t", "t"), "holds no whole UDP datagram"),
        (pcap.section("t", "t") + pcap.packet(NS, b"\x45" + bytes(40)), "holds no whole UDP datagram"),
        (pcap.section("t", "t")[:-3], "ends in the middle of a packet, and has none before it"),
        (
            pcap.section("t", "t").replace(struct.pack("<HHI", 101, 0, 0), struct.pack("<HHI", 105, 0, 0))
            + pcap.packet(NS, b"wireless"),
            "link type 105, which plcd does not read",
        ),
        (
            pcap.section("t", "t") + pcap.packet(NS, ip_udp.build(HERE, 1, THERE, 2, b"long")[:-2]),
            r"no whole UDP datagram \(1 were cut short: tcpdump needs -s 0\)",
        ),
    ],
)
def test_bad_files_are_told_what_is_wrong_in_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.pcap"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=says) as caught:
        survey(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match=r"cannot read .*: No such file"):
        survey(tmp_path / "none")
    with pytest.raises(SessionError, match=r"cannot read .*: Is a directory"):
        survey(tmp_path)


def test_stamps_years_apart_are_no_session(tmp_path: Path) -> None:
    path = session(tmp_path / "s", [(0, HERE, 9000, b"a"), (400 * 86_400 * 10**9, HERE, 9000, b"b")])
    with pytest.raises(SessionError, match="its stamps span 400 days: a clock was set"):
        survey(path)


def test_a_file_that_ends_early_gives_what_is_there(tmp_path: Path) -> None:
    path = session(tmp_path / "s", [(n, HERE, 9000, bytes([n])) for n in range(10)])
    path.write_bytes(path.read_bytes()[:-5])
    found = survey(path)
    assert (found.truncated, found.datagrams) == (True, 9)
    assert len(list(arrivals(path, found))) == 9


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_the_bytes_nothing_else_is_raised(tmp_path: Path, data: st.DataObject) -> None:
    path = session(tmp_path / "s", [(n, HERE, 9000, bytes([n])) for n in range(3)])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(SessionError):
        found = survey(path)
        assert len(list(arrivals(path, found))) == found.datagrams


@contextlib.contextmanager
def tcpdump(path: Path, port: int, *flags: str) -> Iterator[None]:
    """A real one, which listens to loopback meanwhile; skips where there can be none."""
    missing = provide(lambda: shutil.which("tcpdump") is not None, ("tcpdump",), "tcpdump")
    if missing or os.geteuid() != 0:
        pytest.skip(missing or "tcpdump needs root to listen")
    command = ["tcpdump", "-U", "-n", *flags, "-w", str(path), "udp", "port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "listening on" not in said:
            line = process.stderr.readline()
            said += line
            if not line:
                pytest.skip(f"tcpdump does not listen here: {said.strip()}")
        yield
        deadline = time.monotonic() + 30
        size = -1
        while time.monotonic() < deadline and (size != path.stat().st_size or size < 2000):
            size = path.stat().st_size
            time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.mark.parametrize(
    "flags",
    [
        ("-i", "lo"),
        ("-i", "lo", "--nano"),
        ("-i", "any", "-y", "LINUX_SLL2"),
        ("-i", "any", "-y", "LINUX_SLL"),
    ],
)
def test_what_tcpdump_wrote_is_read(tmp_path: Path, receiver: socket.socket, flags: tuple[str, ...]) -> None:
    port, path = receiver.getsockname()[1], tmp_path / "t.pcap"
    with tcpdump(path, port, *flags), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        before = time.time_ns()
        for n in range(20):
            sender.sendto(bytes([n]) * 100, ("127.0.0.1", port))
        after = time.time_ns()
        sent_from = sender.getsockname()[1]
    found = survey(path)
    assert found.to == ("127.0.0.1", port)
    taken = list(arrivals(path, found))
    assert [one.data for one in taken] == [bytes([n]) * 100 for n in range(20)]
    assert {(one.host, one.port) for one in taken} == {("127.0.0.1", sent_from)}
    assert before - 1000 <= found.first_ns <= found.last_ns <= after + 10**9

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from plcd.core.frame import Samples
from plcd.core.impairment import Impairment
from plcd.core.loss import Bursts, Gilbert, Periodic
from plcd.core.packet import AudioPacket, StreamFormat
from plcd.io.sender import Sender, SendOptions
from plcd.wire.depacketizer import Depacketizer
from plcd.wire.formats import Formats
from plcd.wire.jacktrip import STOP

MONO = StreamFormat("L16", 44100, 1)
STEREO_24 = StreamFormat("L24", 48000, 2)
PACKET = 64
DEPACKETIZER = Depacketizer({96: STEREO_24})


def numbered(samples: int, channels: int = 1) -> Samples:
    """Every sample identifies itself: 16-bit integers that count up."""
    count = np.arange(samples * channels) % 65536 - 32768
    return (count / 32768).astype(np.float32).reshape(-1, channels)


def received(sock: socket.socket) -> list[AudioPacket]:
    """All that waits in the socket."""
    packets: list[AudioPacket] = []
    while True:
        try:
            datagram, (host, port) = sock.recvfrom(65536)
        except TimeoutError:
            return packets
        packets.append(DEPACKETIZER.parse(datagram, host, port))


def address(sock: socket.socket) -> tuple[str, int]:
    host, port = sock.getsockname()[:2]
    return host, port


def options(**values: int) -> SendOptions:
    return SendOptions(packet=PACKET, first_sequence=0, first_timestamp=0, **values)  # type: ignore[arg-type]


def test_audio_arrives_exact_and_the_last_packet_is_short(receiver: socket.socket) -> None:
    audio = numbered(20 * PACKET + 5)
    report = Sender(audio, MONO, address(receiver), options(ssrc=77)).run()
    packets = received(receiver)
    assert [packet.sequence for packet in packets] == list(range(21))
    assert [packet.timestamp for packet in packets] == [PACKET * index for index in range(21)]
    assert {packet.source.stream for packet in packets} == {77}
    assert [len(packet.samples) for packet in packets] == [PACKET] * 20 + [5]
    assert np.array_equal(np.concatenate([packet.samples for packet in packets]), audio)
    assert (report.packets, report.samples, report.sent, report.lost) == (21, len(audio), 21, 0)
    assert (report.duplicated, report.reordered, report.flags.sum()) == (0, 0, 0)


def test_blocks_of_any_size_in_24_bits_and_stereo(receiver: socket.socket) -> None:
    audio = numbered(1000, 2)
    sender = Sender(iter(np.split(audio, [1, 300, 301])), STEREO_24, address(receiver), options())
    assert sender.payload_type == 96
    sender.run()
    packets = received(receiver)
    assert {packet.format for packet in packets} == {STEREO_24}
    assert np.array_equal(np.concatenate([packet.samples for packet in packets]), audio)


def test_over_ipv6() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        sock.settimeout(0.2)
        Sender(numbered(PACKET), MONO, address(sock), options()).run()
        assert len(sock.recv(65536)) == 12 + 2 * PACKET


def test_exactly_the_flagged_packets_are_missing(receiver: socket.socket) -> None:
    impairment = Impairment(Gilbert(0.3, 0.5), seed=4)
    report = Sender(numbered(100 * PACKET), MONO, address(receiver), options(), impairment).run()
    arrived = [packet.sequence for packet in received(receiver)]
    assert arrived == np.flatnonzero(~report.flags).tolist()
    assert report.lost == report.flags.sum() == 100 - len(arrived)


def test_jitter_reordering_and_duplicates_lose_nothing(receiver: socket.socket) -> None:
    impairment = Impairment(jitter_ms=4, reorder=0.3, duplicate=0.3)
    report = Sender(numbered(100 * PACKET), MONO, address(receiver), options(), impairment).run()
    arrived = [packet.sequence for packet in received(receiver)]
    first = list(dict.fromkeys(arrived))
    overtaken = [number for index, number in enumerate(first) if index and number < max(first[:index])]
    assert sorted(first) == list(range(100))
    assert len(arrived) == report.sent == 100 + report.duplicated
    assert report.duplicated > 0
    assert report.reordered == len(overtaken) > 0


def test_numbers_wrap(receiver: socket.socket) -> None:
    choice = SendOptions(packet=PACKET, first_sequence=0xFFFF, first_timestamp=0xFFFF_FFFF)
    Sender(numbered(2 * PACKET), MONO, address(receiver), choice).run()
    first, second = received(receiver)
    assert (first.sequence, first.timestamp) == (0xFFFF, 0xFFFF_FFFF)
    assert (second.sequence, second.timestamp) == (0, PACKET - 1)


def test_the_start_is_random_and_follows_the_seed(receiver: socket.socket) -> None:
    starts = []
    for seed in (1, 1, 2):
        Sender(numbered(1), MONO, address(receiver), SendOptions(seed=seed)).run()
        (packet,) = received(receiver)
        starts.append((packet.source.stream, packet.sequence, packet.timestamp))
    assert starts[0] == starts[1]
    assert all(one != other for one, other in zip(starts[1], starts[2], strict=True))


@pytest.mark.parametrize("ppm", [0.0, 10_000.0, -10_000.0])
def test_a_sender_is_never_ahead_of_its_clock(receiver: socket.socket, ppm: float) -> None:
    packets = 150
    start = time.monotonic_ns()
    choice = SendOptions(packet=PACKET, ppm=ppm)
    Sender(numbered(packets * PACKET), MONO, address(receiver), choice, Impairment(Bursts(1, 1))).run()
    # A lost packet takes its time too; the last one leaves a packet before the audio's end.
    assert time.monotonic_ns() - start >= (packets - 1) * PACKET * 1e9 / (44100 * (1 + ppm * 1e-6)) - 1000


def test_a_slow_source_is_caught_up_with(receiver: socket.socket) -> None:
    def blocks() -> Iterator[Samples]:
        yield numbered(PACKET)
        time.sleep(0.1)
        yield numbered(50 * PACKET)

    report = Sender(blocks(), MONO, address(receiver), options()).run()
    assert report.sent == 51
    # The second packet was due 1.5 ms after the first.
    assert report.max_lateness_ms >= 90


def test_a_live_source_keeps_its_own_time(receiver: socket.socket) -> None:
    begun = threading.Event()
    goes_on = threading.Event()

    def blocks() -> Iterator[Samples]:
        yield numbered(PACKET)
        begun.set()
        assert goes_on.wait(30)
        yield numbered(PACKET)

    sender = Sender(blocks(), MONO, address(receiver), options(live=True))
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        assert begun.wait(30)
        # The first has left before the second is there.
        assert [packet.sequence for packet in received(receiver)] == [0]
    finally:
        goes_on.set()
        thread.join()
    assert [packet.sequence for packet in received(receiver)] == [1]


def test_stop_ends_an_endless_stream(receiver: socket.socket) -> None:
    def forever() -> Iterator[Samples]:
        while True:
            yield numbered(PACKET)

    reports = []
    sender = Sender(forever(), MONO, address(receiver), options(), Impairment(Periodic(2)))
    thread = threading.Thread(target=lambda: reports.append(sender.run()))
    thread.start()
    receiver.settimeout(30)
    for _ in range(5):
        receiver.recv(65536)
    sender.stop()
    thread.join(30)
    assert reports[0].packets >= 9


def test_stop_does_not_wait_for_what_is_delayed(receiver: socket.socket) -> None:
    sender = Sender(numbered(1), MONO, address(receiver), options(), Impairment(jitter_ms=10_000))
    sender.stop()
    assert sender.run().sent == 0


def test_a_failing_source_is_the_callers_matter(receiver: socket.socket) -> None:
    def blocks() -> Iterator[Samples]:
        yield numbered(PACKET)
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        Sender(blocks(), MONO, address(receiver), options()).run()


@pytest.mark.parametrize("source", [np.zeros((0, 1), np.float32), iter(())])
def test_no_audio_is_no_packet(receiver: socket.socket, source: Samples) -> None:
    assert Sender(source, MONO, address(receiver)).run().packets == 0


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        (SendOptions(packet=0), "at least one sample"),
        (SendOptions(packet=40_000), "a datagram holds 65507"),
        (SendOptions(payload_type=10), "use 11"),
        (SendOptions(ppm=20_000), "10000 ppm"),
        (SendOptions(ppm=float("nan")), "10000 ppm"),
        (SendOptions(ssrc=1 << 32), "SSRC"),
    ],
)
def test_options_that_do_not_fit(choice: SendOptions, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Sender(numbered(1), MONO, ("127.0.0.1", 9), choice)


@pytest.mark.parametrize("shape", [(5,), (5, 2)])
def test_samples_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        Sender(np.zeros(shape, np.float32), MONO, ("127.0.0.1", 9))


@pytest.mark.parametrize("host", ["a..b", "no such host"])
def test_a_host_without_address(host: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        Sender(numbered(1), MONO, (host, 9))


def test_jacktrip_with_its_copies_and_its_goodbye(receiver: socket.socket) -> None:
    audio = numbered(10 * PACKET + 5)
    stream = StreamFormat("JackTrip-16", 44100, 1)
    Sender(audio, stream, address(receiver), options(redundancy=1)).run()
    datagrams = []
    with contextlib.suppress(TimeoutError):
        while True:
            datagrams.append(receiver.recv(65536))
    assert datagrams[-2:] == [STOP, STOP]
    packets = [Formats({}).parse(datagram, "a", 1) for datagram in datagrams[:-2]]
    assert [len(group) for group in packets] == [1] + [2] * 10
    assert [group[-1].sequence for group in packets] == list(range(11))
    heard = np.concatenate([group[-1].samples for group in packets])
    assert np.array_equal(heard[: len(audio)], audio)
    assert not heard[len(audio) :].any()

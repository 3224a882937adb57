import contextlib
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.io.rollover import HIGHEST_COUNT, STEP_NS
from plcd.io.srtp import ALIVE_NS, MAX_STREAMS, Protector, Unprotector
from plcd.io.srtp_key import SrtpKey
from plcd.io.srtp_session import WINDOW
from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import build

SSRC = 0xDEADBEEF
KEYS = [SrtpKey(bytes(range(size))) for size in (30, 28, 44)]
KEY = KEYS[0]


def packet(number: int, payload: bytes = b"four", ssrc: int = SSRC) -> bytes:
    return build(payload, payload_type=11, sequence=number, timestamp=number, ssrc=ssrc)


def rejection(unprotector: Unprotector, datagram: bytes, now_ns: int = 0) -> Reason:
    with pytest.raises(WireError) as caught:
        unprotector.unprotect(datagram, now_ns)
    return caught.value.reason


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("size", [0, 1024, 2048, 65_000])
def test_what_is_protected_is_opened(key: SrtpKey, size: int) -> None:
    """Packets longer than a pylibsrtp session usually has room for too."""
    audio = bytes(number % 251 for number in range(size))
    sealed = Protector(key, SSRC).protect(packet(7, audio))
    assert len(sealed) - 12 - size in (10, 16)
    assert size < 16 or audio[:16] not in sealed
    assert Unprotector(key).unprotect(sealed, 0) == packet(7, audio)


def test_the_vector_of_the_rfc() -> None:
    """RFC 3711 appendix B.3 has the session keys of a master key; libsrtp's own test packet of that key is this one."""
    master = bytes.fromhex("e1f97a0d3e018be0d64fa32c06de4139" + "0ec675ad498afeebb6960b3aabe6")
    plain = bytes.fromhex("800f1234decafbadcafebabe" + "ab" * 16)
    sealed = bytes.fromhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")
    assert Protector(SrtpKey(master), 0xCAFEBABE).protect(plain) == sealed
    assert Unprotector(SrtpKey(master)).unprotect(sealed, 0) == plain


def test_what_this_end_sent_is_not_heard_when_it_is_sent_back() -> None:
    unprotector = Unprotector(KEY)
    unprotector.ours = {SSRC: None}
    assert rejection(unprotector, Protector(KEY, SSRC).protect(packet(1))) is Reason.REPLAYED
    unprotector.unprotect(Protector(KEY, 5).protect(packet(1, ssrc=5)), 0)


@pytest.mark.parametrize("key", KEYS)
def test_any_bit_changed_is_noticed(key: SrtpKey) -> None:
    protector, unprotector = Protector(key, SSRC), Unprotector(key)
    for number in range(5):
        unprotector.unprotect(protector.protect(packet(number)), 0)
    sealed = protector.protect(packet(5))
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        assert rejection(unprotector, bytes(changed)) in (
            Reason.UNAUTHENTIC,
            Reason.REPLAYED,  # the number is another one, which has been heard
            Reason.RTCP,
        )
    assert unprotector.unprotect(sealed, 0) == packet(5)


def test_packets_without_the_key_are_refused() -> None:
    unprotector = Unprotector(KEY)
    assert rejection(unprotector, packet(1)) is Reason.UNAUTHENTIC
    other = SrtpKey(os.urandom(30))
    assert rejection(unprotector, Protector(other, SSRC).protect(packet(1))) is Reason.UNAUTHENTIC
    assert rejection(unprotector, b"") is Reason.TOO_SHORT
    assert rejection(unprotector, bytes(60)) is Reason.UNAUTHENTIC
    assert rejection(unprotector, bytes([0x80, 200]) + bytes(60)) is Reason.RTCP


def test_nothing_is_heard_twice_and_swapped_packets_are_heard() -> None:
    protector, unprotector = Protector(KEY, SSRC), Unprotector(KEY)
    sealed = [protector.protect(packet(number)) for number in range(2 * WINDOW)]
    order = [index + 1 if index % 2 == 0 else index - 1 for index in range(2 * WINDOW)]
    for index in order:
        assert unprotector.unprotect(sealed[index], 0) == packet(index)
    for datagram in sealed:
        assert rejection(unprotector, datagram) is Reason.REPLAYED


def test_streams_under_one_key_are_apart() -> None:
    unprotector = Unprotector(KEY)
    for ssrc in (1, 2, 3):
        protector = Protector(KEY, ssrc)
        for number in (5, 6):
            sealed = protector.protect(packet(number, ssrc=ssrc))
            assert unprotector.unprotect(sealed, 0) == packet(number, ssrc=ssrc)


def test_a_number_is_never_used_twice() -> None:
    protector = Protector(KEY, SSRC)
    protector.protect(packet(1))
    with pytest.raises(ValueError, match="SRTP"):
        protector.protect(packet(1, b"else"))


def test_a_stream_goes_on_across_wraps() -> None:
    protector, unprotector = Protector(KEY, SSRC), Unprotector(KEY)
    for number in range(0, 5 * 65536, 9973):
        assert unprotector.unprotect(protector.protect(packet(number)), number) == packet(number)


def late(count: int, first: int) -> Protector:
    """One that has sent ``count`` times all numbers, and is at ``first`` now."""
    protector = Protector(KEY, SSRC)
    for number in range(first, count * 65536 + first, 16384):
        protector.protect(packet(number))
    return protector


@pytest.mark.parametrize(("count", "first"), [(1, 3), (1, 65530), (20, 40_000), (1000, 100)])
def test_a_stream_can_be_joined_after_any_number_of_wraps(count: int, first: int) -> None:
    """A packet is heard after a step for every eight wraps; from then on all are, and none twice."""
    protector, unprotector = late(count, first), Unprotector(KEY)
    number = count * 65536 + first
    for tries in range(count):
        number += 1
        sealed = protector.protect(packet(number))
        try:
            opened = unprotector.unprotect(sealed, tries * STEP_NS)
        except WireError:
            continue
        break
    assert opened == packet(number)
    assert tries <= count // 8 + 1
    assert rejection(unprotector, sealed) is Reason.REPLAYED
    for later in range(number + 1, number + 70_000, 777):
        assert unprotector.unprotect(protector.protect(packet(later)), 0) == packet(later)


def join(unprotector: Unprotector, protector: Protector, number: int, now_ns: int) -> tuple[int, int]:
    """Send from ``number`` on until something is heard: the number after that, and when it was."""
    for _ in range(HIGHEST_COUNT):
        number, now_ns = number + 1, now_ns + STEP_NS
        try:
            opened = unprotector.unprotect(protector.protect(packet(number)), now_ns)
        except WireError:
            continue
        assert opened == packet(number)
        return number + 1, now_ns
    raise AssertionError("never heard")


@pytest.mark.parametrize("wraps", [1, 3])
@pytest.mark.parametrize("joined_late", [False, True])
def test_a_recording_is_never_heard_however_long_it_was_silent(wraps: int, joined_late: bool) -> None:
    """All that came before is sent again, in the search's time and many times over; then the stream itself goes on."""
    protector, unprotector = Protector(KEY, SSRC), Unprotector(KEY)
    recording, now_ns, number = [], 0, 0
    if joined_late:
        protector = late(20, 0)
        number, now_ns = join(unprotector, protector, 20 * 65536, now_ns)
    last = number + wraps * 65536
    for index in [*range(number, last - 600, 1000), *range(last - 600, last, 7), last]:
        recording.append(protector.protect(packet(index)))
        unprotector.unprotect(recording[-1], now_ns)
    number = last
    now_ns += 2 * ALIVE_NS
    for _ in range(4):
        for datagram in recording:
            now_ns += STEP_NS
            assert rejection(unprotector, datagram, now_ns) in (Reason.UNAUTHENTIC, Reason.REPLAYED)
    assert unprotector.unprotect(protector.protect(packet(number + 1)), now_ns) == packet(number + 1)


def test_a_recording_near_the_newest_number_is_not_heard_by_a_search_begun_there() -> None:
    protector, unprotector = Protector(KEY, SSRC), Unprotector(KEY)
    recording = [protector.protect(packet(number)) for number in range(100_000, 100_600)]
    sealed = protector.protect(packet(100_700))
    heard = []
    for datagram in (*recording, sealed):
        with contextlib.suppress(WireError):  # until the count is found
            unprotector.unprotect(datagram, 0)
            heard.append(datagram)
    assert len(heard) > 590
    now_ns = 2 * ALIVE_NS
    for datagram in [packet(101_000), *heard] * 3:
        now_ns += STEP_NS
        assert rejection(unprotector, datagram, now_ns) in (Reason.UNAUTHENTIC, Reason.REPLAYED)


def test_a_search_that_was_left_off_goes_on_from_what_is_known_then() -> None:
    """Begun for a stream that fell silent, left because it came back; what it had passed is not what is new later."""
    protector, unprotector = Protector(KEY, SSRC), Unprotector(KEY)
    unprotector.unprotect(protector.protect(packet(0)), 0)
    rejection(unprotector, packet(40_000), 2 * ALIVE_NS)
    recording = []
    for number in range(1000, 5 * 65536, 1000):
        recording.append(protector.protect(packet(number)))
        unprotector.unprotect(recording[-1], 3 * ALIVE_NS)
    for step, datagram in enumerate(recording * 3):
        assert rejection(unprotector, datagram, 5 * ALIVE_NS + step * STEP_NS) in (
            Reason.UNAUTHENTIC,
            Reason.REPLAYED,
        )


@pytest.mark.parametrize("count", [0, 30])
def test_a_stream_is_found_again_when_half_its_numbers_or_more_were_lost(count: int) -> None:
    protector, unprotector = late(count, 0) if count else Protector(KEY, SSRC), Unprotector(KEY)
    number, now_ns = join(unprotector, protector, count * 65536, 0)
    for gap in (40_000, 70_000, 200_000):
        for skipped in range(number, number + gap, 16_000):
            protector.protect(packet(skipped))
        number, now_ns = join(unprotector, protector, number + gap, now_ns + 10 * ALIVE_NS)
        assert unprotector.unprotect(protector.protect(packet(number)), now_ns) == packet(number)
        assert unprotector._highest[SSRC] == number
        number += 1


def test_who_joins_late_hears_swapped_packets_too() -> None:
    protector, unprotector = late(2, 0), Unprotector(KEY)
    number, now_ns = join(unprotector, protector, 2 * 65536, 0)
    sealed = [protector.protect(packet(number + index)) for index in range(WINDOW)]
    for index in reversed(range(WINDOW)):
        assert unprotector.unprotect(sealed[index], now_ns) == packet(number + index)
        assert rejection(unprotector, sealed[index], now_ns) is Reason.REPLAYED


@settings(max_examples=300)
@given(st.sampled_from(KEYS), st.binary(max_size=120), st.booleans())
def test_any_bytes_are_refused(key: SrtpKey, datagram: bytes, like_rtp: bool) -> None:
    unprotector = Unprotector(key)
    head = bytes([datagram[0] & 0x3F | 0x80]) if like_rtp and datagram else datagram[:1]
    assert rejection(unprotector, head + datagram[1:]) in (
        Reason.UNAUTHENTIC,
        Reason.TOO_SHORT,
        Reason.RTCP,
    )


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 70), st.integers(0, 255)), max_size=30))
def test_what_was_changed_or_heard_before_is_refused_in_any_order(steps: list[tuple[int, int, int]]) -> None:
    protector, unprotector = Protector(KEY, SSRC), Unprotector(KEY)
    sealed = [protector.protect(packet(number, bytes(40))) for number in range(10)]
    heard: set[int] = set()
    for step, (number, place, flip) in enumerate(steps):
        datagram = bytearray(sealed[number])
        datagram[place % len(datagram)] ^= flip
        try:
            opened = unprotector.unprotect(bytes(datagram), step * STEP_NS)
        except WireError:
            assert flip or number in heard
        else:
            assert not flip
            assert number not in heard
            assert opened == packet(number, bytes(40))
            heard.add(number)


def test_padding_is_encrypted_too() -> None:
    padded = build(b"four", payload_type=11, sequence=1, timestamp=1, ssrc=SSRC, padding=4)
    assert Unprotector(KEY).unprotect(Protector(KEY, SSRC).protect(padded), 0) == padded


def test_the_search_costs_a_step_in_ten_milliseconds_and_nothing_while_a_stream_lives() -> None:
    unprotector = Unprotector(KEY)
    for now_ns in range(0, 50 * STEP_NS, STEP_NS // 10):
        rejection(unprotector, packet(random.Random(now_ns).randrange(65536)), now_ns)
    assert unprotector._search._index >> 16 in range(50 * 8 - 16, 50 * 8 + 9)
    living = Protector(KEY, 1)
    searching = late(30, 5)
    now = 10**12
    for number in range(100):
        unprotector.unprotect(living.protect(packet(number, ssrc=1)), now)
        rejection(unprotector, searching.protect(packet(30 * 65536 + 6 + number)), now + ALIVE_NS)
        now += ALIVE_NS
    assert unprotector._search._index >> 16 <= 50 * 8 + 9


def test_of_several_peers_one_can_be_joined_late_while_another_lives() -> None:
    unprotector = Unprotector(KEY, several=True)
    living, joined = Protector(KEY, 1), late(30, 5)
    number, now_ns = 30 * 65536 + 5, 10**12
    for step in range(8):
        now_ns += STEP_NS
        unprotector.unprotect(living.protect(packet(step, ssrc=1)), now_ns)
        with contextlib.suppress(WireError):
            number += 1
            assert unprotector.unprotect(joined.protect(packet(number)), now_ns) == packet(number)
            break
    assert step <= 30 // 8 + 1
    assert unprotector.unprotect(joined.protect(packet(number + 1)), now_ns) == packet(number + 1)
    assert unprotector.unprotect(living.protect(packet(99, ssrc=1)), now_ns) == packet(99, ssrc=1)


def test_a_search_without_end_begins_anew() -> None:
    unprotector = Unprotector(KEY)
    for step in range(HIGHEST_COUNT // 8 + 20):
        rejection(unprotector, packet(step), step * STEP_NS)
    assert unprotector._search._index >> 16 < 300


def test_what_is_remembered_is_bounded() -> None:
    unprotector = Unprotector(KEY)
    for ssrc in range(2 * MAX_STREAMS):
        unprotector.unprotect(Protector(KEY, ssrc).protect(packet(1, ssrc=ssrc)), 0)
    assert len(unprotector._highest) == MAX_STREAMS
    assert len(unprotector._found) <= MAX_STREAMS

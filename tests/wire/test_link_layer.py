import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.wire.link_layer import (
    ETHERNET,
    IPV4,
    IPV6,
    KNOWN,
    LINUX_COOKED,
    LINUX_COOKED_2,
    LOOP,
    NULL,
    RAW,
    ip_packet,
)

IP = b"\x45the packet"
MACS = bytes(12)


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (RAW, IP),
        (IPV4, IP),
        (IPV6, IP),
        (12, IP),
        (ETHERNET, MACS + b"\x08\x00" + IP),
        (ETHERNET, MACS + b"\x86\xdd" + IP),
        (ETHERNET, MACS + b"\x81\x00\x00\x07\x08\x00" + IP),
        (ETHERNET, MACS + b"\x88\xa8\x00\x07\x81\x00\x00\x07\x08\x00" + IP),
        (NULL, struct.pack("<I", 2) + IP),
        (LOOP, struct.pack(">I", 30) + IP),
        (LINUX_COOKED, bytes(14) + b"\x08\x00" + IP),
        (LINUX_COOKED_2, b"\x08\x00" + bytes(18) + IP),
    ],
)
def test_the_ip_packet_is_found(link: int, frame: bytes) -> None:
    assert ip_packet(link, frame) == IP


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (ETHERNET, MACS + b"\x08\x06" + IP),
        (ETHERNET, MACS),
        (ETHERNET, MACS + b"\x81\x00\x00\x07" * 4),
        (LINUX_COOKED, bytes(14) + b"\x00\x04" + IP),
        (LINUX_COOKED_2, b"\x08\x06" + bytes(18) + IP),
        (LINUX_COOKED_2, b"\x08\x00"),
        (NULL, struct.pack("<I", 2)),
        (NULL, struct.pack("<I", 2) + b"\x15"),
    ],
)
def test_there_is_none_in_other_frames(link: int, frame: bytes) -> None:
    assert ip_packet(link, frame) is None


@given(st.sampled_from(sorted(KNOWN)), st.binary(max_size=40))
def test_whatever_the_bytes_it_is_a_part_of_them(link: int, frame: bytes) -> None:
    found = ip_packet(link, frame)
    assert found is None or frame.endswith(found)

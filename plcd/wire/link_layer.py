"""What lies around an IP packet in a capture, by the capture's link type (https://www.tcpdump.org/linktypes.html)."""

import struct
from typing import Final

NULL, ETHERNET, RAW, LOOP, LINUX_COOKED, IPV4, IPV6, LINUX_COOKED_2 = 0, 1, 101, 108, 113, 228, 229, 276
BARE: Final = frozenset({RAW, IPV4, IPV6, 12, 14})
"""Link types of bare IP packets; 12 and 14 are what RAW is in files of some BSDs."""
IP_TYPES: Final = (0x0800, 0x86DD)
VLAN_TYPES: Final = (0x8100, 0x88A8, 0x9100)
KNOWN: Final = BARE | {NULL, ETHERNET, LOOP, LINUX_COOKED, LINUX_COOKED_2}


def ip_packet(link: int, frame: bytes) -> bytes | None:
    """The IP packet in ``frame``, which may have padding behind it; None where it carries something else.

    ``link`` must be one of :data:`KNOWN`.
    """
    if link in BARE:
        return frame
    if link == ETHERNET:
        return _behind_type(frame, 12)
    if link == LINUX_COOKED:
        return _behind_type(frame, 14)
    if link == LINUX_COOKED_2:  # the type comes first, and the packet behind 20 bytes
        return frame[20:] if len(frame) > 20 and _type(frame, 0) in IP_TYPES else None
    assert link in (NULL, LOOP), f"link type {link}"
    return (
        frame[4:] if len(frame) > 4 and frame[4] >> 4 in (4, 6) else None
    )  # an address family, which the IP says again


def _behind_type(frame: bytes, at: int) -> bytes | None:
    """What follows the type at ``at``, and tags of virtual networks."""
    for _ in range(3):
        if len(frame) < at + 2:
            return None
        kind = _type(frame, at)
        if kind in IP_TYPES:
            return frame[at + 2 :]
        if kind not in VLAN_TYPES:
            return None
        at += 4
    return None


def _type(frame: bytes, at: int) -> int:
    return int(struct.unpack_from("!H", frame, at)[0])

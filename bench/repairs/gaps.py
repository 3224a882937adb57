"""Where the gaps of the comparison lie: eight of one length in each clip.

On whole packets, so that the causal concealer can take part.
"""

import zlib
from typing import Final

import numpy as np
from comparison.clips import Clip

from plcd.core.loss import Flags

PACKET: Final = 512
LENGTHS: Final = {12: 1, 23: 2, 46: 4, 80: 7}
"""Name in ms, and packets: 11.6, 23.2, 46.4 and 81.3 ms at 44.1 kHz."""
COUNT: Final = 8
LEAD: Final = 16
"""Packets before the first gap (186 ms), and behind the last one."""
APART: Final = 12
"""Packets between two gaps at least: 139 ms, as much as the longest context."""


def flags_of(clip: Clip, length: int, draw: int = 0) -> Flags:
    """Which packets of ``clip`` are lost: gaps of ``length`` packets, one in each eighth of it, drawn with a fixed seed.

    Each ``draw`` has other places. Clips too short for eight have fewer.
    """
    packets = clip.samples.shape[0] // PACKET
    flags = np.zeros(packets, np.bool_)
    room = packets - 2 * LEAD
    count = min(COUNT, room // (length + APART))
    rng = np.random.default_rng(zlib.crc32(f"{clip.digest} {length}{f' {draw}' if draw else ''}".encode()))
    for number in range(count):
        first = LEAD + number * room // count
        last = LEAD + (number + 1) * room // count - length - APART
        start = int(rng.integers(first, max(first, last) + 1))
        flags[start : start + length] = True
    return flags

"""Joining an SRTP stream late: how often its 16-bit numbers have wrapped is not sent, and without it no packet is authentic.

Theory of operation. libsrtp counts wraps by itself, and cannot be told a count. So a session is led from wrap to wrap by packets
of our own making, which we can sign since the key is ours too, and shown the packet that came at each count, until it is
authentic. Work is bounded: some counts a step, a step each 10 ms at most, and none while a stream is alive. Of a stream that was
heard before, what is authentic at an earlier number is a recording, and no find.
"""

import contextlib
from typing import NamedTuple

from pylibsrtp import Error, Policy, Session

from plcd.core.positions import SEQUENCE_BITS, unwrap
from plcd.io.srtp_key import SrtpKey
from plcd.io.srtp_session import make_session
from plcd.wire.rtp import build

COUNTS_A_STEP = 8
"""0.3 ms a step: 3 % of a core while it lasts."""
STEP_NS = 10_000_000
HIGHEST_COUNT = 4096
"""Wraps searched: 36 days of packets of 512 samples at 44.1 kHz, 4 days of 64 at 48 kHz. Takes 6 s."""
PATIENCE_NS = 10_000_000_000
"""Then another stream is tried, so that a stranger's packets do not keep a friend's from being found."""
_QUARTER = 1 << 14
_BEHIND = 1 << 8
"""How far behind the packet shown the session is kept."""


def packet_index(sequence: int, near: int) -> int:
    """The number with all wraps counted, as RFC 3711 section 3.3.1 guesses it; a stream begins before its first wrap."""
    index = unwrap(sequence, near, SEQUENCE_BITS)
    return index if index >= 0 else index + (1 << SEQUENCE_BITS)


class Found(NamedTuple):
    """A session that knows the count, what the packet holds, and its number with all wraps counted."""

    session: Session
    opened: bytes
    packet_index: int


class RolloverSearch:
    """Searches for one stream at a time."""

    def __init__(self, key: SrtpKey) -> None:
        self._key = key
        self._ssrc: int | None = None
        self._since_ns = 0
        self._stepped_ns = 0

    def step(self, datagram: bytes, ssrc: int, sequence: int, now_ns: int, highest: int = -1) -> Found | None:
        """Try the next counts with ``datagram``, of the stream ``ssrc`` under the number ``sequence``.

        ``highest``: of this stream's numbers, wraps counted, the highest that was heard; -1: none was.
        """
        if self._ssrc is not None and now_ns - self._stepped_ns < STEP_NS:
            return None
        if ssrc != self._ssrc:
            if self._ssrc is not None and now_ns - self._since_ns < PATIENCE_NS:
                return None
            self._begin(ssrc, sequence, now_ns)
        self._stepped_ns = now_ns
        for _ in range(COUNTS_A_STEP):
            if self._index >> SEQUENCE_BITS > HIGHEST_COUNT:
                self._begin(ssrc, sequence, now_ns)
            with contextlib.suppress(Error, ValueError):
                opened = bytes(self._listening.unprotect(datagram))
                index = packet_index(sequence, self._index)
                if index > highest:
                    self._ssrc = None
                    return Found(self._listening, opened, index)
            self._advance()
        return None

    def _begin(self, ssrc: int, sequence: int, now_ns: int) -> None:
        self._ssrc, self._since_ns = ssrc, now_ns
        self._speaking = make_session(self._key.policy(Policy.SSRC_SPECIFIC, ssrc))
        self._listening = make_session(self._key.policy(Policy.SSRC_SPECIFIC, ssrc))
        self._index = max(0, sequence - _BEHIND)
        self._show()

    def _advance(self) -> None:
        """To the next count."""
        for _ in range(4):
            self._index += _QUARTER
            self._show()

    def _show(self) -> None:
        assert self._ssrc is not None
        own = build(b"", payload_type=0, sequence=self._index, timestamp=0, ssrc=self._ssrc)
        self._listening.unprotect(bytes(self._speaking.protect(own)))

"""Joining an SRTP stream late: how often its 16-bit numbers have wrapped is not sent, and without it no packet is authentic.

Theory of operation. libsrtp counts wraps by itself, and cannot be told a count. So a session is led from wrap to wrap by packets
of our own making, which we can sign since the key is ours too, and shown the packet that came at each count, until it is
authentic. Work is bounded: some counts a step, a step each 10 ms at most, and none while a stream is alive.
"""

from pylibsrtp import Error, Policy, Session

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


class RolloverSearch:
    """Searches for one stream at a time."""

    def __init__(self, key: SrtpKey) -> None:
        self._key = key
        self._ssrc: int | None = None
        self._since_ns = 0
        self._stepped_ns = 0

    def step(self, datagram: bytes, ssrc: int, sequence: int, now_ns: int) -> tuple[Session, bytes] | None:
        """Try the next counts with ``datagram``, of the stream ``ssrc`` under the number ``sequence``.

        Returns a session that knows the count, and what the datagram holds, once it is found.
        """
        if self._ssrc is not None and now_ns - self._stepped_ns < STEP_NS:
            return None
        if ssrc != self._ssrc:
            if self._ssrc is not None and now_ns - self._since_ns < PATIENCE_NS:
                return None
            self._begin(ssrc, sequence, now_ns)
        self._stepped_ns = now_ns
        for _ in range(COUNTS_A_STEP):
            if self._index >> 16 > HIGHEST_COUNT:
                self._begin(ssrc, sequence, now_ns)
            try:
                opened = bytes(self._listening.unprotect(datagram))
            except (Error, ValueError):
                self._advance()
                continue
            self._ssrc = None
            return self._listening, opened
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

"""SRTP (RFC 3711) around RTP by libsrtp: what is sent is encrypted and signed, what comes must be, and only once.

Theory of operation. One key serves every stream; a stream is an SSRC. libsrtp keeps for each stream that has proved itself the
highest index and a window of those received, so that nothing is heard twice. The index's upper 32 bits, the rollover
counter, are not sent: who begins to listen to a stream whose 16-bit numbers have wrapped must find them, see
:mod:`plcd.io.rollover`.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Container

from pylibsrtp import Error, Policy, Session

from plcd.io.rollover import RolloverSearch, packet_index
from plcd.io.srtp_key import SrtpKey
from plcd.io.srtp_session import make_session
from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import HEADER_BYTES, RTCP_TYPES

MAX_STREAMS = 256
"""Streams remembered, all of them of somebody who has the key; an older one could be replayed."""
ALIVE_NS = 1_000_000_000
"""While something authentic came within this time, nobody's rollover counter is searched for, unless several are to be heard."""


class Protector:
    """Signs and encrypts the packets of one stream, each once, in the order of their numbers."""

    def __init__(self, key: SrtpKey, ssrc: int) -> None:
        self._session = make_session(key.policy(Policy.SSRC_SPECIFIC, ssrc))

    def protect(self, datagram: bytes) -> bytes:
        """The SRTP packet. Raises ValueError for one that is too long, or comes a second time."""
        try:
            return bytes(self._session.protect(datagram))
        except Error as error:
            raise ValueError(f"SRTP: {error}") from None


class Unprotector:
    """Opens packets of every stream under ``key``. ``several``: more than one at a time are to be heard."""

    def __init__(self, key: SrtpKey, several: bool = False) -> None:
        self.several = several
        self.profile = key.profile
        self.ours: Container[int] = ()
        """SSRCs under which this end sends with the same key: what bears them was sent back by somebody."""
        self._key = key
        self._all = make_session(key.policy(Policy.SSRC_ANY_INBOUND))
        self._found: dict[int, Session] = {}
        """Sessions of streams that were joined after a rollover."""
        self._highest: OrderedDict[int, int] = OrderedDict()
        """Of each stream's numbers, wraps counted, the highest that was authentic; who was heard last comes last."""
        self._search = RolloverSearch(key)
        self._authentic_ns: int | None = None

    def unprotect(self, datagram: bytes, now_ns: int) -> bytes:
        """The RTP packet in an SRTP packet that came at ``now_ns`` (monotonic). Raises WireError, and nothing else."""
        if len(datagram) < HEADER_BYTES:
            raise WireError(Reason.TOO_SHORT, f"{len(datagram)} bytes, an RTP header has {HEADER_BYTES}")
        if datagram[1] in RTCP_TYPES:
            raise WireError(Reason.RTCP)
        # Nothing else of the packet means anything yet.
        sequence, ssrc = int.from_bytes(datagram[2:4], "big"), int.from_bytes(datagram[8:12], "big")
        if ssrc in self.ours:
            raise WireError(Reason.REPLAYED)
        session = self._found.get(ssrc, self._all)
        try:
            opened = bytes(session.unprotect(datagram))
        except ValueError as error:  # longer than pylibsrtp has room for
            raise WireError(Reason.UNAUTHENTIC, str(error)) from None
        except Error as error:
            joined = self._join(datagram, ssrc, sequence, now_ns)
            if joined is None:
                raise WireError(Reason.REPLAYED if "replay" in str(error) else Reason.UNAUTHENTIC) from None
            return joined
        self._remember(ssrc, packet_index(sequence, self._highest.get(ssrc, 0)), now_ns)
        return opened

    def _join(self, datagram: bytes, ssrc: int, sequence: int, now_ns: int) -> bytes | None:
        """Look for the rollover counter under which ``datagram`` is authentic and new."""
        if self.several or self._authentic_ns is None or now_ns - self._authentic_ns > ALIVE_NS:
            found = self._search.step(datagram, ssrc, sequence, now_ns, self._highest.get(ssrc, -1))
            if found is not None:
                self._found[ssrc] = found.session
                self._remember(ssrc, found.packet_index, now_ns)
                return found.opened
        return None

    def _remember(self, ssrc: int, index: int, now_ns: int) -> None:
        self._authentic_ns = now_ns
        self._highest[ssrc] = max(index, self._highest.get(ssrc, -1))
        self._highest.move_to_end(ssrc)
        if len(self._highest) > MAX_STREAMS:
            oldest, _ = self._highest.popitem(last=False)
            self._found.pop(oldest, None)
            with contextlib.suppress(Error):  # never in there, if it was joined after a rollover
                self._all.remove_stream(oldest)

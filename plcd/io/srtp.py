"""SRTP (RFC 3711) around RTP by libsrtp: what is sent is encrypted and signed, what comes must be, and only once.

Theory of operation. One key serves every stream; a stream is an SSRC. libsrtp keeps for each stream that has proved itself the
highest index and a window of those received, so that nothing is heard twice. The index's upper 32 bits, the rollover
counter, are not sent: who begins to listen to a stream whose 16-bit numbers have wrapped must find them, see
:mod:`plcd.io.rollover`.
"""

from collections import OrderedDict

from pylibsrtp import Error, Policy, Session

from plcd.io.rollover import RolloverSearch
from plcd.io.srtp_key import SrtpKey
from plcd.io.srtp_session import make_session
from plcd.wire.errors import Reason, WireError
from plcd.wire.rtp import HEADER_BYTES, RTCP_TYPES

WINDOW = 1024
"""Numbers behind the newest that may still come: 1.4 s of packets of 64 samples at 48 kHz."""
MAX_STREAMS = 256
"""Streams remembered, all of them of somebody who has the key; an older one could be replayed."""
ALIVE_NS = 1_000_000_000
"""While something authentic came within this time, nobody's rollover counter is searched for."""


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
    """Opens packets of every stream under ``key``."""

    def __init__(self, key: SrtpKey) -> None:
        self.profile = key.profile
        self._key = key
        self._all = self._open(Policy.SSRC_ANY_INBOUND, 0)
        self._found: OrderedDict[int, Session] = OrderedDict()
        """Sessions of streams that were joined after a rollover."""
        self._streams: OrderedDict[int, None] = OrderedDict()
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
        session = self._found.get(ssrc, self._all)
        try:
            opened = bytes(session.unprotect(datagram))
        except ValueError as error:  # longer than pylibsrtp has room for
            raise WireError(Reason.UNAUTHENTIC, str(error)) from None
        except Error as error:
            if "replay" in str(error):
                raise WireError(Reason.REPLAYED) from None
            opened = self._join(datagram, ssrc, sequence, now_ns)
        self._authentic_ns = now_ns
        self._remember(ssrc)
        return opened

    def _join(self, datagram: bytes, ssrc: int, sequence: int, now_ns: int) -> bytes:
        """Look for the rollover counter under which ``datagram`` is authentic. Raises WireError."""
        if self._authentic_ns is None or now_ns - self._authentic_ns > ALIVE_NS:
            found = self._search.step(datagram, ssrc, sequence, now_ns)
            if found is not None:
                self._found[ssrc], opened = found
                return opened
        raise WireError(Reason.UNAUTHENTIC)

    def _remember(self, ssrc: int) -> None:
        self._streams[ssrc] = None
        self._streams.move_to_end(ssrc)
        if len(self._streams) > MAX_STREAMS:
            oldest, _ = self._streams.popitem(last=False)
            if self._found.pop(oldest, None) is None:
                self._all.remove_stream(oldest)

    def _open(self, ssrc_type: int, ssrc: int) -> Session:
        policy = self._key.policy(ssrc_type, ssrc)
        policy.window_size = WINDOW
        return make_session(policy)

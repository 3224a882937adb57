"""A libsrtp session with room for datagrams of any size."""

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi

ROOM_BYTES = 65_536 + 256


def make_session(policy: Policy) -> Session:
    """As ``Session(policy)``; pylibsrtp gives it a buffer of 1500 bytes, and stereo packets of 512 samples have 2060."""
    session = Session(policy)
    session._cdata = ffi.new("char[]", ROOM_BYTES)
    session._buffer = ffi.buffer(session._cdata)
    return session

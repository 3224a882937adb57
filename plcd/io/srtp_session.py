"""Sessions of libsrtp as plcd needs them: room for datagrams of any size, a window as long as what jitter may swap."""

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi

ROOM_BYTES = 65_536 + 256
WINDOW = 1024
"""Numbers behind the newest that may still come: 1.4 s of packets of 64 samples at 48 kHz."""


def make_session(policy: Policy) -> Session:
    """As ``Session(policy)``; pylibsrtp gives it a buffer of 1500 bytes, and stereo packets of 512 samples have 2060."""
    policy.window_size = WINDOW
    session = Session(policy)
    session._cdata = ffi.new("char[]", ROOM_BYTES)
    session._buffer = ffi.buffer(session._cdata)
    return session

"""Sends datagrams to an address as evenly and cheaply as it can: a program of its own, for the tests of floods.

Arguments: host, port, bytes a datagram, datagrams a second, seconds, kind. Kinds: ``noise``, random bytes; ``rtp``, sound
packets of mono 44.1 kHz that agree with nothing, each under an SSRC of its own. Prints the datagrams sent and the rate reached.
"""

import ctypes
import random
import socket
import struct
import sys
import time

BATCH = 50
KINDS = 4096
"""Different datagrams made before, and sent in turn."""


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_IoVec)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("sent", ctypes.c_uint32))


def datagram(kind: str, size: int, rng: random.Random) -> bytes:
    """One of ``size`` bytes."""
    noise = rng.randbytes(size)
    if kind == "noise":
        return noise
    fields = (0x80, 11, rng.getrandbits(16), rng.getrandbits(32), rng.getrandbits(32))
    return struct.pack("!BBHII", *fields) + noise[12:]


def main(host: str, port: int, size: int, rate: int, seconds: float, kind: str) -> None:
    rng = random.Random(1)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((host, port))
        contents = [ctypes.create_string_buffer(datagram(kind, size, rng), size) for _ in range(KINDS)]
        vectors = [_IoVec(ctypes.addressof(content), size) for content in contents]
        messages = (_Message * KINDS)(
            *(_Message(_Header(vectors=ctypes.pointer(vector), vector_count=1)) for vector in vectors)
        )
        sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg
        start, sent = time.monotonic(), 0
        while (passed := time.monotonic() - start) < seconds:
            if passed * rate < sent + BATCH:
                time.sleep((sent + BATCH) / rate - passed)
                continue
            first = ctypes.byref(messages, sent % (KINDS - BATCH) * ctypes.sizeof(_Message))
            count = sendmmsg(sock.fileno(), first, BATCH, 0)
            sent += max(count, 0)
    print(sent, round(sent / passed))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), sys.argv[6])

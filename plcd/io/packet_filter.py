"""A kernel filter that lets only one address through, or all but one, for the time of a flood (Linux only).

Classic BPF on the datagram as the socket sees it: offset 0 is the UDP header, the IP header is reached at
SKF_NET_OFF (Linux Documentation/networking/filter.rst). What it rejects is counted by the kernel among the socket's drops.
"""

import ctypes
import ipaddress
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_SKF_NET_OFF = 0xFFF00000  # -0x100000: relative to the network header

_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE = 0x20, 0x28, 0x30  # BPF_LD | BPF_ABS with W, H, B
_SHIFT_RIGHT = 0x74  # BPF_ALU | BPF_RSH | BPF_K
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_WHOLE = 0x40000

SUPPORTED = sys.platform == "linux"


def program(host: str, port: int, admit: bool = True) -> list[tuple[int, int, int, int]]:
    """Instructions (code, jump if true, jump if false, k) that accept only datagrams from ``host`` (numeric) and ``port``,
    or, unless ``admit``, only all others."""
    address = ipaddress.ip_address(host)
    source = 12 if address.version == 4 else 8
    words = struct.unpack(f">{len(address.packed) // 4}I", address.packed)
    tests = [[(_LOAD_BYTE, _SKF_NET_OFF), (_SHIFT_RIGHT, 4), (_JUMP_EQUAL, address.version)]]
    tests += [
        [(_LOAD_WORD, _SKF_NET_OFF + source + 4 * i), (_JUMP_EQUAL, word)] for i, word in enumerate(words)
    ]
    tests += [[(_LOAD_HALF, 0), (_JUMP_EQUAL, port)]]
    flat = [instruction for test in tests for instruction in test]
    other = len(flat) + 1
    lines = [
        (code, 0, other - place - 1 if code == _JUMP_EQUAL else 0, k) for place, (code, k) in enumerate(flat)
    ]
    this_one, others = (_WHOLE, 0) if admit else (0, _WHOLE)
    return [*lines, (_RETURN, 0, 0, this_one), (_RETURN, 0, 0, others)]


def attach(sock: socket.socket, host: str, port: int, admit: bool = True) -> bool:
    """From now on let only ``host`` and ``port`` through ``sock``, or all but them. False where the system cannot."""
    if not SUPPORTED:
        return False
    code = b"".join(struct.pack("HBBI", *line) for line in program(host, port, admit))
    buffer = ctypes.create_string_buffer(code)
    try:
        sock.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
            if struct.calcsize("P") == 8
            else struct.pack("HxxP", len(code) // 8, ctypes.addressof(buffer)),
        )
    except OSError:
        return False
    return True


def detach(sock: socket.socket) -> None:
    """Let everybody through again."""
    if SUPPORTED:
        sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)

"""Wrap-around arithmetic: the wire's short counters become absolute 64-bit ones. Nothing else in plcd wraps."""

SEQUENCE_BITS = 16
TIMESTAMP_BITS = 32


def difference(value: int, reference: int, bits: int) -> int:
    """How far the counter ``value`` lies ahead of ``reference``, the short way round: -2**(bits-1) .. 2**(bits-1) - 1."""
    half = 1 << (bits - 1)
    return ((value - reference + half) & ((1 << bits) - 1)) - half


def unwrap(value: int, near: int, bits: int) -> int:
    """The absolute number nearest to ``near`` whose low ``bits`` are ``value``."""
    return near + difference(value, near & ((1 << bits) - 1), bits)

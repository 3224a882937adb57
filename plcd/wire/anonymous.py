"""Addresses that say nothing, in place of real ones: those that are kept for documentation (RFC 5737, RFC 3849)."""

from ipaddress import IPv4Address, IPv6Address

FIRST_V4, FIRST_V6 = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")
MOST_V4, MOST_V6 = 254, 4096
"""Hosts that are told apart, so that a flood of them takes no memory; all later ones are the last."""


class Pseudonyms:
    """The first host of a session is .1, the next .2, and so on; the same host is always the same."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}
        self._count = {4: 0, 16: 0}

    def of(self, address: bytes) -> bytes:
        """For an address of 4 or 16 bytes, one as long."""
        known = self._known.get(address)
        if known is None:
            size = len(address)
            most = MOST_V4 if size == 4 else MOST_V6
            place = min(self._count[size], most - 1)
            known = ((FIRST_V4 if size == 4 else FIRST_V6) + place).packed
            if self._count[size] < most:
                self._count[size] += 1
                self._known[address] = known
        return known

"""Who may be heard: networks named by the user."""

import ipaddress
from collections.abc import Sequence

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
MAX_REMEMBERED = 1024
"""Hosts whose answer is remembered, so that a packet costs a look-up; a flood of hosts begins anew."""


def parse_network(text: str) -> IpNetwork:
    """An address, or a network as ``192.0.2.0/24`` or ``2001:db8::/32``. Raises ValueError with a message for the user.

    Networks of IPv4-mapped addresses (``::ffff:192.0.2.0/120``) become IPv4's.
    """
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise ValueError(
            f"allow {text!r}: {error}; write an address or a network, as 192.0.2.0/24 or 2001:db8::/32"
        ) from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


class AllowList:
    """Permits the hosts in ``networks``, everybody where there are none."""

    def __init__(self, networks: Sequence[IpNetwork]) -> None:
        self._networks = tuple(networks)
        self._known: dict[str, bool] = {}

    def permits(self, host: str) -> bool:
        """``host``: numeric, IPv4 in plain form."""
        if not self._networks:
            return True
        known = self._known.get(host)
        if known is None:
            address = ipaddress.ip_address(host.partition("%")[0])  # without a link-local one's interface
            known = any(address in network for network in self._networks)
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[host] = known
        return known

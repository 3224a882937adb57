"""Hosts as a socket for both versions of IP names them."""

_MAPPED = "::ffff:"


def plain(host: str) -> str:
    """The numeric ``host``, an IPv4 address in IPv6's clothes (``::ffff:192.0.2.1``, RFC 4291 section 2.5.5.2) without them."""
    rest = host.removeprefix(_MAPPED)
    return rest if "." in rest and ":" not in rest else host

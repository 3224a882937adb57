import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.io.addresses import plain


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::ffff:0:c000:201", "::ffff:0:c000:201"),  # IPv4-translated (RFC 2765), which is none of IPv4's
        ("::ffff:0:192.0.2.1", "::ffff:0:192.0.2.1"),
        ("::192.0.2.1", "::192.0.2.1"),
    ],
)
def test_only_mapped_addresses_lose_their_clothes(host: str, expected: str) -> None:
    assert plain(host) == expected


@given(st.ip_addresses())
def test_any_address_stays_one(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    ipaddress.ip_address(plain(str(address)))

import pytest

from plcd.io.allow_list import MAX_REMEMBERED, AllowList, parse_network


@pytest.mark.parametrize(
    ("networks", "host", "permitted"),
    [
        ((), "192.0.2.1", True),
        (("192.0.2.0/24",), "192.0.2.255", True),
        (("192.0.2.0/24",), "192.0.3.0", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("192.0.2.7",), "192.0.2.8", False),
        (("2001:db8::/32",), "2001:db8:1::1", True),
        (("2001:db8::/32",), "2001:db9::1", False),
        (("2001:db8::/32",), "192.0.2.1", False),
        (("192.0.2.0/24", "::1"), "::1", True),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("0.0.0.0/0",), "::1", False),
        (("::/0",), "192.0.2.1", False),
        (("::ffff:192.0.2.0/120",), "192.0.2.7", True),
        (("::ffff:192.0.2.0/120",), "192.0.3.7", False),
        (("::ffff:192.0.2.7",), "192.0.2.7", True),
        (("2001:db8::/32",), "::ffff:0:c000:207", False),
    ],
)
def test_who_is_permitted(networks: tuple[str, ...], host: str, permitted: bool) -> None:
    allowed = AllowList([parse_network(text) for text in networks])
    assert allowed.permits(host) is permitted
    assert allowed.permits(host) is permitted


@pytest.mark.parametrize(
    "text", ["", "studio", "192.0.2.1/24", "192.0.2.0/33", "300.1.1.1", "2001:db8::/129"]
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.0/24"):
        parse_network(text)


def test_a_flood_of_hosts_is_bounded() -> None:
    allowed = AllowList([parse_network("10.0.0.0/8")])
    for number in range(3 * MAX_REMEMBERED):
        assert allowed.permits(f"10.0.{number >> 8}.{number & 255}")
    assert len(allowed._known) <= MAX_REMEMBERED

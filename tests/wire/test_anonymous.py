from ipaddress import ip_address, ip_network

from plcd.wire.anonymous import MOST_V4, MOST_V6, Pseudonyms


def test_a_host_is_always_the_same_other_one() -> None:
    names = Pseudonyms()
    one, two = ip_address("203.0.113.9").packed, ip_address("10.0.0.1").packed
    six = ip_address("fe80::1").packed
    assert [str(ip_address(names.of(host))) for host in (one, two, one, six)] == [
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.1",
        "2001:db8::1",
    ]


def test_a_flood_of_hosts_is_bounded_and_stays_within_what_is_for_documentation() -> None:
    names = Pseudonyms()
    for number in range(10_000):
        v4 = ip_address(names.of(number.to_bytes(4, "big")))
        v6 = ip_address(names.of(number.to_bytes(16, "big")))
        assert v4 in ip_network("192.0.2.0/24")
        assert v6 in ip_network("2001:db8::/32")
    assert len(names._known) == MOST_V4 + MOST_V6

from hypothesis import given
from hypothesis import strategies as st

from plcd.core.reply_allowance import MOST_SAVED, NEEDED, SILENCE_NS, ReplyAllowance

PEER = ("192.0.2.1", 4464)
OTHER = ("192.0.2.2", 4464)


def heard(count: int, size: int = 100, now_ns: int = 0) -> ReplyAllowance:
    allowance = ReplyAllowance()
    for _ in range(count):
        allowance.heard(PEER, size, now_ns)
    return allowance


def test_nothing_before_three_packets() -> None:
    assert not ReplyAllowance().take(1, 0)
    assert not heard(NEEDED - 1).take(1, 0)
    assert heard(NEEDED).take(1, 0)


def test_no_more_packets_nor_bytes_than_came() -> None:
    allowance = heard(5)
    assert allowance.saved == 5
    assert [allowance.take(100, 0) for _ in range(6)] == [True] * 5 + [False]
    assert heard(5).take(500, 0)
    assert not heard(5).take(506, 0)
    longer = heard(5)
    assert [longer.take(200, 0) for _ in range(3)] == [True, True, False]


def test_nothing_two_seconds_after_the_last_packet() -> None:
    assert heard(5).take(1, SILENCE_NS)
    assert not heard(5).take(1, SILENCE_NS + 1)
    assert heard(5).alive(SILENCE_NS)
    assert not heard(5).alive(SILENCE_NS + 1)
    assert not ReplyAllowance().alive(0)
    silent = heard(5)
    silent.heard(PEER, 100, SILENCE_NS + 1)
    assert not silent.take(1, SILENCE_NS + 1)


def test_another_address_starts_from_nothing() -> None:
    allowance = heard(5)
    allowance.heard(OTHER, 100, 1)
    assert allowance.address == OTHER
    assert not allowance.take(1, 1)


def test_what_can_be_saved_up_is_bounded() -> None:
    allowance = heard(3000)
    assert sum(allowance.take(1, 0) for _ in range(3000)) == MOST_SAVED


def test_packets_that_were_lost_count_one_for_four_that_came() -> None:
    honest, liar = ReplyAllowance(), ReplyAllowance()
    for _ in range(100):
        honest.heard(PEER, 100, 0, missing=0)
    for number in range(100):
        liar.heard(PEER, 100, 0, missing=60)
        if number % 10 == 9:
            honest.heard(PEER, 100, 0, missing=2)
    assert honest.saved == 110 + 20
    assert liar.saved == 125


def test_clocks_may_differ_by_a_thousandth() -> None:
    """A peer's packets come at 1 / 1.0009 of the rate at which ours go: all go."""
    allowance = heard(10)
    sent = refused = 0
    for number in range(100_000):
        allowance.heard(PEER, 100, number)
        while sent < number * 1.0009:
            refused += not allowance.take(100, number)
            sent += 1
    assert refused == 0


def test_those_who_are_vouched_for_get_more() -> None:
    allowance = ReplyAllowance(4)
    for _ in range(5):
        allowance.heard(PEER, 100, 0)
    assert sum(allowance.take(100, 0) for _ in range(100)) == 20


@given(
    st.lists(
        st.tuples(
            st.sampled_from([PEER, OTHER, None]),
            st.integers(0, SILENCE_NS // 2),
            st.integers(1, 2000),
            st.integers(0, 70),
        ),
        max_size=200,
    )
)
def test_whatever_happens_no_address_gets_much_more_than_it_sent(
    events: list[tuple[tuple[str, int] | None, int, int, int]],
) -> None:
    """Packets and bytes, at every instant: with no loss claimed a thousandth more, with any a quarter. And nothing to whoever has
    not sent three, or not for two seconds."""
    allowance = ReplyAllowance()
    now_ns = 0
    came: dict[tuple[str, int], list[int]] = {PEER: [], OTHER: []}
    claimed = {PEER: 0, OTHER: 0}
    last = {PEER: -(10**12), OTHER: -(10**12)}
    sent: dict[tuple[str, int], list[int]] = {PEER: [], OTHER: []}
    for address, wait_ns, size, missing in events:
        now_ns += wait_ns
        if address is not None:
            allowance.heard(address, size, now_ns, missing)
            came[address].append(size)
            claimed[address] += missing
            last[address] = now_ns
        elif allowance.take(size, now_ns):
            to = allowance.address
            assert to is not None
            sent[to].append(size)
            most = 1.251 if claimed[to] else 1.001
            assert len(came[to]) >= NEEDED
            assert len(sent[to]) <= most * len(came[to])
            if not claimed[to]:
                assert sum(sent[to]) <= most * sum(came[to])
            assert now_ns - last[to] <= SILENCE_NS

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


def test_no_more_than_came_and_none_longer() -> None:
    allowance = heard(5)
    assert not allowance.take(101, 0)
    assert [allowance.take(100, 0) for _ in range(6)] == [True] * 5 + [False]


def test_nothing_two_seconds_after_the_last_packet() -> None:
    assert heard(5).take(1, SILENCE_NS)
    assert not heard(5).take(1, SILENCE_NS + 1)
    silent = heard(5)
    silent.heard(PEER, 100, SILENCE_NS + 1)
    assert not silent.take(1, SILENCE_NS + 1)


def test_another_address_starts_from_nothing() -> None:
    allowance = heard(5)
    allowance.heard(OTHER, 100, 1)
    assert allowance.address == OTHER
    assert not allowance.take(1, 1)


def test_what_can_be_saved_up_is_bounded() -> None:
    allowance = heard(1000)
    assert sum(allowance.take(1, 0) for _ in range(1000)) == MOST_SAVED


@given(
    st.lists(
        st.tuples(
            st.sampled_from([PEER, OTHER, None]), st.integers(0, SILENCE_NS // 2), st.integers(1, 2000)
        ),
        max_size=200,
    )
)
def test_whatever_happens_no_address_gets_more_than_it_sent(
    events: list[tuple[tuple[str, int] | None, int, int]],
) -> None:
    """Packets and bytes, at every instant; and nothing to whoever has not sent three, or not for two seconds."""
    allowance = ReplyAllowance()
    now_ns = 0
    came: dict[tuple[str, int], list[int]] = {PEER: [], OTHER: []}
    last = {PEER: -(10**12), OTHER: -(10**12)}
    sent: dict[tuple[str, int], list[int]] = {PEER: [], OTHER: []}
    for address, wait_ns, size in events:
        now_ns += wait_ns
        if address is not None:
            allowance.heard(address, size, now_ns)
            came[address].append(size)
            last[address] = now_ns
        elif allowance.take(size, now_ns):
            to = allowance.address
            assert to is not None
            sent[to].append(size)
            assert len(came[to]) >= NEEDED
            assert len(sent[to]) <= len(came[to])
            assert size <= came[to][-1]
            assert now_ns - last[to] <= SILENCE_NS

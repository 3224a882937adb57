from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.adaptation import (
    AHEAD_S,
    DECENT_ORDER,
    LADDER,
    LEAST_OF_PEERS,
    MARGIN,
    SEVERAL,
    SINGLES,
    Choice,
    Demand,
    Load,
    _closing,
    _extrapolating,
    _trying,
    choose,
    decide,
    describe,
    fit_s,
)
from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.predictor import Predictor

SMALL = Predictor("tapered", 512, 2048)
FAST_MACHINE = 2.6e-10
"""Seconds per pair where the constants were measured."""

demands = st.builds(
    Demand,
    rate=st.sampled_from([32_000, 44_100, 48_000]),
    channels=st.integers(1, 8),
    packet=st.integers(64, 1024),
    frame=st.sampled_from([64, 128, 256, 480, 512, 1024]),
    closes=st.booleans(),
)
networks = st.builds(
    Load,
    takes_s=st.floats(0.0, 0.006),
    predictor=st.sampled_from(
        [None, Ensemble.of("lpc:128/3584"), Ensemble.of("tapered:768/3072+lpc:64/512")]
    ),
)
budgets = st.floats(0.0, 1.0)
speeds = st.floats(1e-10, 5e-9)


def expected_s(demand: Demand, ensemble: Ensemble, ahead: bool, closed: int, pair_s: float) -> float:
    """What one loss takes: the fits or their trial, extrapolation, and closing that a guard may refuse in the end."""
    work = _trying(ensemble, demand) if ahead and len(ensemble.members) > 1 else ensemble.work
    work += _extrapolating(ensemble, demand) + (_closing(ensemble.primary.order, closed) if closed else 0)
    return work * demand.channels * pair_s


@given(demands, budgets, speeds)
def test_every_loss_is_concealed_in_time_unless_the_cheapest_is_too_slow(
    demand: Demand, budget: float, pair_s: float
) -> None:
    choice = choose(demand, budget, pair_s)
    limit = min(0.004, demand.packet / demand.rate / 2, demand.frame / demand.rate / 2)
    fallback = Ensemble((choice.fallback,))
    if choice.fallback != SINGLES[-1]:
        assert expected_s(demand, fallback, False, choice.longest, pair_s) * MARGIN <= limit * 1.001
    if len(choice.ensemble.members) > 1:
        assert expected_s(demand, choice.ensemble, True, choice.longest, pair_s) * MARGIN <= limit * 1.001
    else:
        assert choice.ensemble == fallback
    assert 0 <= choice.longest <= LONGEST_INTERPOLATION


@given(demands, budgets, speeds)
def test_no_fit_ahead_makes_the_next_frame_late_or_exceeds_the_budget(
    demand: Demand, budget: float, pair_s: float
) -> None:
    choice = choose(demand, budget, pair_s)
    if len(choice.ensemble.members) > 1:
        assert all(fit_s(one, pair_s) <= demand.frame / demand.rate / 2 for one in choice.ensemble.members)
        assert 2 * choice.ensemble.work * demand.channels * pair_s <= budget * AHEAD_S


@given(demands, budgets, speeds)
def test_what_is_chosen_comes_from_the_ladder(demand: Demand, budget: float, pair_s: float) -> None:
    choice = choose(demand, budget, pair_s)
    assert choice.ensemble in LADDER
    assert choice.auto


@given(demands, speeds, st.floats(1.0, 4.0))
def test_a_faster_machine_conceals_no_worse(demand: Demand, pair_s: float, times: float) -> None:
    """Without closing; with it, an order that is only just decent may be worth a shorter hole."""
    causal = Demand(demand.rate, demand.channels, demand.packet, demand.frame, closes=False)
    slow, fast = choose(causal, 0.4, times * pair_s), choose(causal, 0.4, pair_s)
    assert LADDER.index(fast.ensemble) <= LADDER.index(slow.ensemble)
    assert SINGLES.index(fast.fallback) <= SINGLES.index(slow.fallback)


@given(demands, networks, budgets, speeds)
def test_a_network_has_its_time_or_goes_first(
    demand: Demand, network: Load, budget: float, pair_s: float
) -> None:
    """With it a loss is concealed in time, on a decent predictor or its own; without, all is as if there were none."""
    choice = choose(replace(demand, network=network), budget, pair_s)
    alone = choose(demand, budget, pair_s)
    if not choice.network:
        assert choice == alone
        return
    left_s = min(0.004, demand.packet / demand.rate / 2, demand.frame / demand.rate / 2) - network.takes_s
    ahead = len(choice.ensemble.members) > 1
    for ensemble, made in ((choice.ensemble, ahead), (Ensemble((choice.fallback,)), False)):
        assert expected_s(demand, ensemble, made, choice.longest, pair_s) * MARGIN <= left_s * 1.001
    if demand.closes:
        assert choice.longest > min(demand.packet, LONGEST_INTERPOLATION) - 64  # in steps of 64
    if network.predictor is None:
        assert choice.fallback.order >= DECENT_ORDER
        assert LADDER.index(choice.ensemble) >= LADDER.index(alone.ensemble)
    else:
        assert choice.ensemble == network.predictor


def test_what_a_network_costs_at_common_settings() -> None:
    """On that machine, 512 samples at 44.1 kHz, nothing behind a hole used: 4 ms are shared by both."""

    def chosen(takes_ms: float, predictor: str | None = None) -> tuple[bool, str]:
        load = Load(takes_ms / 1000, Ensemble.of(predictor) if predictor else None)
        choice = choose(Demand(44_100, 1, 512, 512, closes=False, network=load), 0.4, FAST_MACHINE)
        return choice.network, f"{choice.ensemble}, else {choice.fallback}"

    assert chosen(0.0) == (True, "best, else tapered:1024/4096")
    assert chosen(1.5) == (True, "best, else tapered:1024/4096")
    assert chosen(3.0)[0]
    assert chosen(3.9) == (False, "best, else tapered:1024/4096")
    assert chosen(1.5, "lpc:128/3584") == (True, "lpc:128/3584, else lpc:128/3584")
    assert chosen(3.9, "lpc:128/3584") == (False, "best, else tapered:1024/4096")


def test_a_network_stays_beside_a_predictor_that_was_named() -> None:
    demand = Demand(44_100, 1, 512, 512, closes=False, network=Load(0.0025, Ensemble.of("lpc:128/3584")))
    one = decide(Ensemble.of("tapered:1536/6144"), demand, 0.4, FAST_MACHINE)
    assert (one.network, one.auto, str(one.ensemble)) == (True, False, "tapered:1536/6144")
    several = decide(BEST, demand, 0.4, FAST_MACHINE)
    assert (several.network, several.ensemble) == (True, BEST)
    assert DECENT_ORDER <= several.fallback.order < 1024  # there is less time for it than without


def test_at_common_settings() -> None:
    """On the machine of bench/RESULTS.md."""

    def chosen(rate: int, channels: int, packet: int) -> tuple[Ensemble, str]:
        choice = choose(Demand(rate, channels, packet, 512), 0.4, FAST_MACHINE)
        return choice.ensemble, str(choice.fallback)

    assert chosen(44_100, 1, 512) == (BEST, "tapered:1024/4096")
    assert chosen(44_100, 2, 512) == (SEVERAL[1], "tapered:768/3072")
    assert chosen(48_000, 1, 128) == (SEVERAL[1], "tapered:768/3072")
    assert chosen(48_000, 2, 128) == (SEVERAL[2], "tapered:512/2048")
    assert chosen(48_000, 1, 256) == (BEST, "tapered:1024/4096")


CHOSEN_FOR_PEERS = [
    ("tapered:512/2048", "tapered:128/512"),
    ("fast", "tapered:128/512"),
    ("tapered:256/1024", "tapered:128/512"),
    ("tapered:128/512", "tapered:128/512"),
]
"""Of 2, 3, 4 and 8."""


def test_peers_share_the_time_of_a_frame_and_the_budget() -> None:
    """What is chosen for one of several, however many lose a packet at once, and what can be closed then."""

    def chosen(peers: int) -> Choice:
        return choose(Demand(48_000, 2, 128, 128, peers=peers), 0.4, FAST_MACHINE)

    assert chosen(1).together == ()
    names = [(str(chosen(peers).ensemble), str(chosen(peers).fallback)) for peers in (2, 3, 4, 8)]
    assert names == CHOSEN_FOR_PEERS
    for peers in range(2, 33):
        choice = chosen(peers)
        assert len(choice.together) == peers
        assert list(choice.together) == sorted(choice.together, reverse=True)
        assert choice.longest_for(peers) == choice.longest == choice.together[-1]
        assert choice.longest_for(0) == choice.longest
        assert (
            2 * 1.3 * FAST_MACHINE * choice.ensemble.work <= 0.4 * 0.05
            or choice.ensemble.primary.order == LEAST_OF_PEERS
        )
    assert chosen(2).longest_for(1) >= 128  # one packet alone is closed from both sides


def test_a_network_must_be_in_time_for_all_peers() -> None:
    def chosen(peers: int) -> bool:
        demand = Demand(44_100, 1, 512, 512, closes=False, network=Load(0.0025), peers=peers)
        return choose(demand, 0.4, FAST_MACHINE).network

    assert chosen(1)
    assert chosen(2)
    assert not chosen(8)


@pytest.mark.parametrize("budget", [0.0, 0.01])
def test_without_a_budget_one_predictor_conceals_at_once(budget: float) -> None:
    assert len(choose(Demand(44_100, 1, 512, 512), budget, FAST_MACHINE).ensemble.members) == 1


def test_the_cheapest_where_nothing_fits() -> None:
    choice = choose(Demand(48_000, 64, 16, 16), 0.4, FAST_MACHINE)
    assert choice == Choice(Ensemble((SINGLES[-1],)), SINGLES[-1], longest=0)


def test_many_channels_give_up_closing_rather_than_a_decent_order() -> None:
    demand = Demand(48_000, 8, 512, 512)
    choice = choose(demand, 0.4, FAST_MACHINE)
    assert choice.fallback.order == 384
    assert choice.longest < 512


def test_what_was_named_is_taken_and_alone_it_conceals_everything() -> None:
    demand = Demand(48_000, 2, 128, 512)
    one = Ensemble.of("tapered:1536/6144")
    assert decide(one, demand, 0.4, FAST_MACHINE) == Choice(one, one.primary, auto=False)
    several = decide(BEST, demand, 0.4, FAST_MACHINE)
    assert several.ensemble == BEST
    assert several.fallback == choose(demand, 0.4, FAST_MACHINE).fallback
    assert not several.auto
    assert decide(None, demand, 0.4, FAST_MACHINE) == choose(demand, 0.4, FAST_MACHINE)


def test_one_line_says_what_and_how_long() -> None:
    several = Choice(BEST, SMALL)
    assert describe(several, 1, 4e-10) == (
        "predictor best, 4.3 ms of fits ahead of a loss; where they are missing tapered:512/2048, 0.37 ms, "
        "when a packet is lost"
    )
    assert describe(Choice(Ensemble((SMALL,)), SMALL), 2, 4e-10) == (
        "predictor tapered:512/2048, 0.73 ms, when a packet is lost"
    )

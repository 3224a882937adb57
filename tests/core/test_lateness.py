import numpy as np
import pytest

from plcd.core.lateness import CHANCE, LONGEST, RECENT, SHORTER, TOLERATED, Leads, allowed

RATE, PACKET = 48_000, 128


def noted(*leads: float) -> Leads:
    one = Leads(RATE)
    for lead in leads:
        one.note(lead, PACKET)
    return one


def test_nothing_is_known_of_nothing() -> None:
    one = Leads(RATE)
    assert one.spare() == one.lack() == one.depth() == 0.0


def test_at_first_the_latest_packet_counts_and_the_promptest_tells_the_depth() -> None:
    one = noted(500.0, 300.0, 700.0)
    assert one.spare() == 300.0
    assert one.depth() == 700.0


def test_in_the_long_run_it_is_the_quantile() -> None:
    rng = np.random.default_rng(1)
    leads = 1000.0 - rng.exponential(100.0, LONGEST)
    one = noted(*leads.tolist())
    rank = int(TOLERATED * LONGEST)
    assert one.spare() == np.partition(leads, rank)[rank]
    assert one.lack() == -one.spare()


def test_it_is_asked_anew_often_enough() -> None:
    """The quantile is not computed for every packet; it is never far from what it would be."""
    rng = np.random.default_rng(2)
    leads = np.concatenate((rng.uniform(0, 400, 6000), rng.uniform(200, 700, 6000)))
    one = Leads(RATE)
    for count, lead in enumerate(leads.tolist(), 1):
        one.note(lead, PACKET)
        if count > 5000 and count % 41 == 0:
            plain = np.sort(leads[:count])
            rank = int(TOLERATED * count)
            assert plain[max(0, rank - 1)] <= one.spare() <= plain[rank + 1]


def test_what_is_older_than_the_longest_window_is_forgotten() -> None:
    one = noted(*[-900.0] * 200, *[50.0] * LONGEST)
    assert one.spare() == one.depth() == -one.lack() == 50.0


def test_large_packets_are_remembered_for_a_time() -> None:
    one = Leads(44_100)
    for lead in [-900.0] * 200 + [50.0] * 15_600:
        one.note(lead, 512)
    assert one.spare() == 50.0


@pytest.mark.parametrize("before", [3, 500, LONGEST])
def test_a_single_stall_is_tolerated(before: int) -> None:
    """Its packets came one after the other, each a packet's time less late: one event. But not by shrinking."""
    stall = [400.0 - PACKET * late for late in range(12, 0, -1)]
    one = noted(*[400.0] * before, *stall, *[400.0] * 50)
    assert one.lack() == -400.0
    assert one.spare() == (400.0 if before == LONGEST else 400.0 - 12 * PACKET)


@pytest.mark.parametrize("gap", [0, 5, 25])
def test_lateness_that_returns_is_covered_at_once(gap: int) -> None:
    one = noted(*[400.0] * LONGEST, *([-60.0] + [400.0] * gap) * 2)
    assert one.lack() == 60.0
    assert one.spare() == -60.0


def test_so_many_are_covered_that_they_cannot_be_chance() -> None:
    """More late packets than the binomial distribution allows, and not the first that might be."""
    for window in SHORTER:
        for tolerated in (1e-4, 1e-3, 3e-3, 1e-2):
            late = np.random.default_rng(1).binomial(window, tolerated, 200_000)
            most = allowed(window, tolerated)
            assert np.mean(late > most) <= 1.1 * CHANCE
            assert most == 0 or np.mean(late > most - 1) > 0.8 * CHANCE


def test_what_is_tolerated_can_be_chosen() -> None:
    rng = np.random.default_rng(3)
    leads = rng.uniform(0, 1000, LONGEST)
    one = Leads(RATE, 0.05)
    for lead in leads.tolist():
        one.note(lead, PACKET)
    assert one.spare() == pytest.approx(50, abs=15)


def test_a_step_is_covered_at_once() -> None:
    assert noted(*[400.0] * LONGEST, -300.0, -300.0).lack() == 300.0


def test_moving_the_playout_point_moves_what_was_noted() -> None:
    one = noted(100.0, 200.0)
    one.shift(-30)
    one.note(90.0, PACKET)
    assert (one.spare(), one.depth()) == (70.0, 170.0)
    one.clear()
    assert one.spare() == 0.0


def test_the_depth_is_that_of_the_newest_packets() -> None:
    assert noted(900.0, *[100.0] * RECENT).depth() == 100.0

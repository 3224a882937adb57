import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.impairment import SWAP_MARGIN_MS, Impairment
from plcd.core.loss import Gilbert, Periodic

PERIOD_MS = 10.0
HALF = Gilbert(0.4, 0.4)
probabilities = st.sampled_from([0.0, 0.1, 0.5, 1.0])


def delays(impairment: Impairment, packets: int = 200) -> list[tuple[float, ...]]:
    return [impairment.next_delays(PERIOD_MS) for _ in range(packets)]


def order(fates: list[tuple[float, ...]]) -> list[int]:
    """Indices of the packets' copies as they leave."""
    copies = [(index * PERIOD_MS + delay, index) for index, fate in enumerate(fates) for delay in fate]
    return [index for _, index in sorted(copies)]


def test_nothing_happens_by_default() -> None:
    impairment = Impairment()
    assert delays(impairment, 5) == [(0.0,)] * 5
    assert not impairment.flags.any()


@given(st.integers(0, 99), st.sampled_from([0.0, 3.0, 50.0]), probabilities, probabilities)
def test_packets_are_conserved(seed: int, jitter_ms: float, reorder: float, duplicate: float) -> None:
    impairment = Impairment(HALF, jitter_ms=jitter_ms, reorder=reorder, duplicate=duplicate, seed=seed)
    fates = delays(impairment)
    assert [not fate for fate in fates] == impairment.flags.tolist()
    for fate in fates:
        assert len(fate) <= 2
        assert list(fate) == sorted(fate)
        assert all(0 <= delay <= PERIOD_MS + SWAP_MARGIN_MS + jitter_ms for delay in fate)


@given(st.integers(0, 99), st.sampled_from([0.0, 7.0]), probabilities, probabilities)
def test_no_effect_changes_which_packets_another_hits(
    seed: int, jitter_ms: float, reorder: float, duplicate: float
) -> None:
    every = delays(
        Impairment(HALF, jitter_ms=jitter_ms, reorder=reorder, duplicate=duplicate, seed=seed), packets=60
    )
    only_loss = delays(Impairment(HALF, seed=seed), packets=60)
    only_duplicates = delays(Impairment(duplicate=duplicate, seed=seed), packets=60)
    only_jitter = delays(Impairment(jitter_ms=jitter_ms, seed=seed), packets=60)
    only_order = delays(Impairment(reorder=reorder, seed=seed), packets=60)
    for index, fate in enumerate(every):
        assert (not fate) == (not only_loss[index])
        if not fate:
            continue
        assert len(fate) == len(only_duplicates[index])
        if only_order[index] == (0.0,):
            assert fate[0] == only_jitter[index][0]


def test_the_loss_is_the_models_for_the_same_seed() -> None:
    impairment = Impairment(HALF, jitter_ms=5, duplicate=0.5, seed=7)
    delays(impairment)
    assert np.array_equal(impairment.flags, HALF.sample(200, np.random.default_rng(7)))


def test_seeds_differ_and_repeat() -> None:
    runs = [delays(Impairment(HALF, jitter_ms=5, reorder=0.3, seed=seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_swap_changes_places_with_the_next_packet_only() -> None:
    assert order(delays(Impairment(reorder=1.0), packets=6)) == [1, 0, 3, 2, 5, 4]


@given(st.integers(0, 99), st.floats(0.0, 9.0))
def test_a_swap_is_one_under_any_jitter(seed: int, jitter_ms: float) -> None:
    # Below a period, jitter alone reorders nothing.
    impairment = Impairment(reorder=0.4, jitter_ms=jitter_ms, seed=seed)
    plain = Impairment(reorder=0.4, seed=seed)
    assert order(delays(impairment, 50)) == order(delays(plain, 50))


def test_a_swap_with_a_lost_packet_only_delays() -> None:
    fates = delays(Impairment(Periodic(2), reorder=1.0), packets=4)
    assert [len(fate) for fate in fates] == [1, 0, 1, 0]
    assert order(fates) == [0, 2]


def test_jitter_is_uniform() -> None:
    drawn = np.array([fate[0] for fate in delays(Impairment(jitter_ms=8.0), packets=4000)])
    # Each of eight bins holds 500 with a deviation of 21.
    assert np.abs(np.histogram(drawn, 8, (0.0, 8.0))[0] - 500).max() < 110


def test_flags_stay_as_they_were_when_read() -> None:
    impairment = Impairment(Periodic(2))
    delays(impairment, 3)
    early = impairment.flags
    delays(impairment, 3)
    assert early.tolist() == [False, True, False]
    assert len(impairment.flags) == 6


def test_flags_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plcd.core.impairment.MAX_FLAGS", 4)
    impairment = Impairment(Periodic(2))
    assert len(delays(impairment, 10)) == 10
    assert impairment.flags.tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"jitter_ms": -1.0}, "jitter must be 0 to 10000 ms"),
        ({"jitter_ms": float("nan")}, "jitter"),
        ({"jitter_ms": 1e9}, "jitter"),
        ({"reorder": 1.5}, "reordering must be a probability"),
        ({"duplicate": -0.1}, "duplication must be a probability"),
        ({"seed": -1}, "seed"),
    ],
)
def test_values_out_of_range(values: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Impairment(**values)  # type: ignore[arg-type]

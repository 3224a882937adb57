import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.drift import DriftLoop

RATE, PACKET = 44_100, 512
PERIOD_NS = PACKET * 1_000_000_000 // RATE


def fed(loop: DriftLoop, ppm: float, seconds: float, jitter_ms: float = 3.0, seed: int = 1) -> list[float]:
    """The levels that the loop saw, packet by packet, of leads around 1764."""
    rng = np.random.default_rng(seed)
    levels = []
    for k in range(round(seconds * RATE / PACKET)):
        jitter = rng.uniform(0, jitter_ms) * RATE / 1000
        now_ns = k * PERIOD_NS
        loop.note(1764 + k * PACKET * ppm * 1e-6 - jitter, PACKET, now_ns)
        levels.append(loop.level(now_ns))
    return levels


@pytest.mark.parametrize("ppm", [0.0, 200.0, -500.0, 3.0])
def test_it_finds_the_drift_and_the_level(ppm: float) -> None:
    loop = DriftLoop(RATE)
    levels = fed(loop, ppm, 120.0)
    assert loop.ppm == pytest.approx(ppm, abs=3.0)
    expected = (
        1764 + 120.0 * RATE * ppm * 1e-6
    )  # of the promptest packets: what jitters only makes the others late
    assert levels[-1] == pytest.approx(expected, abs=0.15 * RATE / 1000)


def test_its_noise_is_what_it_expects() -> None:
    loop = DriftLoop(RATE)
    levels = np.array(fed(loop, 0.0, 600.0)[2000:])
    assert np.std(levels) == pytest.approx(loop.noise, rel=0.5)


def test_it_is_wide_at_first() -> None:
    """After five seconds it knows 500 ppm to a tenth: jitter is 3 ms, what was drifted 2.5."""
    loop = DriftLoop(RATE)
    fed(loop, 500.0, 5.0)
    assert loop.ppm == pytest.approx(500.0, abs=50.0)


def test_queues_that_fill_are_no_drift() -> None:
    """The mean delay grows from 1 to 6 ms in a minute; some packets still come at once."""
    loop = DriftLoop(RATE)
    rng = np.random.default_rng(1)
    for k in range(round(60 * RATE / PACKET)):
        mean_ms = 1.0 + 5.0 * k * PACKET / RATE / 60
        loop.note(1764 - rng.exponential(mean_ms) * RATE / 1000, PACKET, k * PERIOD_NS)
    assert loop.ppm == pytest.approx(0.0, abs=6.0)
    assert loop.level(60 * 10**9) == pytest.approx(1764, abs=0.3 * RATE / 1000)


def test_what_was_done_on_purpose_is_no_drift() -> None:
    plain, moved = DriftLoop(RATE), DriftLoop(RATE)
    for k in range(2000):
        if k == 1000:
            moved.shift(-300)
        for loop, done in ((plain, 0), (moved, -300 if k >= 1000 else 0)):
            loop.note(1764.0 + k % 7 + done, PACKET, k * PERIOD_NS)
    assert moved.ppm == pytest.approx(plain.ppm)
    assert moved.level(2000 * PERIOD_NS) == pytest.approx(plain.level(2000 * PERIOD_NS) - 300)


def test_a_stall_is_no_drift() -> None:
    loop = DriftLoop(RATE)
    fed(loop, 0.0, 60.0)
    before = loop.level(60 * 10**9)
    for late in range(8, 0, -1):
        loop.note(1764.0 - late * PACKET, PACKET, 60 * 10**9)
    assert loop.level(60 * 10**9) == pytest.approx(before, abs=0.5 * RATE / 1000)


def test_silence_changes_nothing_but_the_time() -> None:
    loop = DriftLoop(RATE)
    fed(loop, 100.0, 60.0, jitter_ms=0.0)
    there, later = loop.level(60 * 10**9), loop.level(160 * 10**9)
    assert later - there == pytest.approx(100 * RATE * 100e-6, rel=0.05)


@given(
    st.lists(
        st.tuples(st.floats(-1e7, 1e7), st.integers(1, 65_536), st.integers(0, 10**15), st.floats(-1e6, 1e6)),
        max_size=200,
    )
)
def test_whatever_comes_it_stays_finite(course: list[tuple[float, int, int, float]]) -> None:
    loop = DriftLoop(RATE)
    for lead, packet, arrival_ns, moved in course:
        loop.note(lead, packet, arrival_ns)
        loop.shift(moved)
        assert np.isfinite([loop.ppm, loop.level(arrival_ns), loop.noise, loop.error]).all()

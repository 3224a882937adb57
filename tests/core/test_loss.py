from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plcd.core.loss import Bursts, Flags, Gilbert, LossModel, NoLoss, Periodic, TraceLoss, parse_loss

MODELS = [
    NoLoss(),
    Gilbert(0.3, 0.5),
    Periodic(3),
    Bursts(2, 5),
    TraceLoss(np.array([True, False, True])),
]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def positions(model: LossModel, packets: int) -> list[int]:
    return np.flatnonzero(model.sample(packets, rng())).tolist()


@pytest.mark.parametrize("model", MODELS)
@given(chunks=st.lists(st.integers(0, 30), max_size=8))
def test_a_stream_is_the_same_however_it_is_cut(model: LossModel, chunks: list[int]) -> None:
    stream = model.start(rng())
    drawn = [flag for size in chunks for flag in islice(stream, size)]
    assert drawn == model.sample(sum(chunks), rng()).tolist()


@pytest.mark.parametrize("model", MODELS)
def test_a_model_keeps_no_state(model: LossModel) -> None:
    assert np.array_equal(model.sample(50, rng()), model.sample(50, rng()))
    assert model.sample(50, rng()).dtype == np.bool_
    assert model.sample(0, rng()).shape == (0,)


def test_deterministic_patterns() -> None:
    assert positions(NoLoss(), 100) == []
    assert positions(Periodic(4), 12) == [3, 7, 11]
    assert positions(Periodic(1), 3) == [0, 1, 2]
    assert positions(Bursts(2, 5), 11) == [3, 4, 8, 9]
    assert positions(Bursts(3, 3), 4) == [0, 1, 2, 3]
    assert positions(TraceLoss(np.array([True, False, True])), 100) == [0, 2]


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_the_first_packet_is_never_lost_by_gilbert(seed: int, p: float, r: float) -> None:
    assert not Gilbert(p, r).sample(1, rng(seed))[0]


def test_gilbert_at_its_limits() -> None:
    assert positions(Gilbert(1, 1), 6) == [1, 3, 5]
    assert positions(Gilbert(1, 0), 4) == [1, 2, 3]
    assert positions(Gilbert(0, 1), 50) == []


def test_gilbert_has_the_loss_and_the_bursts_it_promises() -> None:
    p, r, packets = 0.079, 0.69, 200_000
    flags = Gilbert(p, r).sample(packets, rng())
    bursts = np.count_nonzero(np.diff(flags.astype(int)) == 1)
    # Five deviations of a mean over this many packets, whose correlation is 1 - p - r.
    assert flags.mean() == pytest.approx(p / (p + r), abs=0.005)
    assert flags.sum() / bursts == pytest.approx(1 / r, rel=0.03)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("none", NoLoss()),
        ("gilbert:.079,.69", Gilbert(0.079, 0.69)),
        ("gilbert: 0.5, 1", Gilbert(0.5, 1.0)),
        ("periodic:20", Periodic(20)),
        ("bursts:4,100", Bursts(4, 100)),
    ],
)
def test_specs(spec: str, expected: LossModel) -> None:
    assert parse_loss(spec) == expected


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "gilbert",
        "gilbert:",
        "gilbert:0.1",
        "gilbert:0.1,0.5,0.5",
        "gilbert:1.1,0.5",
        "gilbert:nan,0.5",
        "gilbert:a,b",
        "periodic:0",
        "periodic:2.5",
        "periodic:inf",
        "periodic:",
        "bursts:5,4",
        "bursts:0,4",
        "none:1",
        "trace:",
        "burst:1",
    ],
)
def test_unreadable_specs(spec: str) -> None:
    with pytest.raises(ValueError, match=r"cannot read the loss|probability|at least|possible"):
        parse_loss(spec, lambda _: np.zeros(0, np.bool_))


def test_a_trace_is_read_by_the_caller() -> None:
    asked = []

    def read(name: str) -> Flags:
        asked.append(name)
        return np.array([False, True])

    assert positions(parse_loss("trace:a:b.txt", read), 4) == [1]
    assert asked == ["a:b.txt"]
    with pytest.raises(ValueError, match="cannot read the loss"):
        parse_loss("trace:a.txt")

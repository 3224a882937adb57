"""Whether a network speaks: by what it made of packets that were received."""

import numpy as np
import pytest
from core_streams import RATE, SMALL, music
from hypothesis import given
from hypothesis import strategies as st

from plcd.core import gate
from plcd.core.concealer import Concealer
from plcd.core.frame import Samples
from plcd.core.gate import BEFORE, MEMORY, SELDOM, Gate, error_db
from plcd.core.hole_filler import HoleFiller
from plcd.core.linear_prediction import Real
from plcd.core.refiner import Block, Signal
from plcd.core.run_ahead import Step

PACKET = 512
RNG = np.random.default_rng(8)


def noise(count: int = 640, level: float = 0.1) -> Real:
    return level * RNG.standard_normal(count)


def test_what_is_alike_has_no_error_and_what_is_not_has_more_the_less_it_is() -> None:
    heard = noise()
    assert error_db(heard, heard, RATE) == 0.0
    errors = [error_db(heard, gain * heard, RATE) for gain in (0.99, 0.9, 0.5, 0.1)]
    assert errors == sorted(errors)
    assert errors[2] == pytest.approx(20 * np.log10(2), abs=3.0)
    # As noisy as it should be, or dull: the former is nearer, whatever the waveform says.
    assert error_db(heard, noise(), RATE) < error_db(heard, 0.1 * heard, RATE)


def test_the_waveform_decides_where_levels_are_alike() -> None:
    time = np.arange(640) / RATE
    tone, late = (np.sin(2 * np.pi * 1000 * time + phase) for phase in (0.0, 2.0))
    assert error_db(tone, tone + 0.01 * late, RATE) < error_db(tone, late, RATE)


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 192_000])
def test_bands_cover_what_is_heard_once(rate: int) -> None:
    bands = gate._bands(rate)
    hz = np.fft.rfftfreq(256, 1 / rate)
    heard = (hz >= 60) & (hz < 16_000)
    np.testing.assert_array_equal(bands.sum(axis=1), heard)
    assert bands.any(axis=0).all()


def test_silence_and_what_is_below_the_floor() -> None:
    nothing = np.zeros(640)
    assert error_db(nothing, nothing, RATE) == 0.0
    assert error_db(nothing, noise(), RATE) > 10.0
    heard = np.sin(2 * np.pi * 1000 * np.arange(640) / RATE)
    assert error_db(heard, heard + noise(level=1e-6), RATE) < 0.2


@given(
    st.integers(256, 3000), st.sampled_from([0.0, 1e-30, 1.0, 1e18]), st.sampled_from([0.0, 1e-30, 1.0, 1e18])
)
def test_it_is_finite_whatever_comes(count: int, one: float, other: float) -> None:
    rng = np.random.default_rng(count)
    value = error_db(one * rng.standard_normal(count), other * rng.standard_normal(count), RATE)
    assert 0.0 <= value < 2000.0


def test_it_is_open_until_there_is_a_record_and_as_long_as_that_is_no_worse() -> None:
    record = Gate()
    assert record.open
    record.note(3.04, 3.0)
    assert record.open
    record.note(4.0, 3.0)
    assert not record.open
    assert record.network == pytest.approx(3.52)
    for _ in range(20):
        record.note(2.5, 3.0)
    assert record.open
    assert record.trials == 22


def test_the_record_fades() -> None:
    record = Gate()
    for _ in range(100):
        record.note(10.0, 1.0)
    count = 0
    while not record.open:
        record.note(0.0, 1.0)
        count += 1
    assert 15 <= count <= 25  # 10 (7/8)^n < 1.015


def trials_of(record: Gate, errors: tuple[float, float], holes: int) -> int:
    """How many of ``holes`` holes brought a trial, each with these ``errors``."""
    count = 0
    for _ in range(holes):
        if record.due():
            record.note(*errors)
            count += 1
    return count


@pytest.mark.parametrize(("network", "trials"), [(1.0, MEMORY + 10), (1.5, MEMORY + 10), (1.02, MEMORY + 40)])
def test_it_is_tried_seldom_where_the_verdict_is_clear(network: float, trials: int) -> None:
    assert trials_of(Gate(), (network, 1.0), MEMORY + 10 * SELDOM) == trials


def test_what_is_in_doubt_again_is_tried_at_each_hole_again() -> None:
    record = Gate()
    trials_of(record, (0.9, 1.0), 100)
    trials_of(record, (1.02, 1.0), 20 * SELDOM)
    assert trials_of(record, (1.02, 1.0), 10) == 10
    assert not record.open


def test_a_trial_that_could_not_be_is_made_up_for() -> None:
    record = Gate()
    trials_of(record, (0.9, 1.0), MEMORY)
    assert [record.due() for _ in range(SELDOM + 2)] == [False] * (SELDOM - 1) + [True] * 3


class Network:
    """The prediction, ``wrong`` by so much of it."""

    name = "test"
    context, block, horizon, made, fade = 700, 512, 1024, 768, 64

    def __init__(self, wrong: float) -> None:
        self.wrong = wrong
        self.blocks: list[Block] = []

    def refuses(self, rate: int) -> str | None:
        return None

    def look(self, past: Signal) -> bool:
        return False

    def refine(self, block: Block) -> Signal | None:
        self.blocks.append(block)
        made: Signal = np.float32(1.0 - self.wrong) * (block.prediction + block.innovation)[: self.made]
        return made


def conceal(
    network: Network, packets: int = 40, patient: bool = True, size: int = PACKET
) -> tuple[Samples, HoleFiller]:
    """Every fourth packet is lost."""
    filler = HoleFiller(RATE, 1, SMALL, PACKET, network, patient=patient)
    signal = music(packets * PACKET)
    present = np.repeat(np.arange(packets) % 4 != 3, PACKET)
    parts = []
    for start in range(0, signal.shape[0], size):
        frames = min(size, signal.shape[0] - start)
        parts.append(filler.fill(signal[start : start + frames], present[start : start + frames], frames)[0])
    return np.concatenate(parts), filler


def test_a_network_that_is_right_speaks_and_one_that_is_wrong_is_withheld() -> None:
    _, good = conceal(Network(0.0))
    made = good.opener.refinements
    assert made.withheld == 0
    assert (made.shown, made.trials, made.share) == (10, MEMORY, 1.0)
    _, bad = conceal(Network(0.8))
    made = bad.opener.refinements
    assert made.shown == 1
    assert (made.withheld, made.trials) == (9, MEMORY)
    assert made.share == pytest.approx(0.1)


def test_what_is_tried_is_what_was_received_before_the_hole() -> None:
    network = Network(0.0)
    audio, filler = conceal(network, packets=8)
    lost, tried = network.blocks[:2]
    hole = 3 * PACKET
    assert filler.window == PACKET
    np.testing.assert_array_equal(lost.past[-PACKET:], audio[hole - PACKET : hole, 0])
    np.testing.assert_array_equal(tried.past, audio[hole - PACKET - 700 : hole - PACKET, 0])
    assert tried.received.all()
    assert (tried.start, tried.rate) == (0, RATE)
    expected = HoleFiller(RATE, 1, SMALL, PACKET)
    expected.fill(audio[: hole - PACKET], np.ones(hole - PACKET, np.bool_), hole - PACKET)
    guess, _ = expected.fill(audio[:PACKET], np.zeros(PACKET, np.bool_), PACKET)
    np.testing.assert_allclose((tried.prediction + tried.innovation)[:PACKET], guess[:, 0], atol=1e-5)


def test_nothing_is_tried_where_something_was_made_up() -> None:
    """A packet of 512 between two holes begins with a crossfade."""
    network = Network(0.0)
    filler = HoleFiller(RATE, 1, SMALL, PACKET, network)
    signal = music(8 * PACKET)
    present = np.repeat(np.array([1, 1, 1, 0, 1, 0, 1, 1], dtype=np.bool_), PACKET)
    filler.fill(signal, present, signal.shape[0])
    assert (filler.opener.refinements.trials, filler.opener.refinements.untried) == (1, 0)
    assert [block.start for block in network.blocks] == [0, 0, 0]


@pytest.mark.parametrize("size", [100, 512, 700, 20_480])
def test_how_the_stream_is_cut_does_not_matter(size: int) -> None:
    whole, one = conceal(Network(0.02))
    cut, other = conceal(Network(0.02), size=size)
    np.testing.assert_array_equal(whole, cut)
    assert one.opener.refinements == other.opener.refinements
    gates = one.opener.trials.gate, other.opener.trials.gate
    assert gates[0] is not None
    assert gates[1] is not None
    assert (gates[0].network, gates[0].plain) == (gates[1].network, gates[1].plain)


def test_live_a_trial_waits_for_its_time_and_for_no_longer_than_the_next_hole() -> None:
    signal = music(16 * PACKET)
    for tries in (True, False):
        network = Network(0.8)
        concealer = Concealer(RATE, predictor=SMALL, refiner=network, patient=False)
        for index in range(16):
            concealer.push(None if index % 4 == 3 else signal[index * PACKET : (index + 1) * PACKET, 0])
            while concealer.prepare():
                pass
            if index % 4 == 3:
                assert concealer._filler.next_step(lost=False, run_ahead=False) is Step.TRY
            while tries and concealer.run_ahead():
                pass
        made = concealer.refinements
        assert (made.trials, made.untried) == ((4, 0) if tries else (0, 3))
        assert made.withheld == (3 if tries else 0)


def test_a_network_without_a_result_has_no_record() -> None:
    class Silent(Network):
        def refine(self, block: Block) -> Signal | None:
            return None

    _, filler = conceal(Silent(0.0))
    assert filler.opener.trials.gate is not None
    assert filler.opener.trials.gate.open
    assert (filler.opener.refinements.trials, filler.opener.refinements.untried) == (0, 10)
    assert (
        filler.opener.refinements.shown,
        filler.opener.refinements.missed,
        filler.opener.refinements.share,
    ) == (10, 10, 0.0)


def test_the_window_is_long_enough_for_an_error() -> None:
    """Of packets of one sample, too."""
    for packet in (1, 64, 512, 700):
        filler = HoleFiller(RATE, 1, SMALL, packet, Network(0.0))
        assert filler.window + BEFORE >= 256
